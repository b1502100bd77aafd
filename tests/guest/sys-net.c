/*
 * Sockets: stream and datagram, addresses, control messages, many messages at
 * once, options.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static int listener(struct sockaddr_in *addr)
{
    socklen_t len = sizeof(*addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    *addr = (struct sockaddr_in) {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)addr, len), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    CHECK_EQ(len, sizeof(*addr));
    CHECK_EQ(listen(fd, 5), 0);
    return fd;
}

static void test_tcp(void)
{
    struct sockaddr_in addr, peer;
    socklen_t len = sizeof(peer);
    struct timeval tv = { 0, 2000 };
    int l = listener(&addr), c, s, v;
    char buf[64];

    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(c, (struct sockaddr *)&addr, sizeof(addr)), 0);
    s = syscall(SYS_accept, l, &peer, &len);
    CHECK(s >= 0);
    CHECK_EQ(peer.sin_family, AF_INET);
    CHECK_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(send(c, "hello", 5, MSG_NOSIGNAL), 5);
    CHECK_EQ(recv(s, buf, 64, MSG_PEEK), 5);
    CHECK_EQ(read(s, buf, 64), 5);
    CHECK_EQ(sc(recv(s, buf, 64, MSG_DONTWAIT)), -EAGAIN);
    CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
    CHECK_EQ(sc(recv(s, buf, 64, 0)), -EAGAIN);
    len = sizeof(v);
    CHECK_EQ(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &len), 0);
    CHECK_EQ(v, SOCK_STREAM);
    v = 1;
    CHECK_EQ(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)), 0);
    CHECK_EQ(shutdown(c, SHUT_WR), 0);
    CHECK_EQ(recv(s, buf, 64, 0), 0);
    len = sizeof(peer);
    CHECK_EQ(getpeername(c, (struct sockaddr *)&peer, &len), 0);
    CHECK_EQ(peer.sin_port, addr.sin_port);
    close(c);
    close(s);
    close(l);
    c = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(sc(connect(c, (struct sockaddr *)&addr, sizeof(addr))),
             -ECONNREFUSED);
    CHECK_EQ(sc(accept(c, NULL, NULL)), -EINVAL);
    CHECK_EQ(sc(send(1000, buf, 1, 0)), -EBADF);
    CHECK_EQ(sc(getsockopt(0, SOL_SOCKET, SO_TYPE, &v, &len)), -ENOTSOCK);
    close(c);
    puts("tcp");
}

static void test_accept4(void)
{
    struct sockaddr_in addr;
    int l = listener(&addr), c = socket(AF_INET, SOCK_STREAM, 0), s;

    connect(c, (struct sockaddr *)&addr, sizeof(addr));
    s = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(s, F_GETFL) & O_NONBLOCK);
    close(c);
    close(s);
    close(l);
    puts("accept4");
}

static void test_fd_passing(void)
{
    int sv[2], p[2], got;
    char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    char byte = 'x';
    struct iovec iov = { &byte, 1 };
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
        .msg_controllen = CMSG_SPACE(sizeof(int)),
    };
    struct cmsghdr *c;
    int on = 1;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv), 0);
    setsockopt(sv[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    pipe(p);
    memset(control, 0, sizeof(control));
    c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &p[1], sizeof(int));
    CHECK_EQ(sendmsg(sv[0], &m, 0), 1);
    close(p[1]);
    m.msg_controllen = sizeof(control);
    CHECK_EQ(recvmsg(sv[1], &m, MSG_CMSG_CLOEXEC), 1);
    got = -1;
    for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_type == SCM_RIGHTS) {
            memcpy(&got, CMSG_DATA(c), sizeof(int));
        } else if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred u;

            memcpy(&u, CMSG_DATA(c), sizeof(u));
            CHECK_EQ(u.pid, getpid());
        }
    }
    CHECK(got >= 0);
    CHECK_EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(got, "y", 1), 1);
    CHECK_EQ(read(p[0], &byte, 1), 1);
    CHECK_EQ(byte, 'y');
    puts("fd passing");
}

static void test_mmsg(void)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    }, from[3];
    socklen_t len = sizeof(addr);
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    char in[3][16], out[3][4] = { "one", "two", "tri" };
    struct iovec io[3], ii[3];
    struct mmsghdr mo[3], mi[3];
    struct timespec ts = { 1, 0 };

    bind(b, (struct sockaddr *)&addr, sizeof(addr));
    getsockname(b, (struct sockaddr *)&addr, &len);
    memset(mo, 0, sizeof(mo));
    memset(mi, 0, sizeof(mi));
    for (int i = 0; i < 3; i++) {
        io[i] = (struct iovec) { out[i], 3 };
        ii[i] = (struct iovec) { in[i], 16 };
        mo[i].msg_hdr = (struct msghdr) {
            .msg_name = &addr, .msg_namelen = sizeof(addr),
            .msg_iov = &io[i], .msg_iovlen = 1,
        };
        mi[i].msg_hdr = (struct msghdr) {
            .msg_name = &from[i], .msg_namelen = sizeof(from[i]),
            .msg_iov = &ii[i], .msg_iovlen = 1,
        };
    }
    CHECK_EQ(sendmmsg(a, mo, 3, 0), 3);
    CHECK_EQ(recvmmsg(b, mi, 3, 0, &ts), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(mi[i].msg_len, 3);
        CHECK_EQ(memcmp(in[i], out[i], 3), 0);
        CHECK_EQ(from[i].sin_family, AF_INET);
    }
    CHECK_EQ(sendto(a, "abcd", 4, 0, (struct sockaddr *)&addr, sizeof(addr)),
             4);
    len = sizeof(addr);
    CHECK_EQ(recvfrom(b, in[0], 2, MSG_TRUNC, (struct sockaddr *)&addr, &len),
             4);
    CHECK_EQ(len, sizeof(addr));
    puts("mmsg");
}

static void *connector(void *arg)
{
    struct sockaddr_un *un = arg;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    connect(fd, (struct sockaddr *)un, sizeof(*un));
    write(fd, "packet", 6);
    close(fd);
    return NULL;
}

static void test_unix(void)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "sock" }, who;
    socklen_t len = sizeof(who);
    int l = socket(AF_UNIX, SOCK_SEQPACKET, 0), s;
    pthread_t t;
    char buf[16];

    CHECK_EQ(bind(l, (struct sockaddr *)&un, sizeof(un)), 0);
    CHECK_EQ(sc(bind(l, (struct sockaddr *)&un, sizeof(un))),
             -EADDRINUSE);
    listen(l, 1);
    pthread_create(&t, NULL, connector, &un);
    s = accept(l, (struct sockaddr *)&who, &len);
    CHECK_EQ(len, 2);
    CHECK_EQ(read(s, buf, 16), 6);
    pthread_join(t, NULL);
    CHECK_EQ(read(s, buf, 16), 0);
    puts("unix");
}

/*
 * The page next to a buffer is closed while a call sleeps: what the call takes
 * arrives all the same.
 */
