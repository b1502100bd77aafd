/*
 * System calls on hosts with large pages, held to the guest's own permissions.
 *
 * A host page larger than a guest page may let the kernel read or write where
 * the guest may not (behind the end of a mapping, in a guard page), or keep it
 * away where the guest may.  Here are both answers before the call is made:
 * arguments the kernel must not follow lead it nowhere instead, so that it fails
 * at the moment and in the order it would by itself.
 *
 * Locking: none; the page table locks itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "user/mmap.h"
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>

/* What the kernel reads or writes through a pointer of this kind. */
typedef struct ArgAccess {
    uint16_t size;      /* bytes, per unit of the argument's reference */
    bool write;
} ArgAccess;

static const ArgAccess accesses[ARG_KIND_COUNT] = {
    [ARG_FUTEX] = { 4, false },
    [ARG_SIGSET] = { 8, false },
    [ARG_SIGINFO] = { 48, false },
    [ARG_TIMESPEC] = { 16, false },
    [ARG_IOTIMESPEC] = { 16, false },
    [ARG_IOTIMEVAL] = { 16, false },
    [ARG_TIMESPECS] = { 32, false },
    [ARG_TIMEVAL] = { 16, false },
    [ARG_TIMEVALS] = { 32, false },
    [ARG_ITIMERVAL] = { 32, false },
    [ARG_ITIMERSPEC] = { 32, false },
    [ARG_IRLIMIT] = { 16, false },
    [ARG_SCHEDPARAM] = { 4, false },
    [ARG_UTIMBUF] = { 16, false },
    [ARG_SIGEVENT] = { 64, false },
    [ARG_MQATTR] = { 64, false },
    [ARG_IOCAPHDR] = { 8, false },
    [ARG_EPOLLEV] = { 12, false },
    [ARG_SEMBUF] = { 6, false },
    [ARG_SOCKADDR] = { 1, false },
    [ARG_IDS] = { 4, false },
    [ARG_MSGHDR] = { 56, false },
    [ARG_OMSGHDR] = { 56, true },
    [ARG_POLLFD] = { 8, true },
    [ARG_OSTAT] = { 144, true },
    [ARG_OSTATX] = { 256, true },
    [ARG_OSTATFS] = { 120, true },
    [ARG_OTIMESPEC] = { 16, true },
    [ARG_OTIMEVAL] = { 16, true },
    [ARG_OTIMEZONE] = { 8, true },
    [ARG_OMQATTR] = { 64, true },
    [ARG_OFDPAIR] = { 8, true },
    [ARG_ORUSAGE] = { 144, true },
    [ARG_OSYSINFO] = { 112, true },
    [ARG_OINT] = { 4, true },
    [ARG_OLONG] = { 8, true },
    [ARG_IOOFF] = { 8, true },
    [ARG_OITIMERVAL] = { 32, true },
    [ARG_OITIMERSPEC] = { 32, true },
    [ARG_ORLIMIT] = { 16, true },
    [ARG_OTMS] = { 32, true },
    [ARG_OSCHEDPARAM] = { 4, true },
    [ARG_OSTATUS] = { 4, true },
};

static bool may_touch(uint64_t addr, uint64_t len, bool write)
{
    return mmap_extent(addr, len, write) == len;
}

/* Argument @ref as the size the call takes it for. */
static uint64_t count_of(const SyscallDesc *d, const uint64_t *a, unsigned ref)
{
    uint8_t kind = d->args[ref].kind;

    return kind == ARG_D || kind == ARG_U ? (uint32_t)a[ref] : a[ref];
}

/*
 * Where argument @addr leads nobody: a page that must not be touched, because no
 * other address is safe from a guest that maps it.  What the kernel knows not
 * to be an address of user space stays that, and what is odd stays odd: it may
 * look at these first.
 */
