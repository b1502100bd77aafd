/*
 * What the system call layer takes for granted about a host: numbers and
 * layouts that x86-64 shares with every architecture built on the kernel's
 * generic headers.  A host that differs fails here, at build time, and names
 * the conversion it needs; nothing in this file runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>

#define SAME(what, value) \
    _Static_assert((what) == (value), #what " differs from x86-64")

/* errno */
SAME(EAGAIN, 11);
SAME(EDEADLK, 35);
SAME(ENAMETOOLONG, 36);
SAME(ENOSYS, 38);
SAME(ELOOP, 40);
SAME(EOVERFLOW, 75);
SAME(ENOTSOCK, 88);
SAME(EADDRINUSE, 98);
SAME(ETIMEDOUT, 110);
SAME(ECANCELED, 125);
SAME(EHWPOISON, 133);

/* terminals */
SAME(TCGETS, 0x5401);
SAME(TCSETSF, 0x5404);
SAME(TIOCGWINSZ, 0x5413);
SAME(FIONREAD, 0x541b);
SAME(FIONBIO, 0x5421);
SAME(TIOCGPTN, 0x80045430);
SAME(FIOCLEX, 0x5451);
SAME(ICANON, 2);
SAME(ECHO, 8);
SAME(VMIN, 6);
SAME(VTIME, 5);
SAME(B38400, 15);
SAME(IXON, 0x400);
SAME(_IOC_NRSHIFT, 0);
SAME(_IOC_SIZESHIFT, 16);
SAME(_IOC_DIRSHIFT, 30);
SAME(_IOC_READ, 2);

/* sockets */
SAME(SOL_SOCKET, 1);
SAME(SO_REUSEADDR, 2);
SAME(SO_ERROR, 4);
SAME(SO_KEEPALIVE, 9);
SAME(SO_REUSEPORT, 15);
SAME(SO_PEERCRED, 17);
SAME(SO_RCVTIMEO, 20);
SAME(SOCK_STREAM, 1);
SAME(SOCK_DGRAM, 2);
SAME(SOCK_NONBLOCK, 04000);
SAME(SOCK_CLOEXEC, 02000000);
SAME(MSG_DONTWAIT, 0x40);
SAME(MSG_NOSIGNAL, 0x4000);
SAME(AF_INET6, 10);
SAME(sizeof(struct msghdr), 56);
SAME(sizeof(struct cmsghdr), 16);
SAME(sizeof(struct mmsghdr), 64);

/* files */
SAME(O_NONBLOCK, 04000);
SAME(O_CLOEXEC, 02000000);
SAME(F_GETLK, 5);
SAME(F_SETLKW, 7);
SAME(F_SETOWN, 8);
SAME(F_SETSIG, 10);
SAME(F_OFD_SETLKW, 38);
SAME(sizeof(struct flock), 32);
SAME(AT_SYMLINK_NOFOLLOW, 0x100);
SAME(AT_EMPTY_PATH, 0x1000);
SAME(IN_NONBLOCK, 04000);
SAME(EFD_NONBLOCK, 04000);
SAME(TFD_CLOEXEC, 02000000);
SAME(sizeof(struct statfs), 120);
SAME(offsetof(struct statfs, f_namelen), 64);
SAME(POLLRDHUP, 0x2000);
SAME(POLLWRNORM, 0x100);

/* time, limits, system */
SAME(sizeof(struct timespec), 16);
SAME(sizeof(struct itimerspec), 32);
SAME(sizeof(struct timex), 208);
SAME(sizeof(struct tms), 32);
SAME(sizeof(struct rusage), 144);
SAME(RLIMIT_NPROC, 6);
SAME(RLIMIT_NOFILE, 7);
SAME(RLIMIT_AS, 9);
SAME(sizeof(struct sysinfo), 112);
SAME(sizeof(struct sigevent), 64);
SAME(sizeof(siginfo_t), 128);
SAME(SIGUSR1, 10);
SAME(SIGCHLD, 17);
SAME(SIGSYS, 31);
SAME(sizeof(struct mq_attr), 64);
SAME(sizeof(struct shmid_ds), 112);
SAME(sizeof(struct msqid_ds), 120);
SAME(MADV_DONTNEED, 4);
SAME(CLONE_CHILD_CLEARTID, 0x200000);
