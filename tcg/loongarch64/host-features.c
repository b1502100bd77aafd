/*
 * What the host CPU can do, less what QEMU_HOST_FEATURES takes away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "qemu/log.h"
#include <sys/auxv.h>

uint32_t la_features;

/* Bits of AT_HWCAP, from the kernel's user interface. */
static const struct {
    const char *name;
    uint32_t bit;
    uint32_t hwcap;
} features[] = {
    { "ual", LA_F_UAL, 1u << 2 },
    { "lsx", LA_F_LSX, 1u << 4 },
    { "lasx", LA_F_LASX, 1u << 5 },
    { "crc32", LA_F_CRC32, 1u << 6 },
};

/* "-crc32,+ual": + undoes an earlier -, it does not invent hardware. */
static bool override(const char *list)
{
    uint32_t host = la_features;

    while (*list) {
        size_t len = strcspn(list, ",");
        bool off = *list == '-', found = false;
        const char *name = list + (*list == '-' || *list == '+');
        size_t n = len - (name - list);

        for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
            if (strlen(features[k].name) == n &&
                !strncmp(features[k].name, name, n)) {
                found = true;
                la_features &= ~features[k].bit;
                la_features |= off ? 0 : host & features[k].bit;
            }
        }
        if (!found && len) {
            error_report("QEMU_HOST_FEATURES: unknown feature '%.*s'", (int)n,
                         name);
            return false;
        }
        list += len + (list[len] == ',');
    }
    return true;
}

bool la_features_init(const char *overrides)
{
    unsigned long hwcap = getauxval(AT_HWCAP);

    la_features = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        if (hwcap & features[k].hwcap) {
            la_features |= features[k].bit;
        }
    }
    return !overrides || override(overrides);
}

const char *la_features_text(void)
{
    static char text[64];
    size_t n = 0;

    text[0] = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        if (la_have(features[k].bit)) {
            n += snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
                          features[k].name);
        }
    }
    return text;
}
