# SPDX-License-Identifier: GPL-2.0-or-later
"""binfmt_misc: the registration files, and the kernel as the one who starts
the emulator."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

from case import ROOT, Skip, expect, test

CONF = ROOT / 'scripts' / 'qemu-binfmt-conf.sh'
# EI_OSABI for Linux; then EI_ABIVERSION and what follows, which nobody reads.
MAGIC = b'\x03\x00kztTEST'
@test
def binfmt_files(c):
    p = subprocess.run([CONF], capture_output=True, text=True)
    if os.uname().machine == 'x86_64':
        assert p.returncode == 1 and 'itself' in p.stderr, p.stderr
    for mode in ('--debian', '--systemd'):
        d = c.work / mode.strip('-')
        subprocess.run([CONF, mode, '--exportdir', d, '--persistent', 'yes',
                        '--magic', 'XYZ1', '--qemu-path', '/opt/x'],
                       check=True)
        text = '\n'.join(f.read_text() for f in d.iterdir())
        assert '/opt/x/qemu-x86_64' in text and 'XYZ1' in text, text


def mark(exe):
    """Make it a file that the private magic of registered() matches."""
    data = bytearray(exe.read_bytes())
    data[7:16] = MAGIC
    exe.write_bytes(data)
    exe.chmod(0o755)


@contextlib.contextmanager
def registered(emu, *flags):
    proc = pathlib.Path('/proc/sys/fs/binfmt_misc')
    if os.geteuid() != 0:
        raise Skip('needs root')
    if not (proc / 'register').exists():
        subprocess.run(['mount', '-t', 'binfmt_misc', 'binfmt_misc', proc],
                       capture_output=True)
    if not (proc / 'register').exists():
        raise Skip('binfmt_misc cannot be mounted here')
    magic = r'\x7fELF\x02\x01\x01\x03\x00' + MAGIC[2:].decode()
    name = f'kzt-test-{os.getpid()}'
    subprocess.run([CONF, '--name', name, '--magic', magic, '--qemu-path',
                    os.path.dirname(emu), *flags], check=True)
    try:
        yield
    finally:
        subprocess.run([CONF, '--name', name, '--unregister'], check=True)


@test
def binfmt_kernel(c):
    """A private magic, through the kernel, with and without flag P and O."""
    f = c.compile('argv', '#include <stdio.h>\nint main(int c, char **v){'
                  'for (int i = 0; i < c; i++) puts(v[i]); return 9;}')
    mark(f)
    for flags, arg0 in (([], str(f)),
                        (['--preserve-argv0', 'yes'], 'other'),
                        (['--credential', 'yes'], str(f))):
        with registered(c.emu, *flags):
            p = subprocess.run(['other', 'a b'], executable=f, text=True,
                               capture_output=True)
        assert p.returncode == 9 and p.stdout == f'{arg0}\na b\n', \
            f'{flags}: {p.returncode} {p.stdout!r} {p.stderr!r}'


SET_UID_C = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv)
{
    printf("%d %d %d %s", getuid(), geteuid(), (int)getauxval(AT_SECURE),
           argv[0]);
    for (char **e = environ; *e; e++) {
        printf(" %s", *e);
    }
    puts("");
    fflush(stdout);
    if (argc > 2) {
        if (!strcmp(argv[2], "root") && setuid(0)) {
            return 1;
        }
        if (!strcmp(argv[2], "preload")) {
            setenv("LD_PRELOAD", argv[3], 1);
        }
        execl(argv[1], "child", argv[1], NULL);
        perror("exec");
    }
    return 0;
}
"""


