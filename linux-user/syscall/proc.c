/*
 * The process as the guest sees and shapes it: prctl, arch_prctl, limits,
 * identity of the system.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "internal.h"
#include "user/process.h"
#include "qemu/log.h"
#include "user/elfload.h"
#include "user/options.h"
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>

/* Newer than some headers. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

static int64_t set_name(CPUArchState *env, uint64_t addr)
{
    TaskState *ts = task_of(env);
    char name[16] = "";
    int64_t n = strnlen_guest(addr, sizeof(name) - 1);

    if (n < 0 || !copy_from_guest(name, addr, n)) {
        return -EFAULT;
    }
    memcpy(ts->comm, name, sizeof(name));
    return raw_syscall(__NR_prctl, PR_SET_NAME, name);
}

static int64_t get_auxv(uint64_t addr, uint64_t size)
{
    uint64_t have = guest_image.auxv_words * 8;

    if (!copy_to_guest(addr, guest_image.auxv, MIN(size, have))) {
        return -EFAULT;
    }
    return have;
}

int64_t sys_prctl(CPUArchState *env, const uint64_t *a)
{
    switch ((int)a[0]) {
    case PR_SET_NAME:
        return set_name(env, a[1]);
    case PR_GET_SECCOMP:
        return seccomp_mode(task_of(env));
    case PR_SET_SECCOMP:
        return seccomp_prctl_set(env, a[1], a[2]);
    case PR_GET_TID_ADDRESS:
        return put_guest_u64(a[1], task_of(env)->clear_child_tid) ? 0 :
                                                                    -EFAULT;
    case PR_GET_AUXV:
        return a[3] || a[4] ? -EINVAL : get_auxv(a[1], a[2]);
    case PR_GET_TSC:
        return put_guest_u32(a[1], PR_TSC_ENABLE) ? 0 : -EFAULT;
    case PR_SET_TSC:
        /* RDTSC cannot be made to fault: only the default can be set. */
        return a[1] == PR_TSC_ENABLE ? 0 : -EINVAL;
    case PR_GET_MDWE:
        return a[1] || a[2] || a[3] || a[4] ? -EINVAL : 0;
    case PR_SET_MDWE:
        /* Would forbid the emulator's own code generation. */
    case PR_SET_SYSCALL_USER_DISPATCH:
        /* Would send the emulator's own system calls to the guest. */
    case PR_GET_UNALIGN:
    case PR_SET_UNALIGN:
    case PR_GET_FPEMU:
    case PR_SET_FPEMU:
    case PR_GET_FPEXC:
    case PR_SET_FPEXC:
    case PR_GET_ENDIAN:
    case PR_SET_ENDIAN:
    case PR_SET_FP_MODE:
    case PR_GET_FP_MODE:
    case PR_SVE_SET_VL:
    case PR_SVE_GET_VL:
    case PR_PAC_RESET_KEYS:
    case PR_SET_TAGGED_ADDR_CTRL:
    case PR_GET_TAGGED_ADDR_CTRL:
    case PR_PAC_SET_ENABLED_KEYS:
    case PR_PAC_GET_ENABLED_KEYS:
        /* Other architectures' options are unknown on x86-64. */
        return -EINVAL;
    case PR_SET_MM:
        /* The kernel's idea of the address space is the emulator's. */
        return -EPERM;
    default:
        return raw_syscall(__NR_prctl, a[0], a[1], a[2], a[3], a[4]);
    }
}

