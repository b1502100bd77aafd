/*
 * -strace: names of the numbers in system call arguments.
 *
 * Tables only; a kind of argument that is in kinds[] prints through them.
 * Values are those of the x86-64 interface.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "strace-internal.h"
#include "user/signal.h"
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <signal.h>
#include <termios.h>
#include <time.h>

#define N(x) { x, #x }
#define G(x) { TARGET_##x, #x }
#define CODE(x) { (uint32_t)x, #x }

static const StraceName oflags[] = {
    { TARGET_O_SYNCBIT | TARGET_O_DSYNC, "O_SYNC" },
    { TARGET_O_TMPBIT | TARGET_O_DIRECTORY, "O_TMPFILE" },
    { 1, "O_WRONLY" }, { 2, "O_RDWR" }, G(O_CREAT), G(O_EXCL), G(O_NOCTTY),
    G(O_TRUNC), G(O_APPEND), G(O_NONBLOCK), G(O_DSYNC), G(O_ASYNC),
    G(O_DIRECT), G(O_LARGEFILE), G(O_DIRECTORY), G(O_NOFOLLOW), G(O_NOATIME),
    G(O_CLOEXEC), G(O_PATH),
};
static const StraceName prot[] = {
    N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN),
};
static const StraceName mapflags[] = {
    G(MAP_SHARED_VALIDATE), G(MAP_SHARED), G(MAP_PRIVATE), G(MAP_FIXED),
    G(MAP_ANONYMOUS), G(MAP_32BIT), G(MAP_GROWSDOWN), G(MAP_DENYWRITE),
    G(MAP_EXECUTABLE), G(MAP_LOCKED), G(MAP_NORESERVE), G(MAP_POPULATE),
    G(MAP_NONBLOCK), G(MAP_STACK), G(MAP_HUGETLB), G(MAP_SYNC),
    G(MAP_FIXED_NOREPLACE),
};
static const StraceName mremapflags[] = {
    N(MREMAP_MAYMOVE), N(MREMAP_FIXED), { 4, "MREMAP_DONTUNMAP" },
};
static const StraceName msyncflags[] = {
    N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC),
};
static const StraceName madvice[] = {
    N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED),
    N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK),
    N(MADV_DOFORK), N(MADV_MERGEABLE), N(MADV_UNMERGEABLE), N(MADV_HUGEPAGE),
    N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP), N(MADV_DODUMP),
    N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), { 20, "MADV_COLD" },
    { 21, "MADV_PAGEOUT" }, { 22, "MADV_POPULATE_READ" },
    { 23, "MADV_POPULATE_WRITE" }, { 25, "MADV_COLLAPSE" },
    { 102, "MADV_GUARD_INSTALL" }, { 103, "MADV_GUARD_REMOVE" },
};
static const StraceName sighow[] = {
    N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK),
};
static const StraceName whence[] = {
    N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE),
};
static const StraceName accmode[] = { N(R_OK), N(W_OK), N(X_OK) };
static const StraceName atflags[] = {
    N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW),
    N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), { 0x2000, "AT_STATX_FORCE_SYNC" },
    { 0x4000, "AT_STATX_DONT_SYNC" },
};
static const StraceName cloneflags[] = {
    N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND),
    N(CLONE_PIDFD), N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT),
    N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS),
    N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED),
    N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP),
    N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID),
    N(CLONE_NEWNET), N(CLONE_IO), { 0x100000000ull, "CLONE_CLEAR_SIGHAND" },
    { 0x200000000ull, "CLONE_INTO_CGROUP" }, { SIGCHLD, "SIGCHLD" },
};
static const StraceName waitflags[] = {
    N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT),
    { 0x20000000, "__WNOTHREAD" }, { 0x40000000, "__WALL" },
    { 0x80000000, "__WCLONE" },
};
static const StraceName fcntlcmd[] = {
    N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK),
    N(F_SETLK), N(F_SETLKW), N(F_SETOWN), N(F_GETOWN), N(F_SETSIG),
    N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX), N(F_OFD_GETLK),
    N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE), N(F_GETLEASE),
    N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ), N(F_GETPIPE_SZ),
    N(F_ADD_SEALS), N(F_GET_SEALS), N(F_GET_RW_HINT), N(F_SET_RW_HINT),
};
static const StraceName lockop[] = {
    N(LOCK_SH), N(LOCK_EX), N(LOCK_UN), N(LOCK_NB),
};
static const StraceName af[] = {
    N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK),
    N(AF_PACKET), N(AF_BLUETOOTH), N(AF_ALG), N(AF_VSOCK), { 44, "AF_XDP" },
};
static const StraceName socktype[] = {
    { 5, "SOCK_SEQPACKET" }, { 3, "SOCK_RAW" }, N(SOCK_STREAM),
    N(SOCK_DGRAM), N(SOCK_NONBLOCK), N(SOCK_CLOEXEC),
};
static const StraceName msgflags[] = {
    N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC),
    N(MSG_DONTWAIT), N(MSG_EOR), N(MSG_WAITALL), N(MSG_CONFIRM),
    N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE), N(MSG_WAITFORONE),
    N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC),
};
static const StraceName shuthow[] = {
    N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR),
};
static const StraceName sol[] = {
    N(SOL_SOCKET), { 0, "SOL_IP" }, { 6, "SOL_TCP" }, { 17, "SOL_UDP" },
    { 41, "SOL_IPV6" }, { 58, "SOL_ICMPV6" }, { 263, "SOL_PACKET" },
    { 270, "SOL_NETLINK" }, { 279, "SOL_ALG" },
};
static const StraceName ipcflags[] = {
    N(IPC_CREAT), N(IPC_EXCL), N(IPC_NOWAIT), N(SHM_HUGETLB),
    N(SHM_NORESERVE),
};
static const StraceName ipccmd[] = {
    N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(GETPID), N(GETVAL),
    N(GETALL), N(GETNCNT), N(GETZCNT), N(SETVAL), N(SETALL),
    { 0x100, "IPC_64" },
};
static const StraceName itimer[] = {
    N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF),
};
static const StraceName rusagewho[] = {
    N(RUSAGE_SELF), { (uint32_t)-1, "RUSAGE_CHILDREN" }, N(RUSAGE_THREAD),
};
static const StraceName rlimits[] = {
    N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK),
    N(RLIMIT_CORE), N(RLIMIT_RSS), N(RLIMIT_NPROC), N(RLIMIT_NOFILE),
    N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS), N(RLIMIT_SIGPENDING),
    N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE), N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME),
};
static const StraceName prio[] = {
    N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER),
};
static const StraceName schedpol[] = {
    { 0, "SCHED_OTHER" }, { 1, "SCHED_FIFO" }, { 2, "SCHED_RR" },
    { 3, "SCHED_BATCH" }, { 5, "SCHED_IDLE" }, { 6, "SCHED_DEADLINE" },
};
static const StraceName prctls[] = {
    N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE),
    N(PR_SET_DUMPABLE), N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS),
    N(PR_SET_NAME), N(PR_GET_NAME), N(PR_GET_SECCOMP), N(PR_SET_SECCOMP),
    N(PR_CAPBSET_READ), N(PR_CAPBSET_DROP), N(PR_GET_TSC), N(PR_SET_TSC),
    N(PR_GET_SECUREBITS), N(PR_SET_SECUREBITS), N(PR_SET_TIMERSLACK),
    N(PR_GET_TIMERSLACK), N(PR_MCE_KILL), N(PR_SET_MM), N(PR_SET_PTRACER),
    N(PR_SET_CHILD_SUBREAPER), N(PR_GET_CHILD_SUBREAPER),
    N(PR_SET_NO_NEW_PRIVS), N(PR_GET_NO_NEW_PRIVS), N(PR_GET_TID_ADDRESS),
    N(PR_SET_THP_DISABLE), N(PR_GET_THP_DISABLE), N(PR_CAP_AMBIENT),
    N(PR_GET_SPECULATION_CTRL), N(PR_SET_SPECULATION_CTRL),
    N(PR_SET_IO_FLUSHER), N(PR_GET_IO_FLUSHER),
    N(PR_SET_SYSCALL_USER_DISPATCH), N(PR_SCHED_CORE), N(PR_SET_VMA),
    { 65, "PR_SET_MDWE" }, { 66, "PR_GET_MDWE" },
    { 0x41555856, "PR_GET_AUXV" },
};
static const StraceName archprctls[] = {
    G(ARCH_SET_GS), G(ARCH_SET_FS), G(ARCH_GET_FS), G(ARCH_GET_GS),
    G(ARCH_GET_CPUID), G(ARCH_SET_CPUID), G(ARCH_GET_XCOMP_SUPP),
    G(ARCH_GET_XCOMP_PERM), G(ARCH_REQ_XCOMP_PERM),
    { 0x3001, "ARCH_CET_STATUS" },
};
static const StraceName ptracereqs[] = {
    { 0, "PTRACE_TRACEME" }, { 1, "PTRACE_PEEKTEXT" },
    { 2, "PTRACE_PEEKDATA" }, { 3, "PTRACE_PEEKUSER" },
    { 4, "PTRACE_POKETEXT" }, { 5, "PTRACE_POKEDATA" },
    { 6, "PTRACE_POKEUSER" }, { 7, "PTRACE_CONT" }, { 8, "PTRACE_KILL" },
    { 9, "PTRACE_SINGLESTEP" }, { 12, "PTRACE_GETREGS" },
    { 13, "PTRACE_SETREGS" }, { 14, "PTRACE_GETFPREGS" },
    { 15, "PTRACE_SETFPREGS" }, { 16, "PTRACE_ATTACH" },
    { 17, "PTRACE_DETACH" }, { 24, "PTRACE_SYSCALL" },
    { 0x4200, "PTRACE_SETOPTIONS" }, { 0x4201, "PTRACE_GETEVENTMSG" },
    { 0x4202, "PTRACE_GETSIGINFO" }, { 0x4203, "PTRACE_SETSIGINFO" },
    { 0x4204, "PTRACE_GETREGSET" }, { 0x4205, "PTRACE_SETREGSET" },
    { 0x4206, "PTRACE_SEIZE" }, { 0x4207, "PTRACE_INTERRUPT" },
    { 0x4208, "PTRACE_LISTEN" },
};
#define FUTEX(op)                                                       \
    { FUTEX_##op, "FUTEX_" #op },                                       \
    { FUTEX_##op | FUTEX_PRIVATE_FLAG, "FUTEX_" #op "_PRIVATE" },       \
    { FUTEX_##op | FUTEX_CLOCK_REALTIME,                                \
      "FUTEX_" #op "|FUTEX_CLOCK_REALTIME" },                           \
    { FUTEX_##op | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME,           \
      "FUTEX_" #op "_PRIVATE|FUTEX_CLOCK_REALTIME" }
static const StraceName futexops[] = {
    FUTEX(WAIT), FUTEX(WAKE), FUTEX(FD), FUTEX(REQUEUE), FUTEX(CMP_REQUEUE),
    FUTEX(WAKE_OP), FUTEX(LOCK_PI), FUTEX(UNLOCK_PI), FUTEX(TRYLOCK_PI),
    FUTEX(WAIT_BITSET), FUTEX(WAKE_BITSET), FUTEX(WAIT_REQUEUE_PI),
    FUTEX(CMP_REQUEUE_PI), { 13, "FUTEX_LOCK_PI2" },
    { 141, "FUTEX_LOCK_PI2_PRIVATE" },
};
static const StraceName clockids[] = {
    N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
    N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW),
    N(CLOCK_REALTIME_COARSE), N(CLOCK_MONOTONIC_COARSE), N(CLOCK_BOOTTIME),
    N(CLOCK_REALTIME_ALARM), N(CLOCK_BOOTTIME_ALARM), N(CLOCK_TAI),
};
static const StraceName timerflags[] = {
    N(TIMER_ABSTIME), { 2, "TFD_TIMER_CANCEL_ON_SET" },
};
static const StraceName fadvice[] = {
    N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL),
    N(POSIX_FADV_WILLNEED), N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE),
};
static const StraceName idtypes[] = {
    { P_ALL, "P_ALL" }, { P_PID, "P_PID" }, { P_PGID, "P_PGID" },
    { 3, "P_PIDFD" },
};
static const StraceName epollops[] = {
    N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD),
};
static const StraceName inotifymasks[] = {
    N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB), N(IN_CLOSE_WRITE),
    N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM), N(IN_MOVED_TO),
    N(IN_CREATE), N(IN_DELETE), N(IN_DELETE_SELF), N(IN_MOVE_SELF),
    N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK), N(IN_MASK_ADD),
    N(IN_ONESHOT),
};
/* pipe2, dup3, eventfd2, epoll_create1, timerfd_create, signalfd4 ... */
static const StraceName fdflags[] = {
    G(O_CLOEXEC), G(O_NONBLOCK), G(O_DIRECT), { 1, "EFD_SEMAPHORE" },
};
static const StraceName spliceflags[] = {
    N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE),
    N(SPLICE_F_GIFT),
};
static const StraceName fallocmodes[] = {
    N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE),
    N(FALLOC_FL_COLLAPSE_RANGE), N(FALLOC_FL_ZERO_RANGE),
    N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE),
};
static const StraceName seccompops[] = {
    N(SECCOMP_SET_MODE_STRICT), N(SECCOMP_SET_MODE_FILTER),
    N(SECCOMP_GET_ACTION_AVAIL), N(SECCOMP_GET_NOTIF_SIZES),
};
static const StraceName grndflags[] = {
    N(GRND_NONBLOCK), N(GRND_RANDOM), { 4, "GRND_INSECURE" },
};
static const StraceName mfdflags[] = {
    N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB),
    { 8, "MFD_NOEXEC_SEAL" }, { 16, "MFD_EXEC" },
};
static const StraceName closerflags[] = {
    N(CLOSE_RANGE_UNSHARE), N(CLOSE_RANGE_CLOEXEC),
};
static const StraceName statxmasks[] = {
    { 0x17ff | 0x800, "STATX_ALL|STATX_MNT_ID" }, { 0xfff, "STATX_ALL" },
    { 0x7ff, "STATX_BASIC_STATS" }, N(STATX_TYPE), N(STATX_MODE),
    N(STATX_NLINK), N(STATX_UID), N(STATX_GID), N(STATX_ATIME),
    N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE),
    N(STATX_BLOCKS), N(STATX_BTIME), N(STATX_MNT_ID),
};
static const StraceName saflags[] = {
    N(SA_NOCLDSTOP), N(SA_NOCLDWAIT), N(SA_SIGINFO),
    { 0x800, "SA_EXPOSE_TAGBITS" }, { GUEST_SA_RESTORER, "SA_RESTORER" },
    N(SA_ONSTACK), N(SA_RESTART), N(SA_NODEFER),
    { GUEST_SA_RESETHAND, "SA_RESETHAND" },
};
static const StraceName pollevents[] = {
    { 0x001, "POLLIN" }, { 0x002, "POLLPRI" }, { 0x004, "POLLOUT" },
    { 0x008, "POLLERR" }, { 0x010, "POLLHUP" }, { 0x020, "POLLNVAL" },
    { 0x040, "POLLRDNORM" }, { 0x080, "POLLRDBAND" },
    { 0x100, "POLLWRNORM" }, { 0x200, "POLLWRBAND" }, { 0x400, "POLLMSG" },
    { 0x2000, "POLLRDHUP" },
};
static const StraceName epollevents[] = {
    { 0x001, "EPOLLIN" }, { 0x002, "EPOLLPRI" }, { 0x004, "EPOLLOUT" },
    { 0x008, "EPOLLERR" }, { 0x010, "EPOLLHUP" }, { 0x040, "EPOLLRDNORM" },
    { 0x080, "EPOLLRDBAND" }, { 0x100, "EPOLLWRNORM" },
    { 0x200, "EPOLLWRBAND" }, { 0x400, "EPOLLMSG" },
    { 0x2000, "EPOLLRDHUP" }, { 1u << 28, "EPOLLEXCLUSIVE" },
    { 1u << 29, "EPOLLWAKEUP" }, { 1u << 30, "EPOLLONESHOT" },
    { 1u << 31, "EPOLLET" },
};
/* Of any signal, then of those with codes of their own. */
static const StraceName sicodes[] = {
    N(SI_USER), N(SI_KERNEL), CODE(SI_QUEUE), CODE(SI_TIMER),
    CODE(SI_MESGQ), CODE(SI_ASYNCIO), CODE(SI_SIGIO), CODE(SI_TKILL),
    CODE(SI_ASYNCNL),
};
static const StraceName illcodes[] = {
    N(ILL_ILLOPC), N(ILL_ILLOPN), N(ILL_ILLADR), N(ILL_ILLTRP),
    N(ILL_PRVOPC), N(ILL_PRVREG), N(ILL_COPROC), N(ILL_BADSTK),
};
static const StraceName fpecodes[] = {
    N(FPE_INTDIV), N(FPE_INTOVF), N(FPE_FLTDIV), N(FPE_FLTOVF),
    N(FPE_FLTUND), N(FPE_FLTRES), N(FPE_FLTINV), N(FPE_FLTSUB),
};
static const StraceName segvcodes[] = {
    N(SEGV_MAPERR), N(SEGV_ACCERR), { 3, "SEGV_BNDERR" },
    { 4, "SEGV_PKUERR" },
};
static const StraceName buscodes[] = {
    N(BUS_ADRALN), N(BUS_ADRERR), N(BUS_OBJERR),
};
static const StraceName trapcodes[] = {
    N(TRAP_BRKPT), N(TRAP_TRACE), { 3, "TRAP_BRANCH" },
    { 4, "TRAP_HWBKPT" },
};
static const StraceName cldcodes[] = {
    N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED),
    N(CLD_STOPPED), N(CLD_CONTINUED),
};
static const StraceName pollcodes[] = {
    N(POLL_IN), N(POLL_OUT), N(POLL_MSG), N(POLL_ERR), N(POLL_PRI),
    N(POLL_HUP),
};
static const StraceName syscodes[] = { { 1, "SYS_SECCOMP" } };

