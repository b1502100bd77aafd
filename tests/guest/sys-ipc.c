/*
 * System V and POSIX inter-process communication.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int sc(long ret)
{
    return ret < 0 ? -errno : (int)ret;
}

static void test_sem(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600 | IPC_CREAT);
    unsigned short all[3] = { 5, 6, 7 }, got[3];
    struct semid_ds ds;
    struct sembuf op[2] = { { 0, -5, 0 }, { 1, 1, 0 } };
    struct timespec ts = { 0, 2000000 };

    CHECK(id >= 0);
    CHECK_EQ(semctl(id, 0, SETALL, all), 0);
    CHECK_EQ(semctl(id, 2, GETVAL), 7);
    CHECK_EQ(semop(id, op, 2), 0);
    CHECK_EQ(semctl(id, 0, GETALL, got), 0);
    CHECK_EQ(got[0], 0);
    CHECK_EQ(got[1], 7);
    CHECK_EQ(sc(semtimedop(id, op, 1, &ts)), -EAGAIN);
    memset(&ds, 0xff, sizeof(ds));
    CHECK_EQ(semctl(id, 0, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.sem_nsems, 3);
    CHECK_EQ(ds.sem_perm.mode & 0777, 0600);
    CHECK_EQ(ds.sem_perm.uid, getuid());
    CHECK(ds.sem_otime != 0 && ds.sem_ctime != 0);
    ds.sem_perm.mode = 0640;
    CHECK_EQ(semctl(id, 0, IPC_SET, &ds), 0);
    CHECK_EQ(semctl(id, 0, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.sem_perm.mode & 0777, 0640);
    if (fork() == 0) {
        op[0] = (struct sembuf) { 0, 1, 0 };
        usleep(2000);
        semop(id, op, 1);
        _exit(0);
    }
    op[0] = (struct sembuf) { 0, -1, 0 };
    CHECK_EQ(semop(id, op, 1), 0);
    wait(NULL);
    CHECK_EQ(semctl(id, 0, IPC_RMID), 0);
    CHECK_EQ(sc(semop(id, op, 1)), -EINVAL);
    puts("sem");
}

static void test_msg(void)
{
    struct { long type; char text[32]; } m = { 7, "hello" };
    int id = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
    struct msqid_ds ds;

    CHECK_EQ(msgsnd(id, &m, 6, 0), 0);
    CHECK_EQ(msgctl(id, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.msg_qnum, 1);
    CHECK_EQ(ds.msg_lspid, getpid());
    CHECK_EQ(sc(msgrcv(id, &m, 32, 8, IPC_NOWAIT)), -ENOMSG);
    memset(&m, 0, sizeof(m));
    CHECK_EQ(msgrcv(id, &m, 32, 7, 0), 6);
    CHECK_EQ(m.type, 7);
    CHECK_EQ(strcmp(m.text, "hello"), 0);
    CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
    puts("msg");
}

static void test_shm(void)
{
    int id = shmget(IPC_PRIVATE, 10000, 0600 | IPC_CREAT);
    char *p = shmat(id, NULL, 0), *q;
    struct shmid_ds ds;

    CHECK(p != (char *)-1);
    strcpy(p + 9000, "shared");
    q = shmat(id, NULL, SHM_RDONLY);
    CHECK_EQ(strcmp(q + 9000, "shared"), 0);
    CHECK_EQ(shmctl(id, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.shm_nattch, 2);
    CHECK_EQ(ds.shm_segsz, 10000);
    if (fork() == 0) {
        strcpy(p, "child");
        _exit(0);
    }
    wait(NULL);
    CHECK_EQ(strcmp(q, "child"), 0);
    CHECK_EQ(shmdt(q), 0);
    CHECK_EQ(sc(shmdt(q)), -EINVAL);
    CHECK_EQ(shmdt(p), 0);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    puts("shm");
}

static void test_mq(void)
{
    struct mq_attr at = { .mq_maxmsg = 4, .mq_msgsize = 64 }, got;
    struct timespec past = { 1, 0 };
    char name[64], buf[64];
    unsigned prio;
    mqd_t q;

    snprintf(name, sizeof(name), "/guest-%d", getpid());
    q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &at);
    if (q < 0) {
        puts("mq");
        return;
    }
    CHECK_EQ(mq_send(q, "low", 3, 1), 0);
    CHECK_EQ(mq_send(q, "high", 4, 9), 0);
    CHECK_EQ(mq_getattr(q, &got), 0);
    CHECK_EQ(got.mq_curmsgs, 2);
    CHECK_EQ(mq_receive(q, buf, 64, &prio), 4);
    CHECK_EQ(prio, 9);
    CHECK_EQ(mq_receive(q, buf, 64, &prio), 3);
    CHECK_EQ(sc(mq_timedreceive(q, buf, 64, &prio, &past)), -ETIMEDOUT);
    CHECK_EQ(mq_close(q), 0);
    CHECK_EQ(mq_unlink(name), 0);
    puts("mq");
}

int main(void)
{
    test_sem();
    test_msg();
    test_shm();
    test_mq();
    return 0;
}
