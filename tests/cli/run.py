#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: options, messages, exit statuses, binfmt_misc."""
import argparse
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import binfmt  # noqa: F401 (its cases)
from case import ROOT, TESTS, Ctx, Skip, expect, test

SEGV = 'qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n'


@test
def no_program(c):
    expect(c.run(), 1, '', 'qemu: no user program specified\n')


@test
def unknown_option(c):
    expect(c.run('-foo', '/bin/true'), 1, '',
           "qemu: unknown option 'foo'\n")
    expect(c.run('--foo', '/bin/true'), 1, '',
           "qemu: unknown option 'foo'\n")


@test
def missing_argument(c):
    expect(c.run('-cpu'), 1, '',
           "qemu: missing argument for option 'cpu'\n")


@test
def missing_file(c):
    expect(c.run('/nonexistent/x'), 1, '',
           'Error while loading /nonexistent/x: No such file or directory\n')
    expect(c.run('true'), 1, '',
           'Error while loading true: No such file or directory\n')


@test
def not_elf(c):
    for name, data in (('empty', b''), ('text', b'hello\n'),
                       ('short', b'\x7fEL')):
        f = c.work / name
        f.write_bytes(data)
        f.chmod(0o755)
        expect(c.run(f), 1, '',
               f'Error while loading {f}: Exec format error\n')


@test
def not_executable(c):
    f = c.work / 'noexec'
    shutil.copy('/bin/true', f)
    f.chmod(0o644)
    expect(c.run(f), 1, '', f'Error while loading {f}: Permission denied\n')
    expect(c.run(c.work), 1, '',
           f'Error while loading {c.work}: Permission denied\n')


@test
def wrong_elf(c):
    good = pathlib.Path('/bin/true').read_bytes()
    for name, off, val in (('class', 4, 1), ('data', 5, 2), ('type', 16, 1),
                           ('machine', 18, 0xb7), ('phentsize', 54, 3),
                           ('phoff', 39, 0xff)):
        f = c.work / ('bad-' + name)
        f.write_bytes(good[:off] + bytes([val]) + good[off + 1:])
        f.chmod(0o755)
        p = c.run(f)
        expect(p, 255, '', err_re=rf'^qemu-x86_64: {f}: Invalid ELF image '
               r'for this architecture')
        assert p.stderr.count('\n') == 1, p.stderr


@test
def missing_interpreter(c):
    f = c.work / 'interp'
    good = pathlib.Path('/bin/true').read_bytes()
    want = b'/lib64/ld-linux-x86-64.so.2'
    assert want in good
    f.write_bytes(good.replace(want, b'/lib64/ld-linux-x86-64.so.9'))
    f.chmod(0o755)
    expect(c.run(f), 255, '',
           err_re=r"^qemu-x86_64: Could not open "
           r"'/lib64/ld-linux-x86-64.so.9': No such file or directory.*-L")
    # The way out is for a missing one only.
    p = c.run(f'./{f.name}', preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (4, 4)))
    expect(p, 255, '', "qemu-x86_64: Could not open "
           "'/lib64/ld-linux-x86-64.so.9': Too many open files\n")


@test
def damaged_interpreter(c):
    """As with QEMU: no loader is a missing file, a bad one a bad program."""
    good = pathlib.Path('/bin/true').read_bytes()
    want = b'/lib64/ld-linux-x86-64.so.2'
    f = c.work / 'prog'
    f.write_bytes(good.replace(want, b'./interp'.ljust(len(want), b'\0')))
    f.chmod(0o755)
    interp = c.work / 'interp'
    for make, why in ((lambda: interp.write_text('text'), 'Exec format error'),
                      (lambda: interp.write_text(''), 'Exec format error'),
                      (lambda: (interp.unlink(), interp.mkdir()),
                       'Is a directory')):
        make()
        expect(c.run(f), 255, '', 'qemu-x86_64: ./interp: Invalid ELF image '
               f'for this architecture ({why})\n')


@test
def unknown_cpu(c):
    expect(c.run('-cpu', 'nope', '/bin/true'), 1, '',
           "qemu-x86_64: unable to find CPU model 'nope'\n")
    for name in ('', ',', ',max'):
        expect(c.run('-cpu', name, '/bin/true'), 1, '',
               "qemu-x86_64: unable to find CPU model ''\n")
    p = c.run('-cpu', 'help')
    expect(p, 0)
    for m in ('qemu64', 'Nehalem', 'Haswell', 'max'):
        assert m in p.stdout, p.stdout


