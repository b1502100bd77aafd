/*
 * For the files of scenarios: appending bytes that are right as they are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_ISA_SCENARIO_H
#define TESTS_ISA_SCENARIO_H

#include "isa.h"

/* Append bytes, not recorded as instructions before isa_emitted(). */
static inline void raw(IsaCase *c, const void *bytes, unsigned len)
{
    memcpy(c->code + c->len, bytes, len);
    c->len += len;
}

static inline void raw32(IsaCase *c, uint32_t v)
{
    raw(c, &v, 4);
}

static inline void raw64(IsaCase *c, uint64_t v)
{
    raw(c, &v, 8);
}

#define RAW(c, ...) do {                                \
        const uint8_t bytes_[] = { __VA_ARGS__ };       \
        raw(c, bytes_, sizeof(bytes_));                 \
    } while (0)

/* Record the instructions from offset @from on. */
void isa_emitted(IsaCase *c, unsigned from);

/* Up to @max random instructions. */
void isa_some(IsaGen *g, IsaCase *c, unsigned max);

/* All flags defined: CMP EAX, EAX where something left one undefined. */
void isa_define_flags(IsaCase *c);

/* One scenario. */
typedef struct IsaScenario {
    const char *name;
    void (*make)(IsaGen *g, IsaCase *c);
} IsaScenario;

/* scenario-insn.c, scenario-flow.c, scenario-cpu.c: what isa_scenarios has. */
void isa_scenario_shift(IsaGen *g, IsaCase *c);
void isa_scenario_cmpxchg(IsaGen *g, IsaCase *c);
void isa_scenario_random(IsaGen *g, IsaCase *c);
void isa_scenario_group(IsaGen *g, IsaCase *c);
void isa_scenario_images(IsaGen *g, IsaCase *c);
void isa_scenario_returns(IsaGen *g, IsaCase *c);
void isa_scenario_jumps(IsaGen *g, IsaCase *c);
void isa_scenario_edge(IsaGen *g, IsaCase *c);
void isa_scenario_far(IsaGen *g, IsaCase *c);
void isa_scenario_segment(IsaGen *g, IsaCase *c);
void isa_scenario_traps(IsaGen *g, IsaCase *c);
void isa_scenario_trace(IsaGen *g, IsaCase *c);
void isa_scenario_selectors(IsaGen *g, IsaCase *c);

#endif
