# SPDX-License-Identifier: GPL-2.0-or-later
"""The layouts of everything prototypes reach, x86-64 against loongarch64."""
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GEN = ROOT / 'kzt/gen'
COMPILERS = ('/opt/loong64/bin/loongarch64-linux-gnu-gcc',
             'loongarch64-linux-gnu-gcc')
# Debian's binding is for Debian's interpreter.
PYTHON = '/usr/bin/python3'


class Skip(Exception):
    """The case cannot run here; the text says why."""


def cases(emu, hostlibs, d, check):
    cc = next((c for c in COMPILERS if shutil.which(c)), None)
    clang = subprocess.run([PYTHON, '-c', 'import clang.cindex'],
                           capture_output=True, check=False).returncode == 0

    def layouts(desc):
        if not cc or not clang:
            raise Skip('needs a loongarch64 compiler and python3-clang')
        more = ['--library', f'{hostlibs}/libkzttest.so.1'] \
            if desc.stem == 'kzttest' else []
        p = subprocess.run([PYTHON, GEN / 'abidiff.py', '--cc', cc, *more,
                            desc], capture_output=True, text=True, cwd=ROOT,
                           check=False)
        if 'file not found' in p.stderr or 'No such file' in p.stderr:
            raise Skip(f'{desc.stem}: its headers are not installed')
        assert p.returncode == 0, p.stdout + p.stderr[-800:]

    for desc in sorted((ROOT / 'kzt/libs').glob('*.desc')):
        check(f'abi-{desc.stem}', lambda desc=desc: layouts(desc))

    def finds_differences():
        """It can fail: structures that do differ, not described."""
        if not cc or not clang:
            raise Skip('needs a loongarch64 compiler and python3-clang')
        own = pathlib.Path(d) / 'kzttest.desc'
        own.write_text(''.join(
            line for line in open(ROOT / 'kzt/libs/kzttest.desc')
            if not line.startswith('differs')))
        p = subprocess.run([PYTHON, GEN / 'abidiff.py', '--cc', cc,
                            '--library', f'{hostlibs}/libkzttest.so.1', own],
                           capture_output=True, text=True, cwd=ROOT,
                           check=False)
        assert p.returncode == 1 and 'KtLong.v' in p.stdout, p.stdout

    check('abi-finds-differences', finds_differences)