@test
def binfmt_set_uid(c):
    """Who calls a set-uid program has no power over its emulator: with all
    he can think of in its environment it does what it does natively, just
    without the variables of the emulator."""
    exe = c.compile('suid', SET_UID_C)
    lib = c.compile('evil.so', '#include <unistd.h>\n__attribute__(('
                    'constructor)) static void f(void){write(1,"LIB ",4);}',
                    '-shared', '-fPIC')
    evil = c.compile('evil', '#include <unistd.h>\n'
                     'int main(){write(1,"EVIL\\n",5);}', '-static')
    (c.work / 'lib64').mkdir()
    shutil.copy(evil, c.work / 'lib64' / 'ld-linux-x86-64.so.2')
    emu = c.work / 'qemu-x86_64'
    shutil.copy(c.emu, emu)
    plain, native, marked = (c.work / n for n in ('plain', 'native', 'marked'))
    for f in plain, native, marked:
        shutil.copy(exe, f)
    mark(marked)
    for f in native, marked:
        f.chmod(0o4755)
    c.work.chmod(0o755)
    log, report = c.work / 'log', c.work / 'report'
    for f in log, report:
        f.write_text('untouched')
        f.chmod(0o600)
    handover = '9,-1,-1,0,:/x'
    env = {'PATH': '/usr/bin:/bin', 'LD_PRELOAD': str(lib),
           'QEMU_LD_PREFIX': str(c.work), 'QEMU_STRACE': '1',
           'QEMU_LOG_FILENAME': str(log), 'QEMU_KZT_REPORT': str(report),
           'QEMU_X87': 'soft', 'QEMU_HOST_FEATURES': 'none-such',
           'QEMU_LOADER_SOURCES': 'none-such', 'QEMU_TEST_WIDEN': '1',
           'QEMU_EXEC_HANDOVER': handover, 'QEMU_ARGV0': 'forged',
           'QEMU_SET_ENV': 'FORGED=1', 'QEMU_HIDDEN_LD_PRELOAD': str(lib)}
    word = '-exec-handover=' + handover

    def run(exe, argv):
        fd = os.open(evil, os.O_RDONLY)
        try:
            return subprocess.run(
                argv, executable=exe, env=env, text=True, cwd='/',
                capture_output=True, timeout=60, user=65534, group=65534,
                extra_groups=[], pass_fds=[9],
                preexec_fn=lambda: os.dup2(fd, 9))
        finally:
            os.close(fd)

    spare = os.open('/dev/null', os.O_RDONLY)
    if spare != 9:
        os.dup2(spare, 9)
        os.close(spare)
    try:
        with registered(emu):
            p = subprocess.run([native], executable=marked, text=True,
                               env={'QEMU_ARGV0': 'obeyed'},
                               capture_output=True)
            expect(p, 0, '0 0 0 obeyed QEMU_ARGV0=obeyed\n', '')
        for argv in ([], [word], [plain], [plain, 'keep'], [plain, 'root'],
                     [plain, 'preload', lib], [word, 'root']):
            want = run(native, [native, *argv])
            if not want.stdout.startswith('65534 0 1'):
                raise Skip('no set-uid programs here')
            for flags in ([], ['--preserve-argv0', 'yes']):
                with registered(emu, '--credential', 'yes', *flags):
                    p = run(marked, [native, *argv])
                out = re.sub(r' QEMU_\S*', '', want.stdout)
                assert p.stdout.replace(str(marked), str(native)) == out, \
                    f'{argv} {flags}: {p.stdout!r} {p.stderr!r}, not {out!r}'
                assert p.stderr == want.stderr, (argv, p.stderr)
    finally:
        os.close(9)
    for f in log, report:
        assert f.read_text() == 'untouched', f


BARE_EXEC_C = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int n = strtol(argv[1], NULL, 10);
    char left[16];

    printf("%d, proc %d\n", n, access("/proc", F_OK));
    fflush(stdout);
    if (n > 0 && chdir("/") == 0) {
        snprintf(left, sizeof(left), "%d", n - 1);
        execl("/prog", "prog", left, NULL);
        perror("exec");
        return 127;
    }
    return 0;
}
"""
BARE_EXEC_OUT = ''.join(f'{n}, proc -1\n' for n in (2, 1, 0))


def bare_root(c):
    """A directory to chroot to: a program and the emulator's libraries."""
    prog = c.compile('bare-prog', BARE_EXEC_C, '-static')
    root = c.work / 'root'
    (root / 'bin').mkdir(parents=True)
    shutil.copy(prog, root / 'prog')
    ldd = subprocess.run(['ldd', c.emu], capture_output=True, text=True).stdout
    for lib in re.findall(r'/\S+', ldd):
        to = root / lib[1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lib, to)
    return root


def run_in(root, argv, env={}, **kw):
    def enter():
        os.chroot(root)
        os.chdir('/bin')
    if os.geteuid() != 0:
        raise Skip('needs root')
    return subprocess.run(argv, preexec_fn=enter, text=True, env=env,
                          capture_output=True, timeout=60, **kw)


@test
def binfmt_without_proc(c):
    """Flag F in a root directory that holds neither the emulator nor /proc:
    only the kernel can start the next program."""
    root = bare_root(c)
    mark(root / 'prog')
    script = root / 'script'
    script.write_text('#!/prog 2\n')
    script.chmod(0o755)
    for flags in ([], ['--preserve-argv0', 'yes'], ['--credential', 'yes']):
        with registered(c.emu, '--persistent', 'yes', *flags):
            expect(run_in(root, ['/prog', '2']), 0, BARE_EXEC_OUT, '')
            expect(run_in(root, ['/script']), 0, BARE_EXEC_OUT, '')
            p = run_in(root, ['/prog', '0'], env={'QEMU_STRACE': '1'})
            expect(p, 0, '0, proc -1\n', err_re='exit_group')
    # Without a registration there is still the one line.
    shutil.copy(c.emu, root / 'bin' / 'emu')
    p = run_in(root, ['./nowhere', '/prog', '2'], executable='/bin/emu')
    expect(p, 127, '2, proc -1\n', err_re='no program can be started')


@test
def own_path_without_proc(c):
    """The emulator finds itself again however it was called."""
    root = bare_root(c)
    shutil.copy(c.emu, root / 'bin' / 'qemu-x86_64')
    for name in ('./qemu-x86_64', 'qemu-x86_64', '/bin/qemu-x86_64'):
        p = run_in(root, [name, '/prog', '2'], executable='/bin/qemu-x86_64')
        expect(p, 0, BARE_EXEC_OUT, '')
