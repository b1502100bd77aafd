# SPDX-License-Identifier: GPL-2.0-or-later
"""A host without a code generator: the aarch64 build under Debian's
qemu-aarch64, whose pages are this machine's own."""
import os
import subprocess
import tempfile

import foreign

# Signals and their frames, faults, code that changes, threads, files.
PROGRAMS = ('sig-fault', 'sig-frame', 'code-modify', 'mem-futex', 'sys-file',
            'sys-poll')
NO_GENERATOR = 'no code generator for this host: use -accel interp'


def refusal(emu, report):
    """What is not there is refused in one line; what is chosen is named."""
    p = subprocess.run(emu + ['-accel', 'tcg', '/bin/true'],
                       capture_output=True, text=True)
    lines = p.stderr.splitlines()
    report('ok' if p.returncode == 1 and len(lines) == 1 and
           NO_GENERATOR in lines[0] else 'FAIL', 'aarch64/-accel tcg',
           f'status {p.returncode}: {p.stderr.strip()[-300:]}')
    p = subprocess.run(emu + ['--version'], capture_output=True, text=True)
    report('ok' if 'code generator interp' in p.stdout else 'FAIL',
           'aarch64/--version', p.stdout.strip().splitlines()[-1:])


def check(report, everything):
    host = foreign.Host('aarch64', r'\xb7\x00', ['aarch64-linux-gnu-'],
                        '--disable-kzt')
    if host.missing():
        report('SKIP', 'aarch64', host.missing())
        return
    emu, why = host.build(str(foreign.ROOT / 'build-aarch64'))
    if not emu:
        report('FAIL', 'aarch64/build', why)
        return
    report('ok', 'aarch64/build')

    def here(verdict, name, why=''):
        report(verdict, f'aarch64/{name}', why)

    refusal(emu, report)
    with tempfile.TemporaryDirectory(prefix='hosts-') as d, \
            foreign.HostFormat(d, host) as can_exec:
        compare = foreign.Comparison(host, emu, can_exec, here)
        foreign.hellos(d, compare, [None])
        foreign.busybox(compare, here, accel=None)
        compare('bash', foreign.BASH, execs=True, accel=None)
        foreign.suite('guest', emu, here, '--jobs', str(os.cpu_count() or 1),
                      '--slow', '3', *([] if everything else PROGRAMS))
    if everything:
        foreign.isa(emu, here, 200000, ['interp'])
