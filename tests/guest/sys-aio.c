/*
 * Asynchronous I/O: io_setup and friends, and io_uring through its rings in
 * shared memory.  Skipped parts print nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <linux/aio_abi.h>
#include <linux/io_uring.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static void test_aio(void)
{
    aio_context_t ctx = 0;
    struct iocb cb = { 0 }, *list[1] = { &cb };
    struct io_event ev[2];
    struct timespec ts = { 5, 0 };
    char buf[16] = "";
    int fd = open("aio", O_RDWR | O_CREAT | O_TRUNC, 0600);

    pwrite(fd, "async data", 10, 0);
    if (sc(syscall(SYS_io_setup, 4, &ctx)) == -ENOSYS) {
        return;
    }
    cb.aio_data = 0x1234567890ull;
    cb.aio_lio_opcode = IOCB_CMD_PREAD;
    cb.aio_fildes = fd;
    cb.aio_buf = (uint64_t)buf;
    cb.aio_nbytes = 10;
    CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 2, ev, &ts), 1);
    CHECK_EQ(ev[0].data, 0x1234567890ull);
    CHECK_EQ(ev[0].res, 10);
    CHECK_EQ(strcmp(buf, "async data"), 0);
    ts = (struct timespec) { 0, 1000000 };
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 2, ev, &ts), 0);
    CHECK_EQ(syscall(SYS_io_destroy, ctx), 0);
    CHECK_EQ(sc(syscall(SYS_io_destroy, ctx)), -EINVAL);
    close(fd);
}

/* Buffers beside pages that forbid everything. */
static void test_guarded(void)
{
    enum { N = 24, PAGE = 4096 };
    struct timespec ts = { 1, 0 };
    struct io_event ev[N];
    struct iocb *list[N], block[N];
    struct iovec vector[N][2];
    aio_context_t ctx = 0;
    int fd = open("aio2", O_RDWR | O_CREAT | O_TRUNC, 0600), right = 0;
    char *area = mmap(NULL, 2 * N * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (sc(syscall(SYS_io_setup, N, &ctx)) == -ENOSYS) {
        return;
    }
    CHECK_EQ(pwrite(fd, "0123456789", 10, 0), 10);
    for (int i = 0; i < N; i++) {
        char *p = area + 2 * i * PAGE;
        struct iocb *cb = &block[i];
        struct iovec *v = vector[i];

        memset(p, 'x', 100);
        memset(cb, 0, sizeof(*cb));
        cb->aio_fildes = fd;
        cb->aio_data = i;
        cb->aio_offset = i & 1 ? 100 + 10 * i : 0;
        v[0] = (struct iovec) { p, 4 };
        v[1] = (struct iovec) { p + 4, 6 };
        cb->aio_lio_opcode = i & 1 ? i & 2 ? IOCB_CMD_PWRITEV : IOCB_CMD_PWRITE
                                   : i & 2 ? IOCB_CMD_PREADV : IOCB_CMD_PREAD;
        cb->aio_buf = (uint64_t)(i & 2 ? (void *)v : p);
        cb->aio_nbytes = i & 2 ? 2 : 10;
        list[i] = cb;
        mprotect(p + PAGE, PAGE, PROT_NONE);
    }
    CHECK_EQ(syscall(SYS_io_submit, ctx, N, list), N);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, N, N, ev, &ts), N);
    for (int i = 0; i < N; i++) {
        char *p = area + 2 * ev[i].data * PAGE;
        char back[10] = "";

        CHECK_EQ(ev[i].res, 10);
        if (ev[i].data & 1) {
            CHECK_EQ(pread(fd, back, 10, 100 + 10 * ev[i].data), 10);
            right += memcmp(back, "xxxxxxxxxx", 10) == 0;
        } else {
            right += memcmp(p, "0123456789x", 11) == 0;
        }
    }
    CHECK_EQ(right, N);
    syscall(SYS_io_destroy, ctx);
    munmap(area, 2 * N * PAGE);
    close(fd);
}

static void test_uring(void)
{
    struct io_uring_params p = { 0 };
    int ring = syscall(SYS_io_uring_setup, 4, &p), fd;
    size_t sq_len, cq_len;
    char *sq, *cq, buf[16] = "";
    struct io_uring_sqe *sqe;
    struct io_uring_cqe *cqe;
    unsigned *tail, *head, *array;

    if (ring < 0) {
        CHECK(errno == ENOSYS || errno == EPERM);
        return;
    }
    sq_len = p.sq_off.array + p.sq_entries * sizeof(unsigned);
    cq_len = p.cq_off.cqes + p.cq_entries * sizeof(*cqe);
    sq = mmap(NULL, sq_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
              ring, IORING_OFF_SQ_RING);
    cq = mmap(NULL, cq_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
              ring, IORING_OFF_CQ_RING);
    sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    CHECK(sq != MAP_FAILED && cq != MAP_FAILED && sqe != MAP_FAILED);
    fd = open("aio", O_RDONLY);
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = IORING_OP_READ;
    sqe->fd = fd;
    sqe->addr = (uint64_t)buf;
    sqe->len = 10;
    sqe->user_data = 0xabcdef;
    tail = (unsigned *)(sq + p.sq_off.tail);
    array = (unsigned *)(sq + p.sq_off.array);
    array[*tail & (p.sq_entries - 1)] = 0;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS,
                     NULL, 0), 1);
    head = (unsigned *)(cq + p.cq_off.head);
    cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
    CHECK_EQ(__atomic_load_n((unsigned *)(cq + p.cq_off.tail),
                             __ATOMIC_ACQUIRE) - *head, 1);
    CHECK_EQ(cqe[*head & (p.cq_entries - 1)].user_data, 0xabcdef);
    CHECK_EQ(cqe[*head & (p.cq_entries - 1)].res, 10);
    CHECK_EQ(strcmp(buf, "async data"), 0);
    munmap(sq, sq_len);
    munmap(cq, cq_len);
    munmap(sqe, p.sq_entries * sizeof(*sqe));
    close(fd);
    close(ring);
}

int main(void)
{
    test_aio();
    test_guarded();
    test_uring();
    puts("done");
    return 0;
}
