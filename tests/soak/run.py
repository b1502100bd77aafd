#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hours of processes, threads, signals, libraries and generated code in one
guest, in a small code cache: it goes on working, and its memory stays flat.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

# Options beside the defaults, by name.
WAYS = {'tcg': ['-tb-size', '16'], 'small-cache': ['-tb-size', '2'],
        'interp': ['-accel', 'interp', '-tb-size', '16']}


def memory(pid):
    """Resident and private memory in KiB: (VmRSS, VmData), and descriptors."""
    lines = dict(x.split(':', 1) for x in pathlib.Path(
        f'/proc/{pid}/status').read_text().splitlines() if ':' in x)
    return (int(lines['VmRSS'].split()[0]), int(lines['VmData'].split()[0]),
            len(list(pathlib.Path(f'/proc/{pid}/fd').iterdir())))


def soak(argv, seconds):
    """(why it failed or '', rounds, what memory() said after each)."""
    seen, end = [], time.monotonic() + seconds
    p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)
    try:
        for line in p.stdout:
            if not line.startswith('round '):
                return line.strip(), seen
            seen.append(memory(p.pid))
            if time.monotonic() > end:
                break
    finally:
        p.stdin.close()
        p.stdout.read()
        status = p.wait()
    return f'status {status}' if status else '', seen


def growth(seen):
    """What is larger in the last quarter than in the second one, or ''."""
    n = len(seen) // 4
    if n == 0:
        return 'too few rounds to tell'
    for what, early, late in zip(('RSS', 'VmData', 'descriptors'),
                                 zip(*seen[n:2 * n]), zip(*seen[-n:])):
        slack = 0 if what == 'descriptors' else 1024 + max(early) // 20
        if max(late) > max(early) + slack:
            return f'{what} grows from {max(early)} to {max(late)}'
    return ''


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--emulator', required=True)
    ap.add_argument('--minutes', type=float, default=120, help='in all')
    ap.add_argument('names', nargs='*', help=', '.join(WAYS))
    args = ap.parse_args()
    names = args.names or list(WAYS)
    failed = 0
    with tempfile.TemporaryDirectory(prefix='soak-') as d:
        exe = pathlib.Path(d) / 'soak'
        subprocess.run(['gcc', '-O1', '-pthread', '-o', exe, HERE / 'soak.c',
                        '-ldl'], check=True)
        for name in names:
            why, seen = soak([args.emulator, *WAYS[name], str(exe)],
                             args.minutes * 60 / len(names))
            why = why or growth(seen)
            failed += bool(why)
            print(f'{"FAIL" if why else "ok":4} soak/{name} {len(seen)} rounds, '
                  f'at the end {seen[-1][0] if seen else 0} KiB resident; {why}',
                  flush=True)
    print(f'soak: {len(names) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