@test
def help_and_version(c):
    for opt in ('-h', '-help', '--help'):
        p = c.run(opt)
        expect(p, 0, err='')
        for word in ('-L', 'QEMU_LD_PREFIX', '-strace', 'QEMU_STRACE',
                     '-one-insn-per-tb', '-accel', '-cpu', '-0'):
            assert word in p.stdout, f'{word} is not in the usage text'
    version = (ROOT / 'VERSION').read_text().strip()
    expect(c.run('-version'), 0)
    assert version in c.run('--version').stdout
    expect(c.run('/bin/true', env={'QEMU_VERSION': '1'}), 0)
    assert version in c.run('/bin/true', env={'QEMU_VERSION': '1'}).stdout


@test
def later_options_refused(c):
    for args in (['-g', '1234'], ['-plugin', 'x'], ['-accel', 'native']):
        p = c.run(*args, '/bin/true')
        assert p.returncode == 1 and p.stderr.count('\n') == 1, \
            f'{args}: {p.returncode} {p.stderr!r}'
    p = c.run('-B', '0x10000', '/bin/true')
    assert p.returncode == 1 and 'guest_base' in p.stderr, p.stderr
    expect(c.run('-B', '0', '-R', '0x100000000', '/bin/true'), 0)
    p = c.run('/bin/true', env={'QEMU_X87': 'bad'})
    assert p.returncode == 1 and "'bad'" in p.stderr, p


@test
def debuggers_refused(c):
    """As docs/user/troubleshooting.rst says, and nothing hangs."""
    if not os.path.exists('/usr/bin/gdb'):
        raise Skip('gdb is not installed')
    p = c.run('/usr/bin/gdb', '-nx', '-batch', '-ex', 'run', '-ex',
              'print 6*7', '/bin/true')
    assert 'ptrace: Operation not permitted' in p.stderr and \
        '$1 = 42' in p.stdout, p
    p = c.run('-d', 'unimp', '/usr/bin/gdb', '-nx', '-batch', '-p',
              str(os.getpid()))
    assert 'ptrace' in p.stderr and p.returncode != -signal.SIGSEGV, p


@test
def exit_status(c):
    for n in (0, 1, 7, 255):
        expect(c.run('/bin/sh', '-c', f'exit {n}'), n, '', '')


@test
def fatal_signal(c):
    f = c.compile('segv', 'int main(int c, char **v)'
                  '{ *(volatile int *)0 = 1; return 0; }')
    expect(c.run(f), -signal.SIGSEGV, '', SEGV)
    f = c.compile('abrt', '#include <stdlib.h>\nint main(void){abort();}')
    expect(c.run(f), -signal.SIGABRT, '',
           'qemu: uncaught target signal 6 (Aborted) - core dumped\n')
    p = subprocess.run(['/bin/sh', '-c', f'"{c.emu}" ./segv; echo $?'],
                       cwd=c.work, capture_output=True, text=True)
    assert p.stdout == '139\n', p.stdout


ENVPROG = ('#include <stdio.h>\nextern char **environ;'
           'int main(int c, char **v){printf("%s\\n", v[0]);'
           'for(char **e = environ; *e; e++) puts(*e); return 0;}')


@test
def call_of_32_bits(c):
    f = c.compile('int80', 'int main(void){for (;;) asm volatile("int $0x80" '
                  ':: "a"(1), "b"(5)); }')
    p = c.run(f)
    assert p.returncode == -11, p.returncode
    said = re.findall(r'^qemu-x86_64: 32-bit system call \(int 0x80\) at 0x'
                      r'[0-9a-f]+: only 64-bit programs are supported$',
                      p.stderr, re.M)
    assert len(said) == 1, p.stderr


