/*
 * Logging selected by `-d`: one mask, one output, and a filter on guest
 * addresses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef QEMU_LOG_H
#define QEMU_LOG_H

#include "qemu/osdep.h"

enum {
    LOG_IN_ASM       = 1u << 0,
    LOG_OP           = 1u << 1,
    LOG_OP_OPT       = 1u << 2,
    LOG_OUT_ASM      = 1u << 3,
    LOG_INT          = 1u << 4,
    LOG_EXEC         = 1u << 5,
    LOG_CPU          = 1u << 6,
    LOG_PAGE         = 1u << 7,
    LOG_NOCHAIN      = 1u << 8,
    LOG_STRACE       = 1u << 9,
    LOG_UNIMP        = 1u << 10,
    LOG_GUEST_ERRORS = 1u << 11,
    LOG_TID          = 1u << 12,
    LOG_KZT          = 1u << 13,
    LOG_LOADER       = 1u << 14,
    LOG_STATS        = 1u << 15,
};

typedef struct QemuLogItem {
    uint32_t mask;
    const char *name;
    const char *help;
} QemuLogItem;

/* All items in the order `-d help` prints them; ends with a NULL name. */
extern const QemuLogItem qemu_log_items[];

/* Read anywhere; written by option parsing before the first guest thread. */
extern uint32_t qemu_loglevel;

static inline bool qemu_loglevel_mask(uint32_t mask)
{
    return unlikely((qemu_loglevel & mask) != 0);
}

/*
 * Parse a comma separated list of item names ("in_asm,op,all") into *mask.
 * Returns false and leaves *mask alone when a name is unknown; *bad then
 * points at that name inside @items (borrowed).
 */
bool qemu_log_parse(const char *items, uint32_t *mask, const char **bad);

/*
 * Send the log to @path ('%d' is replaced by the process id), or to stderr
 * for NULL.  What the file holds goes, unless @append.  Returns 0 or -errno.
 */
int qemu_log_open(const char *path, bool append);

/*
 * Restrict in_asm, op, op_opt, out_asm, exec and cpu to guest addresses:
 * "START+LEN", "START-LEN", "START..END", comma separated, hexadecimal.
 * Returns false on a syntax error.
 */
bool qemu_log_set_filter(const char *ranges);
bool qemu_log_in_filter(uint64_t addr);

/* Write to the log unconditionally; one call is one atomic write. */
void qemu_log(const char *fmt, ...) QEMU_PRINTF(1, 2);
void qemu_logv(const char *fmt, va_list ap) QEMU_PRINTF(1, 0);

#define qemu_log_mask(mask, ...)            \
    do {                                    \
        if (qemu_loglevel_mask(mask)) {     \
            qemu_log(__VA_ARGS__);          \
        }                                   \
    } while (0)

/* File descriptor the log goes to: it must survive the guest's close(). */
int qemu_log_fd(void);
/* Write to @fd from now on (the descriptor was moved). */
void qemu_log_set_fd(int fd);

/* "qemu-x86_64: " + message + newline on stderr, in one write. */
void error_report(const char *fmt, ...) QEMU_PRINTF(1, 2);

#endif
