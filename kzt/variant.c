/*
 * Variable arguments behind a GVariant format string: how many there are and
 * which are doubles.
 *
 * Nothing here knows what a variant is; a string that is no format ends the
 * walk early, and the library complains about it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"

typedef struct Walk {
    KztArgs *args;
    KztVaSource *va;
    const char *p;
    bool out;               /* arguments are pointers to where values go */
    unsigned depth;
} Walk;

static void word(Walk *w)
{
    kzt_arg_int(w->args, kzt_va_int(w->va));
}

/* Over one complete type. */
static void skip_type(Walk *w)
{
    unsigned open = 0;

    for (;;) {
        char c = *w->p;

        if (!c) {
            return;
        }
        w->p++;
        if (strchr("am@&^", c)) {
            continue;
        }
        open += c == '(' || c == '{';
        open -= open && (c == ')' || c == '}');
        if (!open) {
            return;
        }
    }
}

static void item(Walk *w)
{
    char c = *w->p;

    if (!c || w->depth > 64) {
        return;
    }
    w->depth++;
    switch (c) {
    case '(':
    case '{':
        w->p++;
        while (*w->p && *w->p != ')' && *w->p != '}') {
            item(w);
        }
        w->p += *w->p != '\0';
        break;
    case 'm':
        w->p++;
        /* What is no pointer by itself has a flag in front. */
        if (*w->p && !strchr("sogv@*?ra^&", *w->p)) {
            word(w);
        }
        item(w);
        break;
    case 'd':
        w->p++;
        if (w->out) {
            word(w);
        } else {
            kzt_arg_double(w->args, kzt_va_double(w->va), false);
        }
        break;
    default:
        word(w);
        skip_type(w);
        break;
    }
    w->depth--;
}

void kzt_va_variant(KztArgs *args, KztVaSource *va, const void *format)
{
    Walk w = { .args = args, .va = va, .p = format };

    item(&w);
}

void kzt_va_variant_out(KztArgs *args, KztVaSource *va, const void *format)
{
    Walk w = { .args = args, .va = va, .p = format, .out = true };

    item(&w);
}