@test
def environment_and_argv0(c):
    f = c.compile('env', ENVPROG)
    p = c.run('-E', 'A=1,B=2', '-U', 'LC_ALL', '-0', 'zero', f)
    expect(p, 0)
    lines = p.stdout.split('\n')
    assert lines[0] == 'zero', lines
    assert 'A=1' in lines and 'B=2' in lines, lines
    assert not any(x.startswith('LC_ALL') for x in lines), lines
    p = c.run('./env', env={'QEMU_SET_ENV': 'Q=5', 'QEMU_ARGV0': 'nought'})
    assert p.stdout.split('\n')[0] == 'nought' and 'Q=5\n' in p.stdout, \
        p.stdout
    p = c.run('-0', 'cmdline', './env', env={'QEMU_ARGV0': 'variable'})
    assert p.stdout.startswith('cmdline\n'), p.stdout
    assert c.run('./env').stdout.startswith('./env\n')


@test
def double_dash_ends_options(c):
    expect(c.run('--', '/bin/echo', '-L'), 0, '-L\n', '')
    expect(c.run('/bin/echo', '-cpu', '-h'), 0, '-cpu -h\n', '')


@test
def uname_release(c):
    expect(c.run('-r', '9.8.7', '/bin/uname', '-r'), 0, '9.8.7\n')
    expect(c.run('/bin/uname', '-r', env={'QEMU_UNAME': '3.2.1'}), 0,
           '3.2.1\n')
    expect(c.run('-r', '', '/bin/uname', '-r'), 0, f'{os.uname().release}\n')
    expect(c.run('/bin/uname', '-m'), 0, 'x86_64\n')


@test
def stack_size(c):
    f = c.compile('stack', '#include <string.h>\n'
                  'int main(void){char b[12 << 20]; memset(b, 1, sizeof(b));'
                  'return ((volatile char *)b)[5] - 1;}')
    expect(c.run('-s', '16M', f), 0)
    expect(c.run(f, env={'QEMU_STACK_SIZE': '16M'}), 0)


@test
def stack_limit(c):
    """The stack follows the limit: set before, unlimited, raised by itself."""
    f = c.compile('deep', r'''
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
static unsigned deep(unsigned n)
{
    volatile char b[4000];
    b[0] = 0;
    return n ? deep(n - 1) + b[0] : 0;
}
static void by_kernel(int fd)
{
    char big[20 << 20];
    if (read(fd, big, 1) != 1 || big[0] != 'x') {
        puts("the kernel cannot write there");
    }
}
int main(int argc, char **argv)
{
    struct rlimit lim;
    int fd[2];
    if (argc > 1) {
        getrlimit(RLIMIT_STACK, &lim);
        lim.rlim_cur = 60 << 20;
        setrlimit(RLIMIT_STACK, &lim);
    } else {
        pipe(fd);
        write(fd[1], "x", 1);
        by_kernel(fd[0]);
    }
    printf("%u\n", deep(10000));
}''', '-O0')
    for limit in '65536', 'unlimited':
        p = subprocess.run(['bash', '-c', f'ulimit -S -s {limit} && exec "$@"',
                            'bash', c.emu, f], capture_output=True,
                           text=True)
        expect(p, 0, '0\n', '')
    expect(c.run(f, 'raise'), 0, '0\n', '')
    p = c.run(f)
    assert p.returncode == -signal.SIGSEGV, p


@test
def log_items(c):
    p = c.run('-d', 'help')
    expect(p, 0)
    for item in ('in_asm', 'op_opt', 'out_asm', 'strace', 'stats', 'unimp'):
        assert item in p.stdout + p.stderr
    assert c.run('-d', 'nonsense', '/bin/true').returncode == 1
    log = c.work / 'log-%d'
    expect(c.run('-d', 'in_asm,op,op_opt,out_asm,stats', '-D', log,
                 '/bin/true'), 0, '', '')
    made = list(c.work.glob('log-*'))
    assert len(made) == 1 and re.search(r'log-\d+$', made[0].name), made
    text = made[0].read_text()
    assert 'syscall' in text and 'exit_indirect' in text, text[:300]


@test
def strace(c):
    p = c.run('-strace', '/bin/cat', '/etc/hostname')
    expect(p, 0)
    for pat in (r'^\d+ openat\(AT_FDCWD, ?"/etc/hostname", ?O_RDONLY.*\) = \d',
                r'read\(\d+,', r'exit_group\(0\)'):
        assert re.search(pat, p.stderr, re.M), f'{pat}: {p.stderr[-600:]}'
    p = c.run('-strace', '/bin/cat', '/nonexistent')
    assert re.search(r'= -1 errno=2|ENOENT', p.stderr), p.stderr[-300:]
    # A call that sleeps is shown before it is done.
    p = c.run('-strace', '/bin/sh', '-c', 'sleep 0.05; kill -9 $$')
    assert re.search(r'^(\d+) clock_nanosleep\(.* <unfinished \.\.\.>\n'
                     r'(.*\n)*\1 <\.\.\. clock_nanosleep resumed>.*\) = 0$',
                     p.stderr, re.M), p.stderr[-900:]
    assert re.search(r'^(\d+) wait4\(-1 <unfinished \.\.\.>\n(.*\n)*'
                     r'\1 <\.\.\. wait4 resumed>,\[', p.stderr, re.M)