#define FLAGS(kind, table, zero) \
    [ARG_##kind] = { table, ARRAY_SIZE(table), true, zero }
#define VALUES_OF(table) { table, ARRAY_SIZE(table), false, NULL }
#define VALUES(kind, table) [ARG_##kind] = VALUES_OF(table)

static const StraceNames kinds[ARG_KIND_COUNT] = {
    FLAGS(OFLAGS, oflags, "O_RDONLY"), FLAGS(PROT, prot, "PROT_NONE"),
    FLAGS(MAPFLAGS, mapflags, "0"), FLAGS(MREMAPFLAGS, mremapflags, "0"),
    FLAGS(MSYNCFLAGS, msyncflags, "0"), VALUES(MADVICE, madvice),
    VALUES(SIGHOW, sighow), VALUES(WHENCE, whence),
    FLAGS(ACCMODE, accmode, "F_OK"), FLAGS(ATFLAGS, atflags, "0"),
    FLAGS(CLONEFLAGS, cloneflags, "0"), FLAGS(WAITFLAGS, waitflags, "0"),
    VALUES(FCNTLCMD, fcntlcmd), FLAGS(LOCKOP, lockop, "0"), VALUES(AF, af),
    FLAGS(SOCKTYPE, socktype, "0"), FLAGS(MSGFLAGS, msgflags, "0"),
    VALUES(SHUTHOW, shuthow), VALUES(SOL, sol),
    FLAGS(IPCFLAGS, ipcflags, "0"), VALUES(IPCCMD, ipccmd),
    VALUES(ITIMER, itimer), VALUES(RUSAGEWHO, rusagewho),
    VALUES(RLIMIT, rlimits), VALUES(PRIO, prio), VALUES(SCHEDPOL, schedpol),
    VALUES(PRCTL, prctls), VALUES(ARCHPRCTL, archprctls),
    VALUES(PTRACEREQ, ptracereqs), VALUES(FUTEXOP, futexops),
    VALUES(CLOCKID, clockids), FLAGS(TIMERFLAGS, timerflags, "0"),
    VALUES(FADVICE, fadvice), VALUES(IDTYPE, idtypes),
    VALUES(EPOLLOP, epollops), FLAGS(INOTIFYMASK, inotifymasks, "0"),
    FLAGS(FDFLAGS, fdflags, "0"), FLAGS(SPLICEFLAGS, spliceflags, "0"),
    FLAGS(FALLOCMODE, fallocmodes, "0"), VALUES(SECCOMPOP, seccompops),
    FLAGS(GRNDFLAGS, grndflags, "0"), FLAGS(MFDFLAGS, mfdflags, "0"),
    FLAGS(CLOSERFLAGS, closerflags, "0"),
    FLAGS(STATXMASK, statxmasks, "0"),
};

const StraceNames strace_sa_flags = {
    saflags, ARRAY_SIZE(saflags), true, "0"
};
const StraceNames strace_poll_events = {
    pollevents, ARRAY_SIZE(pollevents), true, "0"
};
const StraceNames strace_epoll_events = {
    epollevents, ARRAY_SIZE(epollevents), true, "0"
};

const StraceNames *strace_signal_codes(int sig, int code)
{
    static const StraceNames any = VALUES_OF(sicodes);
    static const StraceNames own[] = {
        [SIGILL] = VALUES_OF(illcodes), [SIGFPE] = VALUES_OF(fpecodes),
        [SIGSEGV] = VALUES_OF(segvcodes), [SIGBUS] = VALUES_OF(buscodes),
        [SIGTRAP] = VALUES_OF(trapcodes), [SIGCHLD] = VALUES_OF(cldcodes),
        [SIGIO] = VALUES_OF(pollcodes), [SIGSYS] = VALUES_OF(syscodes),
    };
    bool general = code <= 0 || code == SI_KERNEL;

    return general || (unsigned)sig >= ARRAY_SIZE(own) || !own[sig].names ?
           &any : &own[sig];
}

const StraceNames *strace_names(int kind)
{
    return kinds[kind].names ? &kinds[kind] : NULL;
}

void st_named(Strace *st, const StraceNames *n, uint64_t value)
{
    bool first = true;

    if (!n->flags) {
        for (unsigned i = 0; i < n->count; i++) {
            if (n->names[i].value == (uint32_t)value) {
                st_printf(st, "%s", n->names[i].name);
                return;
            }
        }
        st_printf(st, (int32_t)value < 0 || value < 1024 ? "%d" : "0x%x",
                  (int32_t)value);
        return;
    }
    if (n->names == oflags && !(value & 3)) {
        st_printf(st, "O_RDONLY");
        first = false;
    }
    for (unsigned i = 0; i < n->count && value; i++) {
        uint64_t bit = n->names[i].value;

        if (bit && (value & bit) == bit) {
            st_printf(st, "%s%s", first ? "" : "|", n->names[i].name);
            value &= ~bit;
            first = false;
        }
    }
    if (value) {
        st_printf(st, "%s0x%" PRIx64, first ? "" : "|", value);
    } else if (first) {
        st_printf(st, "%s", n->zero);
    }
}

void st_mode(Strace *st, uint32_t mode)
{
    static const StraceName types[] = {
        N(S_IFSOCK), N(S_IFLNK), N(S_IFREG), N(S_IFBLK), N(S_IFDIR),
        N(S_IFCHR), N(S_IFIFO),
    };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        if ((mode & S_IFMT) == types[i].value) {
            st_printf(st, "%s|", types[i].name);
            mode &= ~S_IFMT;
        }
    }
    st_printf(st, "%#03o", mode);
}

