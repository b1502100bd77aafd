# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of every kind of linking, watched by each source alone.

What a program prints is compared with the native run; the events tell when
each object was known.
"""
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = ('', 'r_debug', 'relro', 'mmap', 'entry', 'ldso-hook')
# name, flags of the program, flags of its library
LINKS = (
    ('pie-now', ['-Wl,-z,relro,-z,now'], ['-Wl,-z,relro,-z,now']),
    ('pie-lazy', ['-Wl,-z,relro,-z,lazy'], ['-Wl,-z,relro,-z,lazy']),
    ('nopie-now', ['-no-pie', '-fno-pie', '-Wl,-z,now'], ['-Wl,-z,now']),
    ('nopie-lazy', ['-no-pie', '-fno-pie', '-Wl,-z,lazy'], ['-Wl,-z,lazy']),
    ('norelro', ['-Wl,-z,norelro,-z,lazy'], ['-Wl,-z,norelro,-z,lazy']),
    ('nopie-norelro-now', ['-no-pie', '-fno-pie', '-Wl,-z,norelro,-z,now'],
     ['-Wl,-z,norelro,-z,now']),
    ('noplt', ['-fno-plt'], ['-fno-plt']),
    ('sysv-hash', ['-Wl,--hash-style=sysv'], ['-Wl,--hash-style=sysv']),
    ('relr', ['-Wl,-z,pack-relative-relocs'],
     ['-Wl,-z,pack-relative-relocs']),
)
RELRO = (
    ('full', ['-Wl,-z,relro,-z,now']),
    ('partial', ['-Wl,-z,relro,-z,lazy']),
    ('none', ['-Wl,-z,norelro,-z,lazy']),
    ('none-now', ['-Wl,-z,norelro,-z,now']),
    ('none-init-array', ['-Wl,-z,norelro', '-nostartfiles']),
)


def native(prog, **env):
    return subprocess.run([prog], env={**os.environ, **env}, text=True,
                          capture_output=True, check=True).stdout


def build_object(d, build, cc, tag, prog_flags, lib_flags):
    sub = d / tag
    sub.mkdir()
    script = [f'-Wl,--version-script={HERE}/libobject.map'] if cc == 'gcc' \
        else []
    build(cc, f'{tag}/libobject.so', 'libobject.c', '-shared', '-fPIC',
          '-Wl,-soname,libobject.so', *script, *lib_flags)
    build(cc, f'{tag}/libpre.so', 'libobject.c', '-DPRELOAD', '-shared',
          '-fPIC')
    return build(cc, f'{tag}/object', 'object.c', *prog_flags,
                 str(sub / 'libobject.so'), '-Wl,-rpath,$ORIGIN')


def link_case(emu, Run, prog, source, options=(), **env):
    """The output is the native one and every object was told."""
    r = Run(emu, prog, sources=source,
            options=[*options, *(x for k, v in env.items()
                                 for x in ('-E', f'{k}={v}'))])
    assert r.status == 0, (r.status, r.text[-1500:])
    expected = native(prog, **env)
    assert r.out == expected, (r.out, expected)
    events = r.events()
    if source:
        assert {e[0] for e in events} == {source}, r.text[-1500:]
    assert not [e for e in events if 'rejected' in e[6]], events
    names = {pathlib.Path(e[5]).name for e in events}
    wanted = {'object', 'libobject.so'}
    if 'LD_PRELOAD' in env:
        wanted.add('libpre.so')
    # An object without sealed pages, or with none of its code in a file of
    # its own, is told by what is on the lists at that moment.
    assert wanted <= names or (source == 'relro' and 'norelro' in prog), names


def relro_case(emu, Run, prog, plugin, kind):
    """dlopen(): the bindings are told before the constructor runs."""
    r = Run(emu, prog, 'dlopen', plugin)
    assert r.status == 0, r.text[-1500:]
    opened = r.at('mark: dlopen')
    constructor = r.at('mark: constructor', opened)
    name = pathlib.Path(plugin).name
    what = 'entry relocated' if kind.startswith('none') else \
        'relro relro-start'
    at = r.at(f'loader: {what} .*{name}', opened)
    assert at < constructor, (at, constructor, r.text[-1500:])


def start_relro_case(emu, Run, prog, kind):
    """The same for a library of the program."""
    r = Run(emu, prog)
    assert r.status == 0, r.text[-1500:]
    constructor = r.at('mark: constructor')
    what = 'entry relocated' if kind.startswith('none') else \
        'relro relro-start'
    at = r.at(f'loader: {what} .*libstart-{kind}.so')
    assert at < constructor, (at, constructor, r.text[-1500:])


def static_case(emu, Run, prog, source, pie):
    r = Run(emu, prog, 'none', sources=source)
    assert r.status == 0, (r.status, r.text[-1500:])
    r.at('mark: end')
    assert not [e for e in r.events() if 'rejected' in e[6]], r.text[-1500:]
    if pie and source == 'relro':
        r.at('loader: relro relro-start .*guest-static-pie')


def static_dlopen_case(emu, Run, prog, plugin, source):
    """A static program that loads libraries: no list is known beforehand."""
    r = Run(emu, prog, 'dlopen', plugin, sources=source)
    assert r.status == 0, (r.status, r.text[-1500:])
    name = pathlib.Path(plugin).name
    at = r.at(f'loader: {source} .*{name}', r.at('mark: dlopen'))
    assert at < r.at('mark: constructor', at), r.text[-1500:]


def cases(emu, d, build, check, Run):
    links = [('gcc', *x) for x in LINKS]
    if shutil.which('musl-gcc'):
        links += [('musl-gcc', f'musl-{n}', p, l) for n, p, l in LINKS
                  if n in ('pie-now', 'nopie-now', 'norelro')]
    for cc, tag, prog_flags, lib_flags in links:
        prog = build_object(d, build, cc, tag, prog_flags, lib_flags)
        for source in SOURCES if cc == 'gcc' else ('',):
            check(f'link-{tag}-{source or "all"}',
                  lambda: link_case(emu, Run, prog, source))
        pre = str(d / tag / 'libpre.so')
        check(f'preload-{tag}',
              lambda: link_case(emu, Run, prog, '', LD_PRELOAD=pre))
        if tag == 'pie-lazy':
            for source in SOURCES[1:]:
                check(f'preload-{tag}-{source}',
                      lambda: link_case(emu, Run, prog, source,
                                        LD_PRELOAD=pre))
            check('link-bind-now-by-environment',
                  lambda: link_case(emu, Run, prog, '', LD_BIND_NOW='1'))
    guest = str(d / 'guest')
    for kind, flags in RELRO:
        plugin = build('gcc', f'libplugin-{kind}.so', 'plugin.c', '-shared',
                       '-fPIC', *flags)
        check(f'relro-{kind}-dlopen',
              lambda: relro_case(emu, Run, guest, plugin, kind))
        lib = build('gcc', f'libstart-{kind}.so', 'plugin.c', '-shared',
                    '-fPIC', f'-Wl,-soname,libstart-{kind}.so', *flags)
        prog = build('gcc', f'start-{kind}', 'guest-start.c', lib,
                     '-Wl,-rpath,$ORIGIN')
        check(f'relro-{kind}-start',
              lambda: start_relro_case(emu, Run, prog, kind))
    plugin = str(d / 'libplugin.so')
    for tag, flags in (('static', ['-static']),
                       ('static-pie', ['-static-pie', '-fPIE'])):
        prog = build('gcc', f'guest-{tag}', 'guest.c', '-Wl,--no-warnings', *flags)
        for source in SOURCES:
            check(f'{tag}-{source or "all"}',
                  lambda: static_case(emu, Run, prog, source,
                                      'pie' in tag))
        for source in ('relro', 'mmap'):
            check(f'{tag}-dlopen-{source}',
                  lambda: static_dlopen_case(emu, Run, prog, plugin, source))
