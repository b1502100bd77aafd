/*
 * What code generators share: see host.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "host.h"
#include "qemu/log.h"

/* The bit of a name, 0 if there is none. */
static uint32_t named(const TCGHostFeature *table, unsigned n,
                      const char *name, size_t len)
{
    for (unsigned k = 0; k < n; k++) {
        if (strlen(table[k].name) == len &&
            !strncmp(table[k].name, name, len)) {
            return table[k].bit;
        }
    }
    return 0;
}

static bool override(const TCGHostFeature *table, unsigned n,
                     const char *list, uint32_t *features)
{
    uint32_t host = *features;

    while (*list) {
        size_t len = strcspn(list, ",");
        bool off = *list == '-';
        const char *name = list + (*list == '-' || *list == '+');
        uint32_t bit = named(table, n, name, len - (name - list));

        if (!bit && len) {
            error_report("QEMU_HOST_FEATURES: unknown feature '%.*s'",
                         (int)(len - (name - list)), name);
            return false;
        }
        *features &= ~bit;
        *features |= off ? 0 : host & bit;
        list += len + (list[len] == ',');
    }
    return true;
}

bool tcg_host_features_choose(const TCGHostFeature *table, unsigned n,
                              const char *list, uint32_t *features)
{
    if (list && !override(table, n, list, features)) {
        return false;
    }
    for (unsigned k = 0; k < n; k++) {
        if (table[k].needs & ~*features) {
            *features &= ~table[k].bit;
        }
    }
    return true;
}

const char *tcg_host_features_text(const TCGHostFeature *table, unsigned n,
                                   uint32_t features)
{
    static char text[160];
    size_t len = 0;

    text[0] = 0;
    for (unsigned k = 0; k < n; k++) {
        if (features & table[k].bit) {
            len += snprintf(text + len, sizeof(text) - len, "%s%s",
                            len ? " " : "", table[k].name);
        }
    }
    return text;
}

bool tcg_number_exits(TCGContext *s, uint8_t *exit_of, uint16_t *label_op)
{
    uint16_t pushes[TCG_MAX_EXITS];
    unsigned n = 0, nb_pushes = 0;

    for (unsigned i = 0; i < s->nb_ops; i++) {
        const TCGOp *op = &s->ops[i];

        switch (op->opc) {
        case TCG_OP_label:
            label_op[op->imm] = i;
            break;
        case TCG_OP_exit_direct:
            if (n == TCG_MAX_EXITS) {
                return false;
            }
            exit_of[i] = n;
            s->exits[n++].pc = op->imm;
            break;
        case TCG_OP_push_ret:
            if (nb_pushes == TCG_MAX_EXITS) {
                return false;
            }
            pushes[nb_pushes++] = i;
            break;
        default:
            break;
        }
    }
    if (n + nb_pushes > TCG_MAX_EXITS) {
        return false;
    }
    for (unsigned k = 0; k < nb_pushes; k++) {
        exit_of[pushes[k]] = n;
        s->exits[n++].pc = s->ops[pushes[k]].imm;
    }
    s->nb_exits = n;
    return true;
}
