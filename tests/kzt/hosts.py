# SPDX-License-Identifier: GPL-2.0-or-later
"""Pass-through on a foreign host: x86-64 guest libraries, the host's own
libraries behind them: programs.  Part of tests/hosts/run.py, which runs most of
run.py's cases, too."""
import json
import pathlib
import shutil
import subprocess

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


def cases(emu, d, report):
    """@emu: a command that ends with the emulator."""
    d = pathlib.Path(d) / 'kzt'
    d.mkdir()

    def one(name, argv, libraries):
        out = d / 'report.json'
        out.unlink(missing_ok=True)
        want = libtest.run(argv)
        try:
            got = libtest.run([*emu, '-kzt', 'on', '-kzt-report',
                               str(out), *argv])
        except subprocess.TimeoutExpired:
            report('FAIL', name, 'timeout')
            return
        used = {f['library'] for f in json.loads(out.read_text())
                ['functions'] if f['calls'] and f['library']} if out.exists() else set()
        if got == want and libraries <= used:
            report('ok', name, f'native: {" ".join(sorted(used))}')
        else:
            report('FAIL', name, f'{got}, natively {want}; native: {used}')

    one('kzt-zlib', ['/usr/bin/python3', '-c', PY_ZLIB], {'z'})
    if shutil.which('dtc') and shutil.which('fdtget'):
        (d / 'x.dts').write_text(DTS)
        subprocess.run(['dtc', '-o', d / 'x.dtb', d / 'x.dts'], check=True)
        one('kzt-fdt', [shutil.which('fdtget'), str(d / 'x.dtb'),
                        '/cpus/cpu@0', 'name2'], {'fdt'})
    else:
        report('SKIP', 'kzt-fdt', 'dtc and fdtget are not installed')
