/*
 * What the host CPU can do, less what QEMU_HOST_FEATURES takes away.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gen.h"
#include "../host.h"
#include <sys/auxv.h>

uint32_t la_features;

/* Where: bits of AT_HWCAP, from the kernel's user interface. */
static const TCGHostFeature features[] = {
    { "ual", LA_F_UAL, 0, 1u << 2 },
    { "lsx", LA_F_LSX, 0, 1u << 4 },
    { "lasx", LA_F_LASX, LA_F_LSX, 1u << 5 },
    /* unless la_host_exact() finds otherwise; "+exact" is believed */
    { "exact", LA_F_EXACT, LA_F_LSX, 1u << 5 },
    { "crc32", LA_F_CRC32, 0, 1u << 6 },
};

static bool believed;

void la_features_try(TCGCodeBuf buf)
{
    if (la_have(LA_F_EXACT) && !believed && !la_host_exact(buf)) {
        la_features &= ~LA_F_EXACT;
    }
}

bool la_features_init(const char *overrides)
{
    unsigned long hwcap = getauxval(AT_HWCAP);

    believed = overrides && strstr(overrides, "+exact");
    la_features = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(features); k++) {
        if (hwcap & features[k].where) {
            la_features |= features[k].bit;
        }
    }
    return tcg_host_features_choose(features, ARRAY_SIZE(features), overrides,
                                    &la_features);
}

const char *la_features_text(void)
{
    return tcg_host_features_text(features, ARRAY_SIZE(features),
                                  la_features);
}
