# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions go native: guest libraries that pretend to be libkzttest.

Their kt_i32() answers with another number than the host's, so the output of a
program tells which one ran.
"""
import os
import pathlib
import subprocess

WAYS = {'on': 'kzttest', 'slot': 'kzttest,method=slot',
        'entry': 'kzttest,method=entry'}
NATIVE, EMULATED = 4, 1005          # kt_i32(5)

LIBRARY = {
    'plain': '''
int kt_i32(int v) { return v + 1000; }
double kt_f64(double a, double b) { return 1; }
int kt_unknown(void) { return 1; }
int kt_data = 3;
void kt_nothing(void) { }
''',
    'ifunc': '''
static int generic(int v) { return v + 1000; }
static int other(int v) { return v + 2000; }
static int (*choose(void))(int) { return choose ? generic : other; }
int kt_i32(int v) __attribute__((ifunc("choose")));
double kt_f64(double a, double b) { return 1; }
''',
    'shared': '''
int kt_i32(int v) { return v + 1000; }
double kt_f64(double a, double b) __attribute__((alias("kt_i32")));
''',
    'alias': '''
int kt_i32(int v) { return v + 1000; }
int same_as_kt_i32(int v) __attribute__((alias("kt_i32")));
''',
    'versions': '''
int old(int v) { return v + 1000; }
int new(int v) { return v + 1000; }
__asm__(".symver old, kt_i32@KT_1\\n.symver new, kt_i32@@KT_2");
double kt_f64(double a, double b) { return 1; }
''',
    'inside': '''
int kt_i32(int v) { return v + 1000; }
int kt_unknown(void) { return kt_i32(5); }
''',
}

HEAD = '''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
int kt_i32(int v);
double kt_f64(double a, double b);
void kt_nothing(void);
int kt_unknown(void);
int same_as_kt_i32(int v);
extern int kt_data;
'''
PROGRAM = {
    'call': 'int main(void) { printf("%d\\n", kt_i32(5)); }',
    'twice': 'int main(void) { kt_i32(1); kt_i32(2);'
             ' printf("%d\\n", kt_i32(5)); }',
    'pointer': 'int (*p)(int) = kt_i32; int main(void)'
               ' { printf("%d\\n", p(5)); }',
    'dlsym': 'int main(void) { int (*p)(int) = dlsym(RTLD_DEFAULT, "kt_i32");'
             ' printf("%d\\n", p(5)); if (!p) kt_f64(1, 2); }',
    'identity': 'int main(void) { int (*p)(int) = dlsym(RTLD_DEFAULT,'
                ' "kt_i32"); int (*volatile q)(int) = kt_i32;'
                ' printf("%d\\n", p == q ? kt_i32(5) : -1); }',
    'constructor': 'static int r; __attribute__((constructor)) void c(void)'
                   ' { r = kt_i32(5); } int main(void)'
                   ' { printf("%d\\n", r); }',
    'unknown': 'int main(int argc, char **argv) { printf("%d\\n", kt_i32(5));'
               ' return argc > 9 ? kt_unknown() : 0; }',
    'variable': 'int main(void) { printf("%d\\n", kt_i32(5));'
                ' return kt_data != 3; }',
    'harmless': 'int main(void) { kt_nothing();'
                ' printf("%d\\n", kt_i32(5)); }',
    'alias': 'int main(void) { printf("%d\\n", same_as_kt_i32(5));'
             ' return 0; }',
    'inside': 'int main(void) { kt_i32(1); printf("%d\\n", kt_i32(5)); }',
    # a library that comes later and needs what cannot be native
    'early': 'int main(void) { dlopen("./later.so", RTLD_NOW);'
             ' printf("%d\\n", kt_i32(5)); }',
    'late': 'int main(void) { int r = kt_i32(5); dlopen("./later.so",'
            ' RTLD_NOW); printf("%d %d\\n", r, kt_i32(5)); }',
    # the words of the GOT stay sealed
    'sealed': 'int main(void) { char line[400]; int writable = 0; FILE *f ='
              ' fopen("/proc/self/maps", "r"); kt_i32(1);'
              ' while (fgets(line, sizeof(line), f)) { if (strstr(line,'
              ' "/sealed-now") && strstr(line, "rw-p")) writable++; }'
              ' printf("%d\\n", writable <= 1 ? kt_i32(5) : -1); }',
    'reopen': 'int main(void) { for (int i = 0; i < 20; i++) {'
              ' void *h = dlopen("./libkzttest.so.1", RTLD_NOW);'
              ' int (*p)(int) = dlsym(h, "kt_i32"); if (p(5) != %d ||'
              ' dlclose(h)) return 1; } printf("%d\\n", 5); }',
}
LINKS = {'lazy': ['-Wl,-z,lazy'], 'now': ['-Wl,-z,now'],
         'nopie': ['-no-pie', '-fno-pie', '-Wl,-z,lazy'],
         'noplt': ['-fno-plt']}

# library, program, what is printed natively in each way (default: NATIVE)
CASES = [
    ('plain', 'call', {}), ('plain', 'twice', {}), ('plain', 'pointer', {}),
    ('plain', 'dlsym', {}), ('plain', 'identity', {}),
    ('plain', 'constructor', {}), ('plain', 'harmless', {}),
    ('plain', 'sealed', {}),
    ('plain', 'unknown', dict.fromkeys(WAYS, EMULATED)),
    ('plain', 'variable', dict.fromkeys(WAYS, EMULATED)),
    ('plain', 'early', dict.fromkeys(WAYS, EMULATED)),
    ('plain', 'late', dict.fromkeys(WAYS, '4 4')),
    ('ifunc', 'call', {}), ('ifunc', 'twice', {}), ('ifunc', 'pointer', {}),
    ('ifunc', 'dlsym', {}),
    ('alias', 'alias', {}), ('versions', 'call', {}),
    ('versions', 'twice', {}),
    ('inside', 'inside', {}),
    ('shared', 'twice', {'entry': EMULATED}),
]


class Planning:
    def __init__(self, emu, hostlibs, d):
        self.emu, self.d = emu, d
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith('QEMU_')}
        self.env['LD_LIBRARY_PATH'] = hostlibs
        self.map = d / 'v.map'
        self.map.write_text('KT_1 { }; KT_2 { } KT_1;\n')

    def cc(self, out, text, *flags):
        src = self.d / 'src.c'
        src.write_text(text)
        subprocess.run(['gcc', '-O1', '-w', '-o', out, src, *flags],
                       check=True, cwd=self.d)

    def library(self, name):
        """The folder of one pretender."""
        lib = self.d / name
        if not lib.exists():
            lib.mkdir()
            more = [f'-Wl,--version-script={self.map}'] \
                if name == 'versions' else []
            self.cc(lib / 'libkzttest.so.1', LIBRARY[name], '-shared',
                    '-fPIC', '-Wl,-soname,libkzttest.so.1', *more)
            if name == 'plain':
                self.cc(lib / 'later.so', 'int kt_unknown(void); '
                        'int later(void) { return kt_unknown(); }',
                        '-shared', '-fPIC', './plain/libkzttest.so.1')
        return lib

    def run(self, library, program, link, way):
        lib = self.library(library)
        exe = lib / f'{program}-{link}'
        if not exe.exists():
            libs = [] if program == 'reopen' else \
                [f'./{library}/libkzttest.so.1', '-Wl,-rpath,$ORIGIN']
            self.cc(exe, HEAD + PROGRAM[program], *LINKS[link], *libs)
        p = subprocess.run([self.emu, '-U', 'LD_LIBRARY_PATH', '-kzt', way,
                            '-d', 'kzt', exe], cwd=lib, env=self.env,
                           capture_output=True, text=True, timeout=60,
                           check=False)
        return p

    def case(self, library, program, link, way, want):
        p = self.run(library, program, link, WAYS.get(way, way))
        assert p.returncode == 0 and p.stdout == f'{want}\n', \
            f'status {p.returncode}, expected {want}, got {p.stdout!r}\n' + \
            '\n'.join(x for x in p.stderr.splitlines() if 'kt' in x)[-1500:]
        return p.stderr

    def late(self):
        log = self.case('plain', 'late', 'now', 'on', '4 4')
        assert 'stays native although' in log, log[-800:]

    def reasons(self):
        for program, reason in (('unknown', 'kt_unknown: no-prototype'),
                                ('variable', 'kt_data')):
            log = self.case('plain', program, 'now', 'on', EMULATED)
            assert f'mixed-state: ' in log and reason in log, log[-800:]
        log = self.case('shared', 'twice', 'now', 'entry', EMULATED)
        assert 'ambiguous' in log, log[-800:]


def cases(emu, hostlibs, d, check):
    """check(name, function) runs one case."""
    p = Planning(emu, hostlibs, pathlib.Path(d))
    for library, program, wants in CASES:
        for link in LINKS:
            if (program == 'sealed' and link != 'now') or \
                    (library == 'shared' and link == 'noplt') or \
                    (link in ('nopie', 'noplt') and
                     program not in ('call', 'pointer', 'identity',
                                     'unknown', 'variable')):
                continue
            for way in WAYS:
                want = wants.get(way, NATIVE)
                check(f'plan-{library}-{program}-{link}-{way}',
                      lambda: p.case(library, program, link, way, want))
        for way in ('off', 'shadow'):
            want = '1005 1005' if program == 'late' else EMULATED
            if program == 'sealed':
                continue
            check(f'plan-{library}-{program}-{way}',
                  lambda: p.case(library, program, 'lazy', way + ',kzttest'
                                 if way == 'shadow' else way, want))
    # Functions that share an entry cannot go native by pointer.
    for way in WAYS:
        check(f'plan-shared-pointer-{way}', lambda: p.case(
            'shared', 'pointer', 'noplt', way, EMULATED))
    check('plan-late', p.late)
    check('plan-reasons', p.reasons)
