#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install the Debian packages that building, testing or documenting needs.
# Usage: setup-debian.sh build|test|real|kzt|docs ...   (nothing is done when all
# of them are there; on another distribution it says what is missing)
#
# PACKAGE=COMMAND: not needed where COMMAND is found already.
set -e

build='gcc libc6-dev make meson ninja-build pkg-config python3=python3
zlib1g-dev'
test='libglib2.0-dev libzydis-dev qemu-user busybox-static dash bash
coreutils make gcc g++ binutils file procps strace=strace musl-tools
clang=clang llvm-22=llvm-mc-22 gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
real='perl python3 libpython3.11-testsuite sqlite3 openssl git xz-utils zstd
gzip bzip2 tar time nodejs=node npm=npm default-jdk-headless=javac ffmpeg
stockfish luajit golang-go=/usr/bin/go rustc=/usr/bin/rustc gdb
ruby=ruby lua5.4=lua5.4 tcl=tclsh redis-server=redis-server memcached=memcached
nginx=nginx curl=curl rsync=rsync bubblewrap=bwrap'
kzt='pkg-config python3-clang zlib1g-dev libglib2.0-dev libcairo2-dev libpixman-1-dev
libpng-dev libsqlite3-dev libjpeg-dev libfdt-dev libbz2-dev liblzma-dev
libzstd-dev libssl-dev netpbm libjpeg-turbo-progs=cjpeg
device-tree-compiler=dtc bzip2 xz-utils zstd sqlite3 openssl git'
docs='python3-sphinx'

missing=
for group; do
    eval "list=\$$group"
    for item in $list; do
        pkg=${item%%=*}
        if [ "$pkg" != "$item" ] && command -v "${item#*=}" >/dev/null 2>&1
        then
            continue
        fi
        if ! dpkg-query -W -f='${Status}' "$pkg" 2>/dev/null |
             grep -q 'ok installed'; then
            missing="$missing $pkg"
        fi
    done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this script knows Debian only; please install:$missing" >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update >/dev/null
# One package that cannot be had must not cost all the others.
$sudo apt-get -q -y --no-install-recommends install $missing >/dev/null || {
    for pkg in $missing; do
        $sudo apt-get -q -y --no-install-recommends install "$pkg" \
            >/dev/null || echo "setup: cannot install $pkg" >&2
    done
}
