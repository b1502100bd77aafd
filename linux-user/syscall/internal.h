/*
 * What the files of linux-user/syscall share: the descriptor of a call and the
 * small conversions between guest and host numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSCALL_INTERNAL_H
#define SYSCALL_INTERNAL_H

#include "qemu/osdep.h"
#include "user/syscall.h"
#include "user/safe-syscall.h"
#include "user/task.h"
#include "user/uaccess.h"
#include "user/syscall-defs.h"
#include "syscall-gen.h"
#include <sys/syscall.h>
#include <sys/uio.h>

typedef struct SyscallArg {
    uint8_t kind;           /* SyscallArgKind */
    uint8_t ref;            /* argument that holds size or count; 7: none */
    uint16_t out_size;      /* bytes the kernel writes, per unit of ref */
} SyscallArg;

enum {
    SYSCALL_BLOCK     = 1,      /* may sleep: safe_syscall() */
    SYSCALL_WRITES    = 2,      /* some argument has the kernel write */
    SYSCALL_ENOSYS    = 4,      /* known, not offered */
    SYSCALL_RESULT_X  = 8,      /* how -strace prints the result */
    SYSCALL_RESULT_FD = 16,
    SYSCALL_RESULT_V  = 32,
    SYSCALL_FIRST     = 64,     /* unprotect before the call: it consumes */
};

typedef struct SyscallDesc {
    SyscallFn *fn;          /* NULL: host call host_nr with same arguments */
    int32_t host_nr;
    const char *name;
    uint8_t flags;
    uint8_t nargs;
    SyscallArg args[6];
} SyscallDesc;

/* Indexed by guest call number; a NULL name marks a hole. */
extern const SyscallDesc syscall_table[TARGET_NR_COUNT];

/*
 * Drop translated code from everything this call writes to.  True if there
 * was any, so that the call is worth repeating after -EFAULT.
 */
bool syscall_unprotect(const SyscallDesc *d, const uint64_t *a, int64_t done);
/* The same for one buffer, and for those of an array of struct iovec. */
bool syscall_unprotect_range(uint64_t addr, uint64_t len);
bool syscall_unprotect_iov(uint64_t iov, uint64_t count);

/*
 * limits.c, for hosts with large pages: hold arguments @a of a call to what the
 * guest's own page table allows.  Lengths are shortened to what there is; an
 * argument the kernel must not follow leads to memory that nobody may touch.
 */
typedef struct SyscallLimit {
    bool bad;           /* EFAULT would be the right answer */
    bool closed;        /* the kernel would stop early at a closed page */
    struct iovec iov[IOV_MAX];
} SyscallLimit;

void syscall_limit(SyscallLimit *l, const SyscallDesc *d, uint64_t *a);

/* Does an argument point to where neither the guest nor the host has memory? */
bool syscall_is_wild(const SyscallDesc *d, const uint64_t *a);

/* seccomp.c: run the calling thread's filters.  True: skip the call, the
 * result is *ret. */
bool seccomp_check(CPUArchState *env, int num, const uint64_t *a,
                   int64_t *ret);
int64_t seccomp_prctl_set(CPUArchState *env, uint64_t mode, uint64_t prog);
/* 0 off, 1 strict, 2 filter, as prctl(PR_GET_SECCOMP) and /proc say it. */
int seccomp_mode(TaskState *ts);

/* fd.c: -EBADF when @fd is one of ours. */
extern _Atomic int fd_private_min;
static inline bool fd_hidden(int fd)
{
    return unlikely(fd >= atomic_load_explicit(&fd_private_min,
                                               memory_order_relaxed)) &&
           fd_is_private(fd);
}

/*
 * file.c: a guest path for a call that reads.  *host becomes what to
 * hand to the kernel: the guest's own string, also when it cannot be read, or
 * one in @buf.
 */
void guest_path_read(uint64_t addr, char buf[PATH_MAX], const char **host,
                     bool nofollow);

/*
 * procfs.c: a view of /proc made by the emulator.  @dirfd and @path as in
 * openat.  proc_open_view() returns a new fd, -errno, or -QEMU_NO_VIEW when
 * the host's own file is right.
 */
#define QEMU_NO_VIEW 600
int64_t proc_open_view(CPUArchState *env, int dirfd, const char *path,
                       int host_flags);
/* readlink of a view: length, -errno or -QEMU_NO_VIEW. */
int64_t proc_readlink_view(CPUArchState *env, int dirfd, const char *path,
                           char *out, size_t size);
/* @done bytes were written by call @num, maybe to /proc/self/mem. */
void proc_mem_written(int num, const uint64_t *a, int64_t done);
/* Quick: can @path name a view or a file proc_open_view() cares about? */
bool proc_maybe_view(const char *path);

/* stat.c */
struct statx;
void statx_to_guest(GuestStat *g, const struct statx *sx);

#ifdef __x86_64__
#define HOST_IS_GUEST_ABI 1
#else
#define HOST_IS_GUEST_ABI 0
#endif

/*
 * Sleep until there is a message for a call that takes one.  An error is the
 * result of the call.
 */
int64_t syscall_await_message(const SyscallDesc *d, const uint64_t *a);

/* recvmmsg(), which sleeps for each message, as calls of @run for one each. */
typedef int64_t SyscallRun(CPUArchState *env, const SyscallDesc *d,
                           const uint64_t *a);
int64_t syscall_one_by_one(CPUArchState *env, const SyscallDesc *d,
                           const uint64_t *a, SyscallRun *run);

#endif