const char *strace_errno_name(int err)
{
    const char *name = strerrorname_np(err);

    return name ? name : "E?";
}

const char *strace_signal_name(int sig)
{
    static const char *const names[] = {
        "0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT",
        "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
        "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",
        "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
        "SIGSYS", "SIGRT_0", "SIGRT_1", "SIGRT_2", "SIGRT_3", "SIGRT_4",
        "SIGRT_5", "SIGRT_6", "SIGRT_7", "SIGRT_8", "SIGRT_9", "SIGRT_10",
        "SIGRT_11", "SIGRT_12", "SIGRT_13", "SIGRT_14", "SIGRT_15",
        "SIGRT_16", "SIGRT_17", "SIGRT_18", "SIGRT_19", "SIGRT_20",
        "SIGRT_21", "SIGRT_22", "SIGRT_23", "SIGRT_24", "SIGRT_25",
        "SIGRT_26", "SIGRT_27", "SIGRT_28", "SIGRT_29", "SIGRT_30",
        "SIGRT_31", "SIGRT_32",
    };

    return (unsigned)sig < ARRAY_SIZE(names) ? names[sig] : "SIG?";
}

void st_ioctl(Strace *st, uint32_t request)
{
    static const StraceName requests[] = {
        N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TCSBRK), N(TCXONC),
        N(TCFLSH), N(TIOCEXCL), N(TIOCNXCL), N(TIOCSCTTY), N(TIOCGPGRP),
        N(TIOCSPGRP), N(TIOCOUTQ), N(TIOCSTI), N(TIOCGWINSZ), N(TIOCSWINSZ),
        N(FIONREAD), N(FIONBIO), N(TIOCNOTTY), N(TIOCGSID), N(TIOCGPTN),
        N(TIOCSPTLCK), { 0x5441, "TIOCGPTPEER" }, N(FIONCLEX), N(FIOCLEX),
        N(FIOASYNC), { 0x8910, "SIOCGIFNAME" }, { 0x8912, "SIOCGIFCONF" },
        { 0x8913, "SIOCGIFFLAGS" }, { 0x8915, "SIOCGIFADDR" },
        { 0x8927, "SIOCGIFHWADDR" }, { 0x8933, "SIOCGIFINDEX" },
        { 0x40049409, "FICLONE" }, { 0xc020660b, "FS_IOC_FIEMAP" },
        { 0x80086601, "FS_IOC_GETFLAGS" }, { 0x1260, "BLKGETSIZE" },
        { 0x80081272, "BLKGETSIZE64" }, { 0x802c542a, "TCGETS2" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        if (requests[i].value == request) {
            st_printf(st, "%s", requests[i].name);
            return;
        }
    }
    st_printf(st, "0x%x", request);
}