static int sleeping_fd;
static char *sleeping_at;

static void *sleeping_accept(void *arg)
{
    socklen_t len = 100;
    int s = accept(sleeping_fd, (struct sockaddr *)sleeping_at, &len);

    CHECK(s >= 0);
    CHECK_EQ(((struct sockaddr *)sleeping_at)->sa_family, AF_UNIX);
    close(s);
    return NULL;
}

static int sleeping_how;

/* Two messages, to buffers in different pages of the largest host. */
static int receive(char *first, char *second)
{
    struct iovec v[2] = { { first, 100 }, { second, 100 } };
    struct mmsghdr m[2] = {
        { .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
        { .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } },
    };

    switch (sleeping_how) {
    case 0:
        return recv(sleeping_fd, first, 100, 0) +
               recv(sleeping_fd, second, 100, 0);
    case 1:
        return read(sleeping_fd, first, 100) + read(sleeping_fd, second, 100);
    case 2:
        return readv(sleeping_fd, &v[0], 1) + readv(sleeping_fd, &v[1], 1);
    case 3:
        return recvmsg(sleeping_fd, &m[0].msg_hdr, 0) +
               recvmsg(sleeping_fd, &m[1].msg_hdr, 0);
    default:
        CHECK_EQ(recvmmsg(sleeping_fd, m, 2, 0, NULL), 2);
        return m[0].msg_len + m[1].msg_len;
    }
}