@test
def debugging_options(c):
    for opts in (['-one-insn-per-tb'], ['-singlestep'], ['-d', 'nochain'],
                 ['-accel', 'interp'], ['-accel', 'tcg,tso=on'],
                 ['-accel', 'tcg,cold=0'], ['-accel', 'tcg,tso=on,cold=255'],
                 ['-tb-size', '2'], ['-seed', '5'], ['-p', '4096']):
        expect(c.run(*opts, '/bin/echo', 'ok'), 0, 'ok\n')


# Many places where blocks begin, each of which runs four times.
MANY_BLOCKS = r'''
asm(".globl _start\n_start: xor %%eax, %%eax\n mov $4, %%ebx\n"
    "0: .rept %d\n inc %%eax\n jmp 1f\n .p2align 4\n 1:\n .endr\n"
    "dec %%ebx\n jnz 0b\n"
    "lea -4*%d(%%rax), %%edi\n mov $60, %%eax\n syscall");
'''


@test
def cold_code_of_large_programs(c):
    for n, kept in (50000, True), (200000, False):
        c.compile('blocks', MANY_BLOCKS % (n, n), '-nostdlib', '-static')
        p = c.run('-d', 'stats', './blocks')
        assert p.returncode == 0, p
        m = re.search(r'units: (\d+),(?:.*\n)+cold code: (\d+) insns in (\d+) '
                      r'blocks .*, (\d+) decoded', p.stderr)
        units, insns, blocks, decoded = map(int, m.groups())
        assert units < n / 100 and blocks > 3.9 * n, m
        assert not kept or decoded < 1.1 * n, m


@test
def cold_code(c):
    def run(accel):
        p = c.run('-accel', accel, '-d', 'stats', '/bin/true')
        assert p.returncode == 0, p
        return [int(re.search(pat, p.stderr).group(1)) for pat in
                (r'units: \d+, (\d+) insns', r'cold code: (\d+) insns')]

    at_once, cold = run('tcg,cold=0')
    assert cold == 0 and at_once > 5000, (at_once, cold)
    later, cold = run('tcg')
    assert cold > 5000 and later < at_once / 3, (at_once, later, cold)
    for bad in ('tcg,cold=', 'tcg,cold=x', 'tcg,cold=1x', 'tcg,cold=-1'):
        p = c.run('-accel', bad, '/bin/true')
        assert p.returncode == 1 and p.stderr.count('\n') == 1, p


LARGE_PAGES = r'''
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define SHOW(what, p) printf("%s %d\n", what, (p) == MAP_FAILED ? errno : 0)
int main(int argc, char **argv)
{
    int fd = memfd_create("f", 0), rw = PROT_READ | PROT_WRITE;
    char *m = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *a = (char *)(((unsigned long)m + 0xffff) & ~0xfffful), *s;
    ftruncate(fd, 1 << 20);
    munmap(m, 1 << 20);
    if (argc > 1) {
        /* a page that mixes: read-only beside the counted one */
        a = mmap(a, 8192, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        mprotect(a + 4096, 4096, PROT_READ);
        for (int i = 0; i < 100; i++) {
            a[i]++;
            getppid();
        }
        return a[99] - 1;
    }
    SHOW("offset", mmap(a, 4096, rw, MAP_SHARED | MAP_FIXED, fd, 4096));
    SHOW("whole", s = mmap(a, 0x20000, rw, MAP_SHARED | MAP_FIXED, fd, 0));
    SHOW("beside", mmap(a + 4096, 4096, rw, MAP_PRIVATE | MAP_ANONYMOUS |
                        MAP_FIXED, -1, 0));
    SHOW("moved", mremap(s, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
                         s + 0x40000));
    SHOW("odd view", mremap(s + 0x11000, 0, 4096, MREMAP_MAYMOVE));
    SHOW("private", mmap(a + 0x80000, 4096, rw, MAP_PRIVATE | MAP_ANONYMOUS |
                         MAP_FIXED, -1, 0));
    SHOW("shared beside", mmap(a + 0x81000, 4096, rw, MAP_SHARED |
                               MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    return 0;
}
'''


