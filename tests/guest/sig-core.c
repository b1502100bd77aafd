/*
 * Core files: a crash with the limit raised leaves an ELF core whose notes
 * hold the registers of every thread, the signal and the auxiliary vector, and
 * whose memory holds the program's data.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
/* nested: the host may abort in a fork of a threaded program */
#include "guest.h"
#include <elf.h>
#include <glob.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static volatile char secret[] = "find me in the core";
static char *hidden;            /* MADV_DONTDUMP */

static void *waits(void *arg)
{
    for (;;) {
        pause();
    }
}

static void crash(void)
{
    struct rlimit lim = { RLIM_INFINITY, RLIM_INFINITY };
    pthread_t t;

    setrlimit(RLIMIT_CORE, &lim);
    pthread_create(&t, NULL, waits, NULL);
    usleep(20000);
    secret[0] = 'F';
    hidden[0] = 'H';
    asm volatile("mov $0x1234567, %%r12\n mov 0x10, %%rax" : : : "rax", "r12");
}

static char *load(size_t *size)
{
    struct stat st;
    glob_t g;
    char *p;
    int fd;

    if (glob("core*", 0, NULL, &g)) {
        return NULL;
    }
    fd = open(g.gl_pathv[0], O_RDONLY);
    fstat(fd, &st);
    p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    unlink(g.gl_pathv[0]);
    *size = st.st_size;
    return p;
}

static void notes(char *p, size_t size)
{
    int threads = 0, fp = 0, auxv = 0;

    for (char *end = p + size; p < end;) {
        Elf64_Nhdr *n = (void *)p;
        char *name = p + sizeof(*n);
        char *d = name + (n->n_namesz + 3 & ~3);

        if (!strcmp(name, "CORE") && n->n_type == NT_PRSTATUS) {
            if (threads++ == 0) {
                printf("signal %d size %d r12 %llx\n", *(short *)(d + 12),
                       n->n_descsz, *(long long *)(d + 112 + 3 * 8));
            }
        } else if (!strcmp(name, "CORE") && n->n_type == NT_PRFPREG) {
            fp += n->n_descsz == 512;
        } else if (!strcmp(name, "CORE") && n->n_type == NT_AUXV) {
            auxv = n->n_descsz > 100;
        } else if (n->n_type == 0x53494749) {
            siginfo_t *info = (void *)d;

            printf("siginfo %d code %d addr %p\n", info->si_signo,
                   info->si_code, info->si_addr);
        } else if (n->n_type == NT_PRPSINFO) {
            printf("name %s\n", d + 40);
        }
        p = d + (n->n_descsz + 3 & ~3);
    }
    printf("threads %d fp %d auxv %d\n", threads, fp, auxv);
}

static int got_code;

static void on_child(int sig, siginfo_t *info, void *uc)
{
    got_code = info->si_code;
}

/* Who waits learns that there is a core, or that there is none. */
static void dies(bool core, bool hidden)
{
    struct rlimit lim = { core ? RLIM_INFINITY : 0, RLIM_INFINITY };

    setrlimit(RLIMIT_CORE, &lim);
    prctl(PR_SET_DUMPABLE, !hidden);
    abort();
}

static void waiting(bool core, bool hidden)
{
    siginfo_t info;
    int status;
    pid_t pid;

    handle(SIGCHLD, on_child, 0);
    fflush(stdout);
    if (fork() == 0) {
        dies(core, hidden);
    }
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    pid = wait4(-1, &status, 0, NULL);
    printf("code %d %d, core %d, pid %d\n", info.si_code, got_code,
           WCOREDUMP(status), pid == info.si_pid);
    if (fork() == 0) {
        dies(core, hidden);
    }
    CHECK_EQ(waitid(P_PGID, getpgrp(), &info, WEXITED), 0);
    printf("code %d\n", info.si_code);
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), -1);
    CHECK_EQ(errno, ECHILD);
    CHECK_EQ(wait4(-1, &status, WNOHANG, NULL), -1);
    system("rm -f core*");
}

int main(void)
{
    Elf64_Ehdr *e;
    Elf64_Phdr *ph;
    size_t size;
    int found = 0, shown = 0, status;
    char *p;

    system("rm -f core*");
    hidden = mmap(NULL, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(madvise(hidden, 8192, MADV_DONTDUMP), 0);
    CHECK_EQ(madvise(hidden, 4096, MADV_DODUMP), 0);
    status = in_child(crash);
    p = load(&size);
    if (!p) {
        puts("SKIP the kernel writes no core file here");
        return 0;
    }
    printf("status %x\n", status);
    e = (void *)p;
    ph = (void *)(p + e->e_phoff);
    printf("class %d type %d machine %d\n", e->e_ident[EI_CLASS], e->e_type,
           e->e_machine);
    for (int i = 0; i < e->e_phnum; i++) {
        uint64_t first = (uint64_t)hidden, second = first + 4096;

        shown += first >= ph[i].p_vaddr &&
                 first < ph[i].p_vaddr + ph[i].p_filesz;
        shown += 10 * (second >= ph[i].p_vaddr &&
                       second < ph[i].p_vaddr + ph[i].p_filesz);
        uint64_t at = (uint64_t)secret;

        if (ph[i].p_type == PT_NOTE) {
            notes(p + ph[i].p_offset, ph[i].p_filesz);
        } else if (at >= ph[i].p_vaddr &&
                   at < ph[i].p_vaddr + ph[i].p_filesz) {
            found = !strcmp(p + ph[i].p_offset + (at - ph[i].p_vaddr),
                            "Find me in the core");
        }
    }
    printf("memory %d, hidden %d\n", found, shown);
    waiting(true, false);
    waiting(false, false);
    waiting(true, true);
    return 0;
}