static uint64_t nowhere(uint64_t addr)
{
    static _Atomic uint64_t page;
    uint64_t at = page, none = 0;

    if (!access_ok(addr, 1)) {
        return addr | 1ull << 63;
    }
    if (!at) {
        at = (uintptr_t)mmap(NULL, host_page_size, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (!atomic_compare_exchange_strong(&page, &none, at)) {
            munmap((void *)(uintptr_t)at, host_page_size);
            at = none;
        }
    }
    return at + addr % GUEST_PAGE_SIZE;
}

/* Does a call that can read a part of its buffer write that part? */
static bool may_be_short(int host_nr)
{
    return host_nr == __NR_write || host_nr == __NR_pwrite64;
}

/*
 * The kernel would take or give the bytes before a closed page and call that a
 * success.  Where it stops at the first one it says EFAULT, which is not lost.
 */
static bool stops_early(uint64_t addr, uint64_t len)
{
    return !mmap_closed_in(addr, 1) && mmap_closed_in(addr, len);
}

static void limit_buffer(SyscallLimit *l, const SyscallDesc *d, uint64_t *a,
                         unsigned i, bool write)
{
    unsigned ref = d->args[i].ref;
    uint64_t n = ref < 6 ? count_of(d, a, ref) : 0;
    uint64_t len = MIN(n, (uint64_t)INT_MAX);
    uint64_t ok;

    if (!access_ok(a[i], n) && access_ok(a[i], 1)) {
        return;                 /* EFAULT, or the call knows a limit */
    }
    ok = mmap_extent(a[i], len, write);
    l->closed |= stops_early(a[i], ok);
    if (ok == len) {
        return;
    }
    if (ok && (write || may_be_short(d->host_nr))) {
        a[ref] = ok;
    } else {
        a[i] = nowhere(a[i]);
        l->bad = true;
    }
}

/*
 * What the kernel makes of the bytes before the first bad one depends on the
 * file, so it is to find them.  The array has to stay as it was looked at: it is
 * copied.
 */
static void limit_iov(SyscallLimit *l, const SyscallDesc *d, uint64_t *a,
                      unsigned i)
{
    bool write = d->args[i].kind == ARG_OIOV;
    bool first_closed = false, any_closed = false;
    unsigned ref = d->args[i].ref;
    uint64_t n = a[ref];
    struct iovec *v = l->iov;

    if (n > IOV_MAX) {
        return;                 /* EINVAL */
    }
    if (!copy_from_guest(v, a[i], n * sizeof(*v))) {
        a[i] = nowhere(a[i]);
        l->bad = true;
        return;
    }
    for (uint64_t k = 0; k < n; k++) {
        if ((int64_t)v[k].iov_len < 0) {
            return;             /* EINVAL */
        }
    }
    for (uint64_t k = 0; k < n; k++) {
        uint64_t base = (uintptr_t)v[k].iov_base;
        uint64_t len = MIN(v[k].iov_len, (uint64_t)INT_MAX);
        uint64_t ok = mmap_extent(base, len, write);

        first_closed |= k == 0 && mmap_closed_in(base, MIN(ok, 1));
        any_closed |= mmap_closed_in(base, ok);
        l->closed = any_closed && (!first_closed || ok < len);
        if (ok < len) {
            if (ok && k + 1 < IOV_MAX) {
                v[k].iov_len = ok;
                v[++k].iov_len = len - ok;
            }
            v[k].iov_base = (void *)(uintptr_t)nowhere(base + ok);
            a[i] = (uintptr_t)v;
            a[ref] = k + 1;
            l->bad = true;
            return;
        }
    }
}

/* A message the kernel could neither read nor write a byte of. */
static bool message_is_bad(uint64_t addr, bool write)
{
    struct msghdr m;
    struct iovec first;
    uint64_t len;

    if (!get_guest(m, addr) ||
        (m.msg_iovlen && !get_guest(first, (uintptr_t)m.msg_iov))) {
        return true;
    }
    len = m.msg_iovlen ? MIN(first.iov_len, (uint64_t)INT_MAX) : 0;
    return (len && !mmap_extent((uintptr_t)first.iov_base, len, write)) ||
           (m.msg_name &&
            !may_touch((uintptr_t)m.msg_name, m.msg_namelen, write)) ||
           (m.msg_control &&
            !may_touch((uintptr_t)m.msg_control, m.msg_controllen, write));
}

/* Does argument @i point where the guest may not go? */
static bool is_bad(const SyscallDesc *d, const uint64_t *a, unsigned i)
{
    const SyscallArg *arg = &d->args[i];
    const ArgAccess *access = &accesses[arg->kind];
    uint64_t n = 1;
    uint32_t room;

    switch (arg->kind) {
    case ARG_PATH:
    case ARG_STR:
        return strnlen_guest(a[i], PATH_MAX) < 0;
    case ARG_MSGHDR:
    case ARG_OMSGHDR:
        return message_is_bad(a[i], access->write);
    case ARG_OSOCKADDR:
        return !get_guest_u32(&room, a[arg->ref]) ||
               !may_touch(a[i], MIN(room, sizeof(struct sockaddr_storage)),
                          true);
    case ARG_FDSET:
        /* More than the process has room for is not looked at. */
        n = ROUND_UP(MIN(count_of(d, a, arg->ref), FD_SETSIZE), 64) / 8;
        return !may_touch(a[i], n, true);
    case ARG_P:
        /* A structure without a kind of its own. */
        return arg->out_size && arg->ref > 5 &&
               !may_touch(a[i], arg->out_size, true);
    }
    if (arg->ref < 6) {
        n = MIN(count_of(d, a, arg->ref), (uint64_t)INT_MAX);
    }
    return access->size && !may_touch(a[i], n * access->size, access->write);
}

void syscall_limit(SyscallLimit *l, const SyscallDesc *d, uint64_t *a)
{
    bool has_iov = false;

    l->bad = l->closed = false;
    for (unsigned i = 0; i < d->nargs; i++) {
        const SyscallArg *arg = &d->args[i];

        if (!a[i]) {
            continue;
        }
        switch (arg->kind) {
        case ARG_BUF:
            limit_buffer(l, d, a, i, false);
            break;
        case ARG_OBUF:
        case ARG_OSTR:
            limit_buffer(l, d, a, i, true);
            break;
        case ARG_ODIRENT:
        case ARG_ODIRENT64:
            /* Not every host gives the entries again after EFAULT. */
            limit_buffer(l, d, a, i, true);
            l->closed |= mmap_closed_in(a[i], a[arg->ref]);
            break;
        case ARG_IOV:
        case ARG_OIOV:
            /* Of two, the second one belongs to another process. */
            if (!has_iov && !d->fn && arg->ref < 6) {
                limit_iov(l, d, a, i);
            }
            has_iov = true;
            break;
        default:
            if (is_bad(d, a, i)) {
                a[i] = nowhere(a[i]);
                l->bad = true;
            }
        }
    }
}

/* Does the kernel follow this argument, whatever it finds there? */
static bool is_pointer(const SyscallArg *arg)
{
    switch (arg->kind) {
    case ARG_PATH:
    case ARG_STR:
    case ARG_STRV:
    case ARG_BUF:
    case ARG_IOV:
    case ARG_OIOV:
    case ARG_SIGSET:
    case ARG_SIGINFO:
        return true;
    default:
        return arg->out_size || accesses[arg->kind].size;
    }
}

bool syscall_is_wild(const SyscallDesc *d, const uint64_t *a)
{
    char byte;

    for (unsigned i = 0; i < d->nargs; i++) {
        if (a[i] && is_pointer(&d->args[i]) &&
            !(page_get_flags(a[i], NULL) & PAGE_VALID) &&
            uaccess_copy(&byte, g2h(a[i]), 1)) {
            return true;
        }
    }
    return false;
}
