/*
 * Asynchronous I/O: calls whose buffers the kernel finds in memory by itself.
 *
 * What becomes of a buffer is not in the result of the call, so there is no
 * second try: pages that hold translated code, or that a larger host page keeps
 * closed, are opened before it.  The kernel takes hold of all buffers of
 * io_submit() before that returns.
 *
 * The rings of io_uring are read at any moment, without a call.  On hosts with
 * large pages, or with other numbers in what is asked there (the flags of files
 * to open), it is not offered; programs know kernels and containers without it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "openflags.h"
#include "qemu/log.h"
#include "user/mmap.h"
#include <linux/aio_abi.h>

/* Make the buffers of @cb ready; true if some page keeps the kernel away. */
static bool prepare(const struct iocb *cb)
{
    uint64_t n = cb->aio_nbytes;
    bool closed;

    switch (cb->aio_lio_opcode) {
    case IOCB_CMD_PREAD:
        syscall_unprotect_range(cb->aio_buf, n);
        return mmap_closed_in(cb->aio_buf, n);
    case IOCB_CMD_PWRITE:
        return mmap_closed_in(cb->aio_buf, n);
    case IOCB_CMD_PREADV:
        syscall_unprotect_iov(cb->aio_buf, n);
        break;
    case IOCB_CMD_PWRITEV:
        break;
    default:
        return false;
    }
    closed = n <= IOV_MAX &&
             mmap_closed_in(cb->aio_buf, n * sizeof(struct iovec));
    for (uint64_t i = 0; i < n && n <= IOV_MAX; i++) {
        struct iovec v;

        if (!get_guest(v, cb->aio_buf + i * sizeof(v))) {
            break;
        }
        closed |= mmap_closed_in(h2g(v.iov_base), v.iov_len);
    }
    return closed;
}

int64_t sys_io_submit(CPUArchState *env, const uint64_t *a)
{
    int64_t n = a[1], ret;
    bool closed = false;

    for (int64_t i = 0; i < n; i++) {
        uint64_t at = a[2] + i * sizeof(at), addr;
        struct iocb cb;

        if (!get_guest_u64(&addr, at) || !get_guest(cb, addr)) {
            break;
        }
        closed |= prepare(&cb) | mmap_closed_in(at, sizeof(at)) |
                  mmap_closed_in(addr, sizeof(cb));
    }
    if (closed) {
        mmap_open_all(true);
    }
    ret = raw_syscall(__NR_io_submit, a[0], n, a[2]);
    if (closed) {
        mmap_close_all();
    }
    return ret;
}

int64_t sys_io_uring_setup(CPUArchState *env, const uint64_t *a)
{
    if (host_page_size > GUEST_PAGE_SIZE) {
        qemu_log_mask(LOG_STRACE, "# io_uring_setup: not offered on a host "
                      "with %" PRIu64 " KiB pages\n", host_page_size / 1024);
        return -ENOSYS;
    }
    if (!OPEN_FLAGS_EQUAL) {
        return -ENOSYS;
    }
    return raw_syscall(__NR_io_uring_setup, a[0], a[1]);
}
