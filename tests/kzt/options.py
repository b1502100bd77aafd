# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of pass-through, their messages, logs and reports."""
import json
import os
import pathlib
import re
import signal
import subprocess

PROGRAM = '''
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <zlib.h>
int main(int argc, char **argv)
{
    unsigned char out[200];
    uLongf n = sizeof(out);

    int status = compress(out, &n, (void *)"aaaaaaaaaaaaaa", 14);

    printf("%d %lx\\n", status, crc32(0, out, n));
    fflush(stdout);
    if (argc > 1 && !strcmp(argv[1], "fork")) {
        if (!fork()) {
            crc32(0, out, n);
            exit(3);
        }
        wait(&status);
        return status >> 8;
    }
    if (argc > 1 && !strcmp(argv[1], "exec")) {
        return execl(argv[0], argv[0], NULL);
    }
    if (argc > 2 && !strcmp(argv[1], "signal")) {
        raise(atoi(argv[2]));
    }
    return 0;
}
'''
REPLACE = '''
#include <zlib.h>
uLong crc32(uLong c, const Bytef *b, uInt n) { return 0x1234; }
'''


class Options:
    def __init__(self, emu, d):
        self.emu, self.d = emu, d
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith('QEMU_')}
        self.build('prog', PROGRAM, '-lz')
        self.build('now', PROGRAM, '-lz', '-Wl,-z,now')
        self.build('replace.so', REPLACE, '-shared', '-fPIC')
        self.build('static', 'int main(void) { return 0; }', '-static')
        self.want = self.native('./prog')

    def build(self, name, text, *flags):
        src = self.d / f'{name}.c'
        src.write_text(text)
        subprocess.run(['gcc', '-O1', '-w', '-o', self.d / name, src, *flags],
                       check=True)

    def native(self, *cmd):
        return subprocess.run(cmd, cwd=self.d, env=self.env, check=True,
                              capture_output=True, text=True).stdout

    def run(self, *args, **env):
        return subprocess.run([self.emu, *args], cwd=self.d, text=True,
                              env={**self.env, **env}, capture_output=True,
                              timeout=60, check=False)

    def good(self, *args, want=None, status=0, **env):
        p = self.run(*args, **env)
        assert p.returncode == status, (p.returncode, p.stderr[-500:])
        assert p.stdout == (self.want if want is None else want), p.stdout
        return p.stderr

    def report(self, *args, **kw):
        f = self.d / 'report.json'
        f.unlink(missing_ok=True)
        self.good('-kzt-report', str(f), *args, **kw)
        return json.loads(f.read_text())

    def refused(self, text, *args):
        p = self.run(*args, './prog')
        assert p.returncode == 1 and p.stderr.count('\n') == 1, p.stderr
        assert text in p.stderr, p.stderr

    # The cases.

    def listing(self):
        p = self.run('-kzt', 'list')
        rows = [line.split() for line in p.stdout.splitlines()]
        assert p.returncode == 0 and rows[0][0] == 'Library', p.stdout
        z = next(r for r in rows if r[0] == 'z')
        assert z[1] == 'stable' and z[4] == 'libz.so.1', z

    def messages(self):
        self.refused("no library 'nonsense'", '-kzt', 'nonsense')
        self.refused("no library 'nonsense'", '-kzt', 'all,-nonsense')
        self.refused('slot, entry and auto', '-kzt', 'method=fast')

    def modes(self):
        for arg in ('off', 'on', 'shadow', 'all', 'z', '-z', 'all,-z',
                    '+experimental', 'method=slot', 'on,method=entry',
                    'on,method=auto', 'z,shadow', ''):
            self.good('-kzt', arg, './prog')
        self.good('./prog', QEMU_KZT='on')
        self.good('./prog', QEMU_KZT='off')

    def selection(self):
        def used(arg):
            return self.report('-kzt', arg, './prog')['calls'] > 0
        assert used('on') and used('z') and used('all')
        assert not used('all,-z') and not used('-z')
        assert not used('kzttest') and used('kzttest,z')
        assert not used('shadow')
        assert used('-z,+z')

    def cumulative(self):
        r = self.report('-kzt', 'method=slot', '-kzt', 'on', './now')
        assert r['method'] == 'slot' and r['calls'], r
        r = self.report('-kzt', 'off', '-kzt', 'on', './now')
        assert r['calls'], r

    def log(self):
        err = self.good('-kzt', 'on', '-d', 'kzt', './now')
        lines = [x for x in err.splitlines() if ' crc32 ' in x]
        assert any('guest-owner-target' in x and '-> entry' in x
                   for x in lines), err
        err = self.good('-kzt', 'on,method=slot', '-d', 'kzt', './now')
        assert any('-> slot' in x for x in err.splitlines()), err
        err = self.good('-kzt', 'shadow', '-d', 'kzt', './now')
        assert 'guest-owner-target' in err, err

    def lazy(self):
        """Late binding: the slot is written once the guest has bound it."""
        err = self.good('-kzt', 'on,method=slot', '-d', 'kzt', './prog')
        assert 'self-plt' in err, err
        assert any(' crc32 ' in x and '-> slot' in x
                   for x in err.splitlines()), err

    def reports(self):
        for way, method in (('on', 'entry'), ('on,method=slot', 'slot')):
            r = self.report('-kzt', way, './now')
            fns = {f['name']: f for f in r['functions'] if f['calls']}
            assert fns['crc32']['calls'] == 1, fns
            assert fns['compress']['method'] == method, fns
            assert r['status'] == 0 and r['program'].endswith('/now')
            z = [x for x in r['libraries'] if x['name'] == 'z']
            assert z and z[0]['verdict'] == 'guest-owner-target'
            assert r['decisions_by_library']['z']['guest-owner-target'] >= 2
            assert any(o['library'] == 'z' for o in r['objects'])

    def report_variable(self):
        f = self.d / 'variable.json'
        self.good('-kzt', 'on', './prog', QEMU_KZT_REPORT=str(f))
        assert json.loads(f.read_text())['calls'] == 2

    def report_of_children(self):
        r = self.report('-kzt', 'on', './prog', 'fork', status=3)
        assert r['status'] == 3 and r['calls'] == 2, r
        self.good('-kzt', 'on', '-kzt-report', 'r-%d.json', './prog', 'fork',
                  status=3)
        reports = [json.loads(f.read_text())
                   for f in self.d.glob('r-*.json')]
        assert len(reports) == 2 and {x['pid'] for x in reports} == \
            {int(f.name[2:-5]) for f in self.d.glob('r-*.json')}
        r = self.report('-kzt', 'on', './prog', 'exec', want=2 * self.want)
        assert r['calls'] == 2, r

    def report_after_signal(self):
        for sig in (signal.SIGABRT, signal.SIGTERM, signal.SIGKILL):
            f = self.d / f'{sig.name}.json'
            self.good('-kzt', 'on', '-kzt-report', str(f), './prog', 'signal',
                      str(int(sig)), status=-sig)
            if sig == signal.SIGKILL:
                assert not f.read_text()
            else:
                assert json.loads(f.read_text())['status'] == 128 + sig

    def report_unwritable(self):
        self.refused('cannot write the report', '-kzt', 'on', '-kzt-report',
                     '/no/such/file')

    def interposed(self):
        """A preloaded function stays what the guest's loader made it."""
        p = str(self.d / 'replace.so')
        want = subprocess.run(['./prog'], cwd=self.d, check=True, text=True,
                              capture_output=True,
                              env={**self.env, 'LD_PRELOAD': p}).stdout
        assert '1234' in want
        for way in ('on', 'on,method=slot', 'on,method=entry'):
            self.good('-E', f'LD_PRELOAD={p}', '-kzt', way, './prog',
                      want=want)
        r = self.report('-E', f'LD_PRELOAD={p}', '-kzt', 'on', './prog',
                        want=want)
        z = next(x for x in r['libraries'] if x['name'] == 'z')
        assert z['verdict'] == 'interposed', z
        assert 'replace.so replaces crc32' in z['detail'], z

    def check(self):
        p = self.run('-kzt-check', './prog')
        assert p.returncode == 0 and 'goes native' in p.stdout, p.stdout
        assert 'imports that go native: 2' in p.stdout, p.stdout
        assert self.want not in p.stdout, 'the program ran'
        p = self.run('-kzt', '-z', '-kzt-check', './prog')
        assert 'reason: disabled' in p.stdout, p.stdout
        assert 'remedy:' in p.stdout, p.stdout
        p = self.run('-kzt-check', './static')
        assert p.returncode == 0 and 'statically' in p.stdout, p.stdout
        p = self.run('-kzt-check', '/bin/true')
        assert 'no described library' in p.stdout, p.stdout

    def check_missing(self):
        """A library of the program is not there."""
        self.build('libgone.so', 'int gone(void) { return 0; }', '-shared')
        self.build('needs', 'int gone(void); int main(void) '
                   '{ return gone(); }', f'-L{self.d}', '-l:libgone.so')
        (self.d / 'libgone.so').unlink()
        p = self.run('-kzt-check', './needs')
        assert p.returncode == 127 and 'could not load' in p.stdout, p
        assert 'libgone.so' in p.stderr, p.stderr

    def start_cost(self):
        """CPU time of pass-through in a program with 20 libraries: at most a
        millisecond before its first instruction, and little at the first call
        of a described one.  The least of several runs."""
        libs = []
        for i in range(20):
            text = ''.join(f'int f{i}_{k}(const char *s) {{ return strlen(s)'
                           f' + getenv(s)[{k}]; }}\n' for k in range(30))
            self.build(f'libcost{i}.so', '#include <stdlib.h>\n'
                       '#include <string.h>\n' + text, '-shared', '-fPIC')
            libs.append(f'./libcost{i}.so')
        self.build('cost', PROGRAM + ''.join(
            f'int f{i}_0(const char *s); int u{i}(void) {{ return '
            f'f{i}_0(""); }}\n' for i in range(20)),
                   *(str(self.d / x) for x in libs), '-Wl,-rpath,$ORIGIN',
                   '-Wl,--no-as-needed', '-lz')
        start, first = [], []
        for _ in range(7):
            err = self.good('-kzt', 'on', '-d', 'stats', './cost')
            m = re.search(r'; ([\d.]+) us before the program', err)
            start.append(float(m.group(1)))
            m = re.search(r'called first, ([\d.]+) us', err)
            first.append(float(m.group(1)))
        print(f'     20 libraries: {min(start):.0f} us at start, '
              f'{min(first):.0f} us at first calls')
        assert min(start) < 1000 and min(first) < 1000, (start, first)

    def no_host_library(self):
        """The guest has a library that the host has not."""
        p = self.run('-kzt', 'list')
        assert 'kzttest' in p.stdout
        (self.d / 'guest').mkdir(exist_ok=True)
        self.build('guest/libkzttest.so.1', 'int kt_i32(int v) '
                   '{ return v - 1; }', '-shared', '-fPIC',
                   '-Wl,-soname,libkzttest.so.1')
        self.build('kt', 'int printf(const char *, ...); int kt_i32(int); '
                   'int main(void) { printf("%d\\n", kt_i32(3)); }',
                   str(self.d / 'guest/libkzttest.so.1'))
        rpath = str(self.d / 'guest')
        r = self.report('-kzt', 'kzttest', '-E', f'LD_LIBRARY_PATH={rpath}',
                        './kt', want='2\n')
        assert r['libraries'][0]['verdict'] == 'no-native-library', r
        assert 'libkzttest.so.1' in r['libraries'][0]['detail'], r


def cases(emu, hostlibs, d, check):
    """check(name, function) runs one case."""
    o = Options(emu, pathlib.Path(d))
    for name in ('listing', 'messages', 'modes', 'selection', 'cumulative',
                 'log', 'lazy', 'reports', 'report_variable',
                 'report_of_children', 'report_after_signal',
                 'report_unwritable', 'interposed', 'check', 'check_missing',
                 'no_host_library', 'start_cost'):
        check(f'options-{name}', getattr(o, name))
