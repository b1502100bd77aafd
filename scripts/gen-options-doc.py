#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the manual page of the command line from linux-user/options.def.

usage: gen-options-doc.py options.def output.rst
"""
import ast
import pathlib
import re
import sys


def rows(text):
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    for m in re.finditer(r'OPTION\((.*?)\)\n(?=OPTION|\s*$)', text, re.S):
        fields, cur, quoted = [], '', False
        for c in m.group(1):
            if c == '"':
                quoted = not quoted
            if c == ',' and not quoted:
                fields.append(cur.strip())
                cur = ''
            else:
                cur += c
        fields.append(cur.strip())
        name, alias, env, arg, handler, default, text_ = [
            None if f == 'NULL' else
            ast.literal_eval('(' + f + ')') if f[:1] == '"' else f
            for f in fields]
        yield name, alias, env, arg, default, text_


def main():
    out = ['.. SPDX-License-Identifier: GPL-2.0-or-later', '', 'Options',
           '=======', '',
           'Every variable is applied first, in this order; the command line '
           'overrides.', '``--foo`` equals ``-foo``; ``--`` ends the options.',
           '']
    for name, alias, env, arg, default, text in rows(open(sys.argv[1]).read()):
        names = [f'``-{n}{" " + arg if arg else ""}``'
                 for n in (name, alias) if n]
        if env:
            names.append(f'``{env}``' if name else f'``{env}={arg}``')
        out += [', '.join(names), f'   {text}.' +
                (f'  Default: {default}.' if default else ''), '']
    page = pathlib.Path(sys.argv[2])
    # An unchanged page keeps its date, so that Sphinx does not read it again.
    if not page.exists() or page.read_text() != '\n'.join(out):
        page.write_text('\n'.join(out))


main()
