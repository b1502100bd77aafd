#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Register the emulator for x86-64 programs with the kernel's binfmt_misc
# (Documentation/admin-guide/binfmt-misc.rst), or write the files by which a
# distribution does so.
set -e

magic='\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00'
mask='\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

mode=register
path=/usr/local/bin
suffix=
exportdir=
persistent=no preserve=no credential=no
name=qemu-x86_64
procdir=/proc/sys/fs/binfmt_misc

usage() {
    cat <<EOT
Usage: qemu-binfmt-conf.sh [options]

  --help                   print this message
  --qemu-path PATH         folder of the emulator [$path]
  --qemu-suffix SUFFIX     the emulator is qemu-x86_64SUFFIX
  --debian                 write an import file for update-binfmts
  --systemd                write a file for binfmt.d
  --exportdir DIR          where to write it
                           [/usr/share/binfmts, /etc/binfmt.d]
  --persistent yes|no      flag F: the kernel keeps the emulator open, so that
                           it works in containers and chroots; it must be
                           self-contained (configure --static) [no]
  --preserve-argv0 yes|no  flag P: the program sees its original argv[0] [no]
  --credential yes|no      flags OC: set-uid programs keep their credentials,
                           the emulator becomes part of the system's trust [no]
  --name NAME              name of the registration [$name]
  --magic MAGIC            another magic, for hosts whose own format this is
  --unregister             remove the registration
EOT
}

fail() { echo "qemu-binfmt-conf.sh: $*" >&2; exit 1; }
arg() { [ $# -ge 2 ] || fail "missing argument for option '$1'"; }
yesno() {
    case $2 in yes|no) ;; *) fail "$1 takes yes or no" ;; esac
}

own_magic=no
while [ $# -gt 0 ]; do
    opt=$1
    case $opt in
    --*=*) val=${opt#*=}; opt=${opt%%=*}; shift; set -- "$opt" "$val" "$@" ;;
    esac
    case $opt in
    --help|-h) usage; exit 0 ;;
    --debian) mode=debian ;;
    --systemd) mode=systemd ;;
    --unregister) mode=unregister ;;
    --qemu-path|-Q) arg "$@"; path=$2; shift ;;
    --qemu-suffix|-F) arg "$@"; suffix=$2; shift ;;
    --exportdir|-e) arg "$@"; exportdir=$2; shift ;;
    --name) arg "$@"; name=$2; shift ;;
    --magic) arg "$@"; magic=$2; mask=; own_magic=yes; shift ;;
    --persistent|-p) arg "$@"; yesno "$1" "$2"; persistent=$2; shift ;;
    --preserve-argv0|-g) arg "$@"; yesno "$1" "$2"; preserve=$2; shift ;;
    --credential|-c) arg "$@"; yesno "$1" "$2"; credential=$2; shift ;;
    *) fail "unknown option '$opt' (try --help)" ;;
    esac
    shift
done

emu=$path/qemu-x86_64$suffix
flags=
[ $credential = yes ] && flags=OC
[ $preserve = yes ] && flags=${flags}P
[ $persistent = yes ] && flags=${flags}F

if [ $mode = unregister ]; then
    [ -e $procdir/"$name" ] || fail "$name is not registered"
    echo -1 > $procdir/"$name"
    exit 0
fi

if [ $mode = register ] && [ "$(uname -m)" = x86_64 ] && [ $own_magic = no ]
then
    fail "this host runs x86-64 programs itself: registering their format" \
         "would make the emulator start itself for ever; use --magic for a" \
         "private format"
fi

case $mode in
register)
    if [ ! -e $procdir/register ]; then
        mount -t binfmt_misc binfmt_misc $procdir 2>/dev/null ||
            fail "$procdir is not mounted; as root: modprobe binfmt_misc"
    fi
    [ -w $procdir/register ] || fail "cannot write $procdir/register: be root"
    [ -x "$emu" ] || fail "no emulator at $emu (see --qemu-path)"
    [ -e $procdir/"$name" ] && echo -1 > $procdir/"$name"
    printf '%s' ":$name:M::$magic:$mask:$emu:$flags" > $procdir/register
    ;;
systemd)
    dir=${exportdir:-/etc/binfmt.d}
    mkdir -p "$dir"
    printf '%s\n' ":$name:M::$magic:$mask:$emu:$flags" > "$dir/$name.conf"
    ;;
debian)
    dir=${exportdir:-/usr/share/binfmts}
    mkdir -p "$dir"
    {
        echo "package $name"
        echo "interpreter $emu"
        echo "magic $magic"
        [ -z "$mask" ] || echo "mask $mask"
        echo "credentials $credential"
        echo "preserve $preserve"
        echo "fix_binary $persistent"
    } > "$dir/$name"
    ;;
esac
