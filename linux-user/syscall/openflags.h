/*
 * open() flags between guest and host.  The numbers are equal on x86-64,
 * LoongArch and RISC-V, and the conversion then vanishes; AArch64, PowerPC and
 * MIPS moved some of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSCALL_OPENFLAGS_H
#define SYSCALL_OPENFLAGS_H

#include "user/syscall-defs.h"
#include <fcntl.h>

#define TARGET_O_WRONLY 1
#define TARGET_O_RDWR   2

#define HOST_O_SYNCBIT (O_SYNC & ~O_DSYNC)
#define HOST_O_TMPBIT  (O_TMPFILE & ~O_DIRECTORY)

#define OPEN_FLAGS_EQUAL                                                    \
    (O_CREAT == TARGET_O_CREAT && O_EXCL == TARGET_O_EXCL &&                \
     O_NOCTTY == TARGET_O_NOCTTY && O_TRUNC == TARGET_O_TRUNC &&            \
     O_APPEND == TARGET_O_APPEND && O_NONBLOCK == TARGET_O_NONBLOCK &&      \
     O_DSYNC == TARGET_O_DSYNC && O_ASYNC == TARGET_O_ASYNC &&              \
     O_DIRECT == TARGET_O_DIRECT && O_DIRECTORY == TARGET_O_DIRECTORY &&    \
     O_NOFOLLOW == TARGET_O_NOFOLLOW && O_NOATIME == TARGET_O_NOATIME &&    \
     O_CLOEXEC == TARGET_O_CLOEXEC && HOST_O_SYNCBIT == TARGET_O_SYNCBIT && \
     O_PATH == TARGET_O_PATH && HOST_O_TMPBIT == TARGET_O_TMPBIT)

typedef struct OpenFlagPair {
    int guest, host;
} OpenFlagPair;

static const OpenFlagPair open_flag_pairs[] = {
    { TARGET_O_CREAT, O_CREAT },         { TARGET_O_EXCL, O_EXCL },
    { TARGET_O_NOCTTY, O_NOCTTY },       { TARGET_O_TRUNC, O_TRUNC },
    { TARGET_O_APPEND, O_APPEND },       { TARGET_O_NONBLOCK, O_NONBLOCK },
    { TARGET_O_DSYNC, O_DSYNC },         { TARGET_O_ASYNC, O_ASYNC },
    { TARGET_O_DIRECT, O_DIRECT },       { TARGET_O_DIRECTORY, O_DIRECTORY },
    { TARGET_O_NOFOLLOW, O_NOFOLLOW },   { TARGET_O_NOATIME, O_NOATIME },
    { TARGET_O_CLOEXEC, O_CLOEXEC },     { TARGET_O_SYNCBIT, HOST_O_SYNCBIT },
    { TARGET_O_PATH, O_PATH },           { TARGET_O_TMPBIT, HOST_O_TMPBIT },
};

static inline int open_flags_to_host(int flags)
{
    int host = flags & TARGET_O_ACCMODE;
    int known = TARGET_O_ACCMODE | TARGET_O_LARGEFILE;

    if (OPEN_FLAGS_EQUAL) {
        return flags;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(open_flag_pairs); i++) {
        if (flags & open_flag_pairs[i].guest) {
            host |= open_flag_pairs[i].host;
        }
        known |= open_flag_pairs[i].guest | open_flag_pairs[i].host;
    }
    /* The kernel is the one to refuse what nobody knows. */
    return host | (flags & ~known);
}

/* F_GETFL: the host's O_LARGEFILE is always on and unknown to libc. */
static inline int open_flags_to_guest(int flags)
{
    int guest = (flags & O_ACCMODE) | TARGET_O_LARGEFILE;

    if (OPEN_FLAGS_EQUAL) {
        return flags;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(open_flag_pairs); i++) {
        if (flags & open_flag_pairs[i].host) {
            guest |= open_flag_pairs[i].guest;
        }
    }
    return guest;
}

#endif
