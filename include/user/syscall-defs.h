/*
 * Structures and numbers of the x86-64 Linux system call interface that not
 * every host shares.  What is the same on all little-endian 64-bit hosts
 * (timespec, rlimit, msghdr, iovec, statfs, sysinfo, termios ...) is used from
 * the host's headers and is not repeated here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef USER_SYSCALL_DEFS_H
#define USER_SYSCALL_DEFS_H

#include "qemu/osdep.h"

/* struct stat */
typedef struct GuestStat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint64_t st_nlink;
    uint32_t st_mode;
    uint32_t st_uid;
    uint32_t st_gid;
    uint32_t pad0;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blksize;
    int64_t st_blocks;
    uint64_t st_atime_sec, st_atime_nsec;
    uint64_t st_mtime_sec, st_mtime_nsec;
    uint64_t st_ctime_sec, st_ctime_nsec;
    int64_t unused[3];
} GuestStat;
QEMU_BUILD_BUG_ON(sizeof(GuestStat) != 144);

/* struct epoll_event: packed on x86-64 only */
typedef struct QEMU_PACKED GuestEpollEvent {
    uint32_t events;
    uint64_t data;
} GuestEpollEvent;
QEMU_BUILD_BUG_ON(sizeof(GuestEpollEvent) != 12);

/* struct new_utsname */
typedef struct GuestUtsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65],
         domainname[65];
} GuestUtsname;

typedef struct GuestTimespec {
    int64_t sec, nsec;
} GuestTimespec;

typedef struct GuestTimeval {
    int64_t sec, usec;
} GuestTimeval;

/* What pselect6() and io_pgetevents() point their last argument at. */
typedef struct GuestSigsetArg {
    uint64_t set;
    uint64_t size;
} GuestSigsetArg;

/* struct linux_dirent64; getdents() keeps the type in the last byte. */
typedef struct GuestDirent64 {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
} GuestDirent64;

/* struct ipc64_perm, shmid64_ds, semid64_ds, msqid64_ds */
typedef struct GuestIpcPerm {
    int32_t key;
    uint32_t uid, gid, cuid, cgid;
    uint32_t mode;
    uint16_t seq, pad2;
    uint64_t unused1, unused2;
} GuestIpcPerm;

typedef struct GuestSemidDs {
    GuestIpcPerm perm;
    int64_t otime;
    uint64_t unused1;
    int64_t ctime;
    uint64_t unused2;
    uint64_t nsems;
    uint64_t unused3, unused4;
} GuestSemidDs;
QEMU_BUILD_BUG_ON(sizeof(GuestSemidDs) != 104);

/* open() flags */
#define TARGET_O_ACCMODE    00000003
#define TARGET_O_CREAT      00000100
#define TARGET_O_EXCL       00000200
#define TARGET_O_NOCTTY     00000400
#define TARGET_O_TRUNC      00001000
#define TARGET_O_APPEND     00002000
#define TARGET_O_NONBLOCK   00004000
#define TARGET_O_DSYNC      00010000
#define TARGET_O_ASYNC      00020000
#define TARGET_O_DIRECT     00040000
#define TARGET_O_LARGEFILE  00100000
#define TARGET_O_DIRECTORY  00200000
#define TARGET_O_NOFOLLOW   00400000
#define TARGET_O_NOATIME    01000000
#define TARGET_O_CLOEXEC    02000000
#define TARGET_O_SYNCBIT    04000000    /* O_SYNC without O_DSYNC */
#define TARGET_O_PATH       010000000
#define TARGET_O_TMPBIT     020000000   /* O_TMPFILE without O_DIRECTORY */

/* arch_prctl() */
#define TARGET_ARCH_SET_GS          0x1001
#define TARGET_ARCH_SET_FS          0x1002
#define TARGET_ARCH_GET_FS          0x1003
#define TARGET_ARCH_GET_GS          0x1004
#define TARGET_ARCH_GET_CPUID       0x1011
#define TARGET_ARCH_SET_CPUID       0x1012
#define TARGET_ARCH_GET_XCOMP_SUPP  0x1021
#define TARGET_ARCH_GET_XCOMP_PERM  0x1022
#define TARGET_ARCH_REQ_XCOMP_PERM  0x1023

/* si_code of a SIGSYS raised by a seccomp filter */
#define TARGET_SYS_SECCOMP 1

/* AUDIT_ARCH_X86_64, what seccomp filters compare with */
#define TARGET_AUDIT_ARCH 0xc000003eu

#endif
