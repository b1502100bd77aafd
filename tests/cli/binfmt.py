# SPDX-License-Identifier: GPL-2.0-or-later
"""binfmt_misc: the registration files, and the kernel as the one who starts
the emulator."""
import os
import pathlib
import subprocess

from case import ROOT, Skip, test


@test
def binfmt_files(c):
    conf = ROOT / 'scripts' / 'qemu-binfmt-conf.sh'
    p = subprocess.run([conf], capture_output=True, text=True)
    if os.uname().machine == 'x86_64':
        assert p.returncode == 1 and 'itself' in p.stderr, p.stderr
    for mode in ('--debian', '--systemd'):
        d = c.work / mode.strip('-')
        subprocess.run([conf, mode, '--exportdir', d, '--persistent', 'yes',
                        '--magic', 'XYZ1', '--qemu-path', '/opt/x'],
                       check=True)
        text = '\n'.join(f.read_text() for f in d.iterdir())
        assert '/opt/x/qemu-x86_64' in text and 'XYZ1' in text, text


@test
def binfmt_kernel(c):
    """A private magic, through the kernel, with and without flag P and O."""
    proc = pathlib.Path('/proc/sys/fs/binfmt_misc')
    if os.geteuid() != 0:
        raise Skip('needs root')
    if not (proc / 'register').exists():
        subprocess.run(['mount', '-t', 'binfmt_misc', 'binfmt_misc', proc],
                       capture_output=True)
    if not (proc / 'register').exists():
        raise Skip('binfmt_misc cannot be mounted here')
    # The emulator accepts the program as it is: the magic is EI_ABIVERSION.
    f = c.compile('argv', '#include <stdio.h>\nint main(int c, char **v){'
                  'for (int i = 0; i < c; i++) puts(v[i]); return 9;}')
    data = bytearray(f.read_bytes())
    data[9:16] = b'kztTEST'
    f.write_bytes(data)
    f.chmod(0o755)
    conf = ROOT / 'scripts' / 'qemu-binfmt-conf.sh'
    magic = r'\x7fELF\x02\x01\x01' + data[7:16].decode('latin1').replace(
        '\0', r'\x00').replace('\3', r'\x03')
    name = f'kzt-test-{os.getpid()}'
    for flags, arg0 in (([], str(f)),
                        (['--preserve-argv0', 'yes'], 'other'),
                        (['--credential', 'yes'], str(f))):
        subprocess.run([conf, '--name', name, '--magic', magic, '--qemu-path',
                        os.path.dirname(c.emu), *flags], check=True)
        try:
            p = subprocess.run(['other', 'a b'], executable=f, text=True,
                               capture_output=True)
        finally:
            subprocess.run([conf, '--name', name, '--unregister'], check=True)
        assert p.returncode == 9 and p.stdout == f'{arg0}\na b\n', \
            f'{flags}: {p.returncode} {p.stdout!r} {p.stderr!r}'