void st_sockopt(Strace *st, int level, int option)
{
    static const StraceName socket_options[] = {
        N(SO_DEBUG), N(SO_REUSEADDR), N(SO_TYPE), N(SO_ERROR),
        N(SO_DONTROUTE), N(SO_BROADCAST), N(SO_SNDBUF), N(SO_RCVBUF),
        N(SO_KEEPALIVE), N(SO_OOBINLINE), N(SO_PRIORITY), N(SO_LINGER),
        N(SO_REUSEPORT), N(SO_PASSCRED), N(SO_PEERCRED), N(SO_RCVLOWAT),
        N(SO_SNDLOWAT), N(SO_RCVTIMEO), N(SO_SNDTIMEO), N(SO_BINDTODEVICE),
        N(SO_ATTACH_FILTER), N(SO_DETACH_FILTER), N(SO_PEERNAME),
        N(SO_TIMESTAMP), N(SO_ACCEPTCONN), N(SO_PEERSEC),
        N(SO_SNDBUFFORCE), N(SO_RCVBUFFORCE), N(SO_MARK), N(SO_PROTOCOL),
        N(SO_DOMAIN),
    };

    for (unsigned i = 0; level == SOL_SOCKET &&
                         i < ARRAY_SIZE(socket_options); i++) {
        if (socket_options[i].value == (uint32_t)option) {
            st_printf(st, "%s", socket_options[i].name);
            return;
        }
    }
    st_printf(st, "%d", option);
}