@test
def large_pages_refusals(c):
    f = c.compile('large', LARGE_PAGES)
    words = ('offset', 'whole', 'beside', 'moved', 'odd view', 'private',
             'shared beside')
    expect(c.run(f), 0, ''.join(f'{w} 0\n' for w in words))
    bad = {'offset': 'a shared file mapping at this offset',
           'beside': 'a shared mapping has part of this host page',
           'moved': 'moving this mapping',
           'odd view': 'a second view of this mapping',
           'shared beside': 'a shared mapping would share this host page'}
    for size in 16384, 65536:
        p = c.run('-strace', f, env={'QEMU_HOST_PAGESIZE': str(size)})
        expect(p, 0, ''.join(f'{w} {22 if w in bad else 0}\n'
                             for w in words))
        for why in bad.values():
            line = f'# mmap: {why} on a host with {size // 1024} KiB pages\n'
            assert line in p.stderr, (line, p.stderr[-900:])


@test
def large_pages_are_counted(c):
    f = c.compile('large', LARGE_PAGES)
    env = {'QEMU_HOST_PAGESIZE': '16384', 'QEMU_STRICT_PAGES': 'on'}
    p = c.run('-d', 'stats', f, 'mix', env=env)
    expect(p, 0)
    m = re.search(r'large pages: (\d+) faults in mixed pages', p.stderr)
    assert m and int(m[1]) >= 100, p.stderr[-600:]
    p = c.run('-d', 'stats', f, 'mix')
    assert p.returncode == 0 and 'large pages' not in p.stderr


@test
def seed_is_reproducible(c):
    f = c.compile('rnd', '#include <stdio.h>\n#include <sys/auxv.h>\n'
                  'int main(void){unsigned char *r = (void *)getauxval('
                  'AT_RANDOM); for (int i = 0; i < 16; i++)'
                  'printf("%02x", r[i]); return 0;}')
    a, b = c.run('-seed', '1', f).stdout, c.run('-seed', '1', f).stdout
    assert a == b and len(a) == 32 and a != c.run('-seed', '2', f).stdout
    f = c.compile('rdrand', r'''
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void *show(void *name)
{
    unsigned long long a, b;
    while (!_rdrand64_step(&a) || !_rdseed64_step(&b)) {
    }
    printf("%s %llx %llx\n", (char *)name, a, b);
    fflush(stdout);
    return NULL;
}
int main(void)
{
    pthread_t t;
    show("main");
    pthread_create(&t, NULL, show, "thread");
    pthread_join(t, NULL);
    if (fork() == 0) {
        show("child");
        _exit(0);
    }
    wait(NULL);
    show("main");
}
''', '-mrdrnd', '-mrdseed', '-pthread')
    for accel in 'tcg', 'interp':
        a, b = (c.run('-accel', accel, '-seed', '1', f).stdout for _ in 'ab')
        words = re.findall('[0-9a-f]{9,}', a)
        assert a == b and len(words) == len(set(words)) == 8, (a, b)
        assert a != c.run('-accel', accel, '-seed', '2', f).stdout
    assert c.run(f).stdout != c.run(f).stdout


@test
def scripts(c):
    s = c.work / 'script.sh'
    s.write_text('#!/bin/sh -e\necho "$0 $1"\n')
    s.chmod(0o755)
    expect(c.run('./script.sh', 'x'), 0, './script.sh x\n')
    s2 = c.work / 'script2'
    s2.write_text('#!/nonexistent/interp\n')
    s2.chmod(0o755)
    assert c.run(s2).returncode == 1


@test
def execve_option(c):
    expect(c.run('/bin/sh', '-c', 'exec /bin/uname -m'), 0, 'x86_64\n')
    p = c.run('-execve', 'off', '/bin/sh', '-c', '/bin/echo native')
    expect(p, 0, 'native\n')


