#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build examples/tour.c for x86-64, run it in the emulator, and compare the
# time with a native run where the host can do that.
set -e
emu=$1
src=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

case $(uname -m) in
x86_64) cc=gcc ;;
*) cc=x86_64-linux-gnu-gcc ;;
esac
if ! command -v $cc >/dev/null; then
    echo "run-example: $cc is needed to build the x86-64 example" >&2
    exit 1
fi
$cc -O2 -o "$dir/tour" "$src/examples/tour.c" -lz -lm

echo "== examples/tour in the emulator"
"$emu" "$dir/tour" | tee "$dir/out.emu"
[ "$(uname -m)" = x86_64 ] || exit 0
"$dir/tour" > "$dir/out.native"
results() { grep -E '^(Primes|Pi|zlib)' "$1"; }
if [ "$(results "$dir/out.emu")" != "$(results "$dir/out.native")" ]; then
    echo "run-example: results differ from a native run" >&2
    exit 1
fi
emu_s=$(sed -n 's/^Time: \(.*\) s/\1/p' "$dir/out.emu")
nat_s=$(sed -n 's/^Time: \(.*\) s/\1/p' "$dir/out.native")
echo "== native: $nat_s s, emulated: $emu_s s," \
     "ratio $(awk "BEGIN { printf \"%.2f\", $emu_s / $nat_s }")"
