# SPDX-License-Identifier: GPL-2.0-or-later
"""Pass-through on a foreign host: x86-64 guest libraries, the host's own
libraries behind them.  Part of tests/hosts/run.py."""
import json
import pathlib
import shutil
import subprocess

import dl
import libtest

PY_ZLIB = '''
import zlib
d = b"".join(b"line %d of text\\n" % (i * i) for i in range(9000))
for level in (1, 6, 9):
    c = zlib.compress(d, level)
    print(level, len(c), zlib.crc32(c), zlib.adler32(d),
          zlib.decompress(c) == d)
'''
DTS = '/dts-v1/; / { cpus { cpu@0 { reg = <7>; name2 = "x", "y"; }; }; };'


def cases(emu, prefix, d, report):
    """@emu: a command that ends with the emulator; @prefix: of the host's
    compiler."""
    d = pathlib.Path(d) / 'kzt'
    (d / 'host').mkdir(parents=True)
    subprocess.run([prefix + 'gcc', '-O1', '-w', '-shared', '-fPIC',
                    '-pthread', '-Wl,-soname,libkzttest.so.1', '-o',
                    d / 'host' / 'libkzttest.so.1',
                    libtest.HERE / 'libkzttest.c'], check=True)
    prog = libtest.build(d)
    # the emulator's own loader has to find the host's copy
    with_lib = [emu[0], '-E', f'LD_LIBRARY_PATH={d / "host"}', *emu[1:],
                '-E', 'LD_LIBRARY_PATH=']

    def one(name, argv, libraries, how='on', run=emu, **kw):
        out = d / 'report.json'
        out.unlink(missing_ok=True)
        want = libtest.run(argv, **kw)
        try:
            got = libtest.run([*run, '-kzt', how, '-kzt-report', str(out),
                               *argv], **kw)
        except subprocess.TimeoutExpired:
            report('FAIL', name, 'timeout')
            return
        used = {f['library'] for f in json.loads(out.read_text())
                ['functions'] if f['calls'] and f['library']} if out.exists() else set()
        if got == want and libraries <= used:
            report('ok', name, f'native: {" ".join(sorted(used))}')
        else:
            report('FAIL', name, f'{got}, natively {want}; native: {used}')

    for way in 'on', 'slot':
        one(f'kzt-lib-{way}', [str(prog)], {'kzttest'}, libtest.WAYS[way],
            with_lib)
    # The dl API; in full on the build machine (dl.py).
    dl_dir = d / 'dl'
    dl_dir.mkdir()
    suite = dl.Suite(with_lib[:-2], d / 'host', dl.build(dl_dir))
    for row in dl.ROWS:
        for way in ('on', 'slot') if row in ('sym', 'info') else ('on',):
            try:
                suite.row('pie', row, way)
                report('ok', f'kzt-dl-{row}-{way}', '')
            except (AssertionError, subprocess.TimeoutExpired) as e:
                report('FAIL', f'kzt-dl-{row}-{way}', str(e))
    one('kzt-zlib', ['/usr/bin/python3', '-c', PY_ZLIB], {'z'})
    if shutil.which('dtc') and shutil.which('fdtget'):
        (d / 'x.dts').write_text(DTS)
        subprocess.run(['dtc', '-o', d / 'x.dtb', d / 'x.dts'], check=True)
        one('kzt-fdt', [shutil.which('fdtget'), str(d / 'x.dtb'),
                        '/cpus/cpu@0', 'name2'], {'fdt'})
    else:
        report('SKIP', 'kzt-fdt', 'dtc and fdtget are not installed')