CHROOT_C = """
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int n = atoi(argv[1]), count = 0;
    char left[16];

    setbuf(stdout, NULL);
    if (argc > 2) {
        int proc = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
        DIR *d;

        if (chroot(argv[2]) || chdir("/")) {
            perror("chroot");
            return 77;
        }
        for (d = fdopendir(proc); readdir(d); ) {
            count++;
        }
        closedir(d);
        printf("%d descriptors\\n", count - 3);
    }
    printf("%d, proc %d\\n", n, access("/proc", F_OK));
    snprintf(left, sizeof(left), "%d", n - 1);
    if (n > 0) {
        execl("/prog", "prog", left, NULL);
        perror("exec");
        return 1;
    }
    return 0;
}
"""


@test
def chroot_without_proc(c):
    """Programs find the emulator again where /proc does not show it."""
    prog = c.compile('chroot-prog', CHROOT_C, '-static')
    for root in ('full', 'bare'):
        (c.work / root).mkdir()
        shutil.copy(prog, c.work / root / 'prog')
    ldd = subprocess.run(['ldd', c.emu], capture_output=True, text=True).stdout
    for lib in re.findall(r'/\S+', ldd):
        to = c.work / 'full' / lib[1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lib, to)
    p = c.run('-strace', '-D', c.work / 'chroot.log', prog, 0, 'full')
    if p.returncode == 77:
        raise Skip('needs root')
    out = '3 descriptors\n2, proc -1\n1, proc -1\n0, proc -1\n'
    expect(p, 0, '3 descriptors\n0, proc -1\n')
    expect(c.run(prog, 2, 'full'), 0, out)
    p = c.run('-strace', '-D', c.work / 'chroot.log', prog, 2, 'full')
    expect(p, 0, out, err_re='cannot open the log')
    p = c.run(prog, 2, 'bare')
    if '/' in ldd:
        expect(p, 1, err_re=r'no program can be started: .* --static')
    else:
        expect(p, 0, out)


SECCOMP_C = """
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
    struct sock_filter f[] = {
        { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
        { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_uname },
        { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 1 },
        { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
    };
    struct sock_fprog p = { 4, f };

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
    execl("/bin/uname", "uname", NULL);
    perror("exec");
    return 77;
}
"""


@test
def filters_stay_with_native_programs(c):
    prog = c.compile('seccomp-prog', SECCOMP_C)
    for options in ([], ['-execve', 'off']):
        expect(c.run(*options, prog), 1, '',
               err_re='uname: .*Operation not permitted')


@test
def loader_variables_stay_in_the_guest(c):
    """LD_* of a guest that executes another program: not for the host's
    loader when it starts the next emulator."""
    lib = c.compile('lib.so', '#include <stdio.h>\n__attribute__((constructor))'
                    'static void f(void){puts("loaded");fflush(stdout);}',
                    '-shared', '-fPIC')
    p = c.run('/bin/sh', '-c', f'LD_PRELOAD={lib} GLIBC_TUNABLES=a=b '
              '/usr/bin/env')
    expect(p, 0)
    assert p.stdout.count('loaded\n') == 1, p.stdout
    assert f'LD_PRELOAD={lib}\n' in p.stdout and 'HIDDEN' not in p.stdout
    p = c.run('/bin/sh', '-c', 'LD_TRACE_LOADED_OBJECTS=1 /bin/true')
    expect(p, 0)
    assert 'libc.so.6' in p.stdout and 'libm.so' not in p.stdout, p.stdout


@test
def auxv(c):
    f = c.compile('auxv', '#include <stdio.h>\n#include <sys/auxv.h>\n'
                  '#include <string.h>\n#include <unistd.h>\n'
                  'int main(int c, char **v){'
                  'char b[4096] = ""; readlink("/proc/self/exe", b, 4095);'
                  'printf("%s %s %ld %d %s\\n", (char *)getauxval('
                  'AT_EXECFN), (char *)getauxval(AT_PLATFORM), '
                  'getauxval(AT_PAGESZ), getauxval(AT_SYSINFO_EHDR) != 0, b);'
                  'return 0;}')
    expect(c.run('./auxv'), 0, f'./auxv x86_64 4096 1 {f.resolve()}\n')