int64_t sys_arch_prctl(CPUArchState *env, const uint64_t *a)
{
    switch ((int)a[0]) {
    case TARGET_ARCH_SET_FS:
    case TARGET_ARCH_SET_GS:
        if (a[1] >= TARGET_TASK_SIZE) {
            return -EPERM;
        }
        if ((int)a[0] == TARGET_ARCH_SET_FS) {
            env->segs[R_FS] = 0;
            env->fs_base = a[1];
        } else {
            env->segs[R_GS] = 0;
            env->gs_base = a[1];
        }
        return 0;
    case TARGET_ARCH_GET_FS:
        return put_guest_u64(a[1], env->fs_base) ? 0 : -EFAULT;
    case TARGET_ARCH_GET_GS:
        return put_guest_u64(a[1], env->gs_base) ? 0 : -EFAULT;
    case TARGET_ARCH_GET_CPUID:
        return 1;
    case TARGET_ARCH_SET_CPUID:
        /* Faulting CPUID is an option of the CPU ours does not have. */
        return -ENODEV;
    case TARGET_ARCH_GET_XCOMP_SUPP:
    case TARGET_ARCH_GET_XCOMP_PERM:
        return put_guest_u64(a[1], env->xcr0) ? 0 : -EFAULT;
    case TARGET_ARCH_REQ_XCOMP_PERM:
        if (a[1] >= 64) {
            return -EINVAL;
        }
        return env->xcr0 >> a[1] & 1 ? 0 : -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}

int64_t sys_modify_ldt(CPUArchState *env, const uint64_t *a)
{
    uint64_t n = MIN(a[2], 128);

    switch ((int)a[0]) {
    case 0:
        /* An empty table can be read; 64-bit code needs none. */
        return 0;
    case 2:
        /* The default table: zeros.  Errors of this call are 32 bits wide. */
        return clear_guest(a[1], n) ? n : (uint32_t)-EFAULT;
    case 1:
    case 0x11:
        qemu_log_mask(LOG_UNIMP, "modify_ldt: 16 and 32-bit segments are not "
                      "offered\n");
    }
    return (uint32_t)-ENOSYS;
}

int64_t sys_iopl(CPUArchState *env, const uint64_t *a)
{
    return (uint32_t)a[0] > 3 ? -EINVAL : a[0] ? -EPERM : 0;
}

int64_t sys_ioperm(CPUArchState *env, const uint64_t *a)
{
    return a[0] + a[1] < a[0] || a[0] + a[1] > 65536 ? -EINVAL :
           a[2] ? -EPERM : 0;
}

int64_t sys_uname(CPUArchState *env, const uint64_t *a)
{
    GuestUtsname g;
    struct utsname u;

    if (uname(&u) < 0) {
        return -errno;
    }
    memset(&g, 0, sizeof(g));
    QEMU_BUILD_BUG_ON(sizeof(u.sysname) != 65);
    memcpy(g.sysname, u.sysname, 65);
    memcpy(g.nodename, u.nodename, 65);
    memcpy(g.release, u.release, 65);
    memcpy(g.version, u.version, 65);
    memcpy(g.domainname, u.domainname, 65);
    snprintf(g.machine, sizeof(g.machine), "%s",
             (personality(0xffffffff) & 0xff) == PER_LINUX32 ? "i686" :
                                                               "x86_64");
    if (user_options.uname_release) {
        snprintf(g.release, sizeof(g.release), "%s",
                 user_options.uname_release);
    }
    return put_guest(a[0], g) ? 0 : -EFAULT;
}

/*
 * Limits.  Address space and data segment limits would hit the emulator's own
 * mappings, so they are kept here, and mmap.c holds to them; programs that are
 * executed inherit them.  The rest is the host's business.
 */
static struct {
    _Atomic uint64_t cur, max;
    _Atomic bool set;
} kept[RLIM_NLIMITS];

static bool limit_is_kept(int which)
{
    return which == RLIMIT_AS || which == RLIMIT_DATA;
}

static void limits_apply(void)
{
    mmap_set_limits(kept[RLIMIT_AS].set ? kept[RLIMIT_AS].cur : UINT64_MAX,
                    kept[RLIMIT_DATA].set ? kept[RLIMIT_DATA].cur :
                                            UINT64_MAX);
}

void limits_export(char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = 0;
    for (int which = 0; which < RLIM_NLIMITS && n < size; which++) {
        if (kept[which].set) {
            n += snprintf(buf + n, size - n, "%d=%" PRIx64 "/%" PRIx64 ";",
                          which, kept[which].cur, kept[which].max);
        }
    }
}

void limits_import(const char *text)
{
    uint64_t cur, max;
    int which, len;

    while (sscanf(text, "%d=%" SCNx64 "/%" SCNx64 ";%n", &which, &cur, &max,
                  &len) == 3 && which >= 0 && which < RLIM_NLIMITS) {
        kept[which].cur = cur;
        kept[which].max = max;
        kept[which].set = true;
        text += len;
    }
    limits_apply();
}

void limits_to_host(bool on)
{
    for (int which = 0; which < RLIM_NLIMITS; which++) {
        struct rlimit64 rl;

        if (kept[which].set &&
            raw_syscall(__NR_prlimit64, 0, which, NULL, &rl) == 0) {
            rl.rlim_cur = on ? MIN(kept[which].cur, rl.rlim_max) : rl.rlim_max;
            raw_syscall(__NR_prlimit64, 0, which, &rl, NULL);
        }
    }
}

static int64_t get_limit(int pid, int which, struct rlimit64 *rl)
{
    int64_t ret = raw_syscall(__NR_prlimit64, pid, which, NULL, rl);

    if (ret == 0 && pid == 0 && limit_is_kept(which) &&
        atomic_load(&kept[which].set)) {
        rl->rlim_cur = atomic_load(&kept[which].cur);
        rl->rlim_max = atomic_load(&kept[which].max);
    }
    return ret;
}

static int64_t set_limit(int which, const struct rlimit64 *rl)
{
    struct rlimit64 old;

    if (!limit_is_kept(which)) {
        return raw_syscall(__NR_prlimit64, 0, which, rl, NULL);
    }
    if (rl->rlim_cur > rl->rlim_max) {
        return -EINVAL;
    }
    get_limit(0, which, &old);
    if (rl->rlim_max > old.rlim_max && geteuid() != 0) {
        return -EPERM;
    }
    atomic_store(&kept[which].cur, rl->rlim_cur);
    atomic_store(&kept[which].max, rl->rlim_max);
    atomic_store(&kept[which].set, true);
    limits_apply();
    return 0;
}

int64_t sys_getrlimit(CPUArchState *env, const uint64_t *a)
{
    struct rlimit64 rl;
    int64_t ret = get_limit(0, a[0], &rl);

    return ret < 0 ? ret : put_guest(a[1], rl) ? 0 : -EFAULT;
}

int64_t sys_setrlimit(CPUArchState *env, const uint64_t *a)
{
    struct rlimit64 rl;

    if (!get_guest(rl, a[1])) {
        return -EFAULT;
    }
    return (uint32_t)a[0] < RLIM_NLIMITS ? set_limit(a[0], &rl) : -EINVAL;
}

int64_t sys_prlimit64(CPUArchState *env, const uint64_t *a)
{
    int pid = (int)a[0] == getpid() ? 0 : (int)a[0];
    struct rlimit64 old, new;
    int64_t ret;

    if (pid || !limit_is_kept(a[1])) {
        return raw_syscall(__NR_prlimit64, a[0], a[1], a[2], a[3]);
    }
    if (a[2] && !get_guest(new, a[2])) {
        return -EFAULT;
    }
    ret = get_limit(0, a[1], &old);
    if (!ret && a[2]) {
        ret = set_limit(a[1], &new);
    }
    if (!ret && a[3] && !put_guest(a[3], old)) {
        ret = -EFAULT;
    }
    return ret;
}

/*
 * Expedited barriers need a registration.  The host's may be the emulator's
 * own, so what the guest registered is remembered here; it is inherited.
 */
int64_t sys_membarrier(CPUArchState *env, const uint64_t *a)
{
    static const int registrations =
        MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    static _Atomic unsigned registered;
    int cmd = a[0];
    int64_t ret;

    switch (cmd) {
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
        /* Each is registered by the next bit. */
        if (!(a[1] & ~1ull) && !(registered & cmd << 1)) {
            return -EPERM;
        }
        break;
    case 512:                   /* MEMBARRIER_CMD_GET_REGISTRATIONS */
        return a[1] ? -EINVAL : registered;
    }
    ret = raw_syscall(__NR_membarrier, cmd, a[1], a[2]);
    if (ret == 0) {
        registered |= cmd & registrations;
    }
    return ret;
}