static void *sleeping_recv(void *arg)
{
    char *second = sleeping_at + 65536;

    CHECK_EQ(receive(sleeping_at, second), 11);
    CHECK_EQ(memcmp(sleeping_at, "hello", 5), 0);
    CHECK_EQ(memcmp(second, "second", 6), 0);
    return NULL;
}

static void test_sleeping(void)
{
    struct sockaddr_un name = { AF_UNIX, "sleeping" };
    int l = socket(AF_UNIX, SOCK_STREAM, 0), p[2];
    int c = socket(AF_UNIX, SOCK_STREAM, 0);
    pthread_t t;

    CHECK_EQ(bind(l, (struct sockaddr *)&name, sizeof(name)), 0);
    CHECK_EQ(listen(l, 5), 0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, p), 0);
    for (int i = 0; i < 20; i++) {
        sleeping_at = mmap(NULL, 131072, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        sleeping_fd = i & 1 ? l : p[0];
        sleeping_how = i / 2 % 5;
        pthread_create(&t, NULL, i & 1 ? sleeping_accept : sleeping_recv, NULL);
        usleep(20000);
        CHECK_EQ(mprotect(sleeping_at + 4096, 4096, PROT_NONE), 0);
        if (i & 1) {
            CHECK_EQ(connect(c, (struct sockaddr *)&name, sizeof(name)), 0);
            close(c);
            c = socket(AF_UNIX, SOCK_STREAM, 0);
        } else {
            CHECK_EQ(send(p[1], "hello", 5, 0), 5);
            usleep(20000);
            CHECK_EQ(mprotect(sleeping_at + 65536 + 4096, 4096, PROT_NONE), 0);
            CHECK_EQ(send(p[1], "second", 6, 0), 6);
        }
        pthread_join(t, NULL);
        munmap(sleeping_at, 131072);
    }
    close(c);
    close(l);
    puts("sleeping");
}

/* Vectors that no kernel follows to their end. */
static void test_wild(void)
{
    struct iovec wild[2] = { { (void *)-1ul, 100 }, { wild, -1ul >> 8 } };
    struct msghdr m = { .msg_iov = wild, .msg_iovlen = -1ul };
    char byte, *low = malloc(1);
    int p[2];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
    CHECK_EQ(write(p[1], "ab", 2), 2);
    CHECK_EQ(recvmsg(p[0], &m, 0), -1);
    CHECK_EQ(errno, EMSGSIZE);
    m.msg_iovlen = 2;
    CHECK_EQ(recvmsg(p[0], &m, 0), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(readv(p[0], wild, -1), -1);
    CHECK_EQ(errno, EINVAL);
    wild[0] = (struct iovec) { low, 1 };
    wild[1] = (struct iovec) { low, -1ul };
    CHECK_EQ(readv(p[0], wild, 2), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(read(p[0], (void *)-1ul, 1), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(read(p[0], &byte, 1), 1);
    puts("wild");
}

int main(void)
{
    char dir[] = "workXXXXXX";

    CHECK_EQ(chdir(mkdtemp(dir)), 0);
    test_tcp();
    test_accept4();
    test_fd_passing();
    test_mmsg();
    test_unix();
    test_sleeping();
    test_wild();
    return 0;
}