@test
def paths_survive_chdir(c):
    """A relative directory or file is that of the start, also for the
    programs that the guest executes elsewhere."""
    (c.work / 'sys' / 'etc').mkdir(parents=True)
    (c.work / 'sys' / 'etc' / 'only-here').write_text('found\n')
    (c.work / 'sub').mkdir()
    kzt = 'not built in' not in c.run('-version').stdout
    p = c.run('-L', 'sys', '-D', 'log', '-strace',
              *(['-kzt-report', 'report'] if kzt else []), '/bin/sh', '-c',
              'cd sub; read a < /etc/only-here; echo $a; '
              'exec /bin/cat /etc/only-here')
    expect(p, 0, 'found\nfound\n')
    assert not os.listdir(c.work / 'sub'), os.listdir(c.work / 'sub')
    log = (c.work / 'log').read_text()
    assert log.count('exit_group') == 1 and '/bin/cat' in log, log[-900:]
    assert (c.work / 'report').exists() == kzt
    expect(c.run('/bin/cat', '/etc/only-here', env={'QEMU_LD_PREFIX': 'sys'}),
           0, 'found\n')


@test
def strict_pages_survive_execve(c):
    def given_up(*options, env={}):
        p = c.run('-d', 'stats', '-p', '16384', *options, '/bin/sh', '-c',
                  'exec /bin/true', env=env)
        expect(p, 0)
        return int(re.search(r'mixed pages, (\d+) pages given up',
                             p.stderr)[1])

    assert given_up() > 0
    assert given_up(env={'QEMU_STRICT_PAGES': 'on'}) == 0
    assert given_up('-strict-pages', 'on') == 0


@test
def strace_signals(c):
    """A line for each signal that is delivered, also one that ends it all."""
    f = c.compile('signals', '#include <signal.h>\n#include <unistd.h>\n'
                  'static void h(int s){}\n'
                  'int main(void){signal(SIGUSR1, h); raise(SIGUSR1);'
                  'signal(SIGSEGV, h); kill(getpid(), SIGSEGV);'
                  'kill(getpid(), SIGTERM); pause(); return 0;}')
    p = c.run('-strace', f)
    assert p.returncode == -signal.SIGTERM, p.returncode
    lines = [x for x in p.stderr.splitlines() if ' --- ' in x]
    for line, (name, code) in zip(lines, (
            ('SIGUSR1', 'SI_TKILL'), ('SIGSEGV', 'SI_USER'),
            ('SIGTERM', 'SI_USER')), strict=True):
        pid = line.split()[0]
        assert line == f'{pid} --- {name} {{si_signo={name}, si_code={code}, '\
            f'si_pid={pid}, si_uid={os.getuid()}}} ---', line
    assert 'sa_flags=SA_RESTORER|SA_RESTART}' in p.stderr, p.stderr[-900:]
    f = c.compile('fault', 'int main(void){return *(volatile int *)16;}')
    p = c.run('-strace', f)
    assert re.search(r' --- SIGSEGV \{si_signo=SIGSEGV, '
                     r'si_code=SEGV_MAPERR, si_addr=0x10\} ---\n', p.stderr)


@test
def log_thread_ids(c):
    p = c.run('-d', 'strace,cpu,tid', '/bin/true')
    ids = [x.split()[:2] for x in p.stderr.splitlines()]
    assert len({x[0] for x in ids}) == 1 and ids[0][0].isdigit(), ids[:9]
    assert ['exit_group(0)'] in [x[1:] for x in ids], ids[-9:]
    assert not any(x[1].isdigit() for x in ids), ids[-9:]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('names', nargs='*')
    args = ap.parse_args()
    count = {'ok': 0, 'FAIL': 0, 'SKIP': 0}
    for fn in TESTS:
        if args.names and fn.__name__ not in args.names:
            continue
        why = ''
        with tempfile.TemporaryDirectory(prefix='cli-') as d:
            try:
                fn(Ctx(os.path.abspath(args.emulator),
                       pathlib.Path(d).resolve()))
                verdict = 'ok'
            except Skip as e:
                verdict, why = 'SKIP', str(e)
            except Exception as e:
                verdict, why = 'FAIL', f'{type(e).__name__}: {e}'
        count[verdict] += 1
        print(f'{verdict:4} cli/{fn.__name__} {why}', flush=True)
    print(f'cli: {count["ok"]} passed, {count["FAIL"]} failed, '
          f'{count["SKIP"]} skipped')
    return 1 if count['FAIL'] else 0


if __name__ == '__main__':
    sys.exit(main())
