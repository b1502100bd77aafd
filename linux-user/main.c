/*
 * The start of the emulator: options, engine, program, CPU loop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "exec/engine.h"
#include "linux-user/loader.h"
#include "linux-user/options-internal.h"
#include "kzt/kzt.h"
#include "target/i386/cpu.h"
#include "user/kzt-process.h"
#include "user/mmap.h"
#include "user/options.h"
#include "user/process.h"
#include "user/procfs.h"
#include "user/signal.h"
#include "user/symbols.h"
#include "user/syscall.h"
#include <fcntl.h>
#include <sys/auxv.h>

/* Bit of AT_FLAGS: binfmt_misc passes the original argv[0] (flag P). */
#define AT_FLAGS_PRESERVE_ARGV0 1

#ifndef AT_EXECFD
#define AT_EXECFD 2
#endif

extern char **environ;

/*
 * What the kernel's binfmt_misc says: argv is then path, [original argv[0]],
 * arguments, without options, and with flag O the file is open already.
 */
typedef struct BinfmtInfo {
    bool active;                /* flag P or O says so */
    bool have_argv0;
    int fd;
} BinfmtInfo;

static const char *execfn(void)
{
    return (const char *)(uintptr_t)getauxval(AT_EXECFN);
}

/*
 * Did binfmt_misc start us, even without those flags?  AT_EXECFN is then the
 * program, or the script it interprets, and argv[0] the emulator's path.
 */
static bool started_by_kernel(int argc, char **argv)
{
    if (argv[0][0] != '/' || !execfn() || !strcmp(execfn(), argv[0])) {
        return false;
    }
    for (int i = 1; i < argc && i <= 3; i++) {
        if (!strcmp(execfn(), argv[i])) {
            return true;
        }
    }
    return false;
}

static BinfmtInfo binfmt_info(void)
{
    BinfmtInfo b = { .fd = -1 };
    unsigned long val;

    b.have_argv0 = getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;
    /* Descriptor 0 is a valid answer: absence is told by errno. */
    errno = 0;
    val = getauxval(AT_EXECFD);
    if (errno == 0) {
        b.fd = val;
    }
    b.active = b.have_argv0 || b.fd >= 0;
    return b;
}

/* Fill @req from the command line. */
static void find_program(LoadRequest *req, int argc, char **argv,
                         const BinfmtInfo *binfmt,
                         const ExecHandover *handover)
{
    int i = 1;

    /* A shell that searched PATH leaves it to AT_EXECFN to say where. */
    options_init(strchr(argv[0], '/') || !execfn() ? argv[0] : execfn());
    if (!handover->present) {
        options_parse_environment();
    }
    if (!binfmt->active) {
        i = options_parse_arguments(argc, argv);
    }
    if (!strcmp(user_options.cpu_model, "help") ||
        !strcmp(user_options.cpu_model, "?")) {
        x86_cpu_list(stdout);
        exit(0);
    }
    if (i >= argc) {
        fprintf(stderr, "qemu: no user program specified\n");
        exit(1);
    }
    req->path = argv[i];
    req->argc = argc - i;
    req->argv = argv + i;
    req->fd = binfmt->fd;
    req->checked = binfmt->active;
    if (binfmt->have_argv0 && argc - i >= 2) {
        req->argc--;
        req->argv++;
    }
    if (user_options.argv0) {
        req->argv[0] = (char *)user_options.argv0;
    }
    if (handover->present) {
        req->execfn = handover->execfn;
        req->fd = handover->fd;
        req->checked = true;
    }
}

static void open_log(bool handed_over)
{
    const char *file = user_options.log_file;
    int ret, fd;

    if (!file) {
        /* The log goes on when the guest closes its standard error. */
        fd = qemu_loglevel ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
        if (fd >= 0) {
            qemu_log_set_fd(fd_make_private(fd));
        }
        return;
    }
    /* The first program starts an empty log, those it executes append. */
    ret = qemu_log_open(file, handed_over);
    if (ret < 0) {
        error_report("cannot open the log '%s': %s", file, strerror(-ret));
        if (!handed_over) {
            exit(1);
        }
        /* The guest's program must not fail for it, after chroot() say. */
        qemu_loglevel = 0;
        return;
    }
    fd = fd_make_private(qemu_log_fd());
    qemu_log_set_fd(fd);
}

static const struct X86CPUModel *choose_cpu(void)
{
    const struct X86CPUModel *model;
    char *err = NULL;

    model = x86_cpu_model(user_options.cpu_model, &err);
    if (!model) {
        error_report("%s", err);
        exit(1);
    }
    return model;
}

static void start_engine(void)
{
    EngineConfig cfg = {
        .code_cache_size = user_options.tb_size,
        .interp = user_options.interp,
        .one_insn_per_tb = user_options.one_insn_per_tb,
        .nochain = qemu_loglevel_mask(LOG_NOCHAIN),
        .tso = user_options.tso,
        .cold_runs = user_options.cold_runs,
        .perfmap = user_options.perfmap,
        .jitdump = user_options.jitdump,
        .user = &mmap_engine_ops,
    };

    if (!engine_init(&cfg)) {
        exit(1);
    }
    if (cfg.perfmap || cfg.jitdump ||
        qemu_loglevel_mask(LOG_IN_ASM | LOG_EXEC)) {
        symbols_init();
    }
}

int main(int argc, char **argv)
{
    ExecHandover handover = { .fd = -1, .seccomp_fd = -1 };
    BinfmtInfo binfmt = binfmt_info();
    const struct X86CPUModel *model;
    LoadRequest req = { 0 };
    CPUArchState *env;
    int ret;

    if (!binfmt.active) {
        handover = exec_handover_take(&argc, argv, environ);
    }
    user_options.binfmt = handover.present ? handover.binfmt :
                          binfmt.active || started_by_kernel(argc, argv);
    if (getauxval(AT_SECURE)) {
        options_disarm_environment(environ);
    }
    find_program(&req, argc, argv, &binfmt, &handover);
    req.envp = handover.present ? environ : options_edit_environment(environ);
    model = choose_cpu();
    open_log(handover.present);
    if (!handover.present && !kzt_report_check()) {
        exit(1);
    }
    mmap_init();
    start_engine();

    env = cpu_create(NULL);
    env->model = model;
    env->random_state = user_options.seed;
    env->random_seeded = user_options.have_seed;
    cpu_x86_reset(env);
    task_init_main(env);
    process_atfork(mmap_fork_start, mmap_fork_end);
    signal_init();
    syscall_init();
    if (handover.seccomp_fd >= 0) {
        seccomp_import(handover.seccomp_fd);
    }

    ret = loader_exec(&req, env);
    if (ret) {
        return ret;
    }
    if (handover.limits) {
        limits_import(handover.limits);
    }
#ifdef CONFIG_KZT
    kzt_process_start();
#endif
    procfs_publish();
    cpu_loop(env);
    return 0;
}
