/*
 * Variable arguments: the guest's registers, stack or va_list become the
 * argument list of a native call, or a va_list of the host.
 *
 * How many there are and of which class is known from a description: a printf
 * or scanf format, a terminating NULL, a count, or a fixed number of words.
 *
 * No locks, no globals.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"

#if defined(__x86_64__)
#define HOST_INT_REGS 6
#elif defined(__loongarch64)
#define HOST_INT_REGS 8
#endif

/* Classes of arguments behind a format. */
typedef enum VaClass {
    VA_WORD, VA_DOUBLE, VA_LONG_DOUBLE
} VaClass;

/*
 * The argument list of a native call.
 */

void kzt_args_begin(KztArgs *args)
{
    args->ngp = args->nfp = 0;
    args->nstack = 0;
}

static void push_word(KztArgs *args, uint64_t v)
{
    if (args->nstack < ARRAY_SIZE(args->stack)) {
        args->stack[args->nstack++] = v;
    }
}

void kzt_arg_int(KztArgs *args, uint64_t v)
{
    if (args->ngp < HOST_INT_REGS) {
        args->gp[args->ngp++] = v;
    } else {
        push_word(args, v);
    }
}

#if defined(__x86_64__)

void kzt_arg_double(KztArgs *args, double v, bool named)
{
    if (args->nfp < 8) {
        args->fp[args->nfp++] = kzt_bits64(v);
    } else {
        push_word(args, kzt_bits64(v));
    }
}

void kzt_arg_long_double(KztArgs *args, long double v, bool named)
{
    uint64_t w[2] = { 0 };

    kzt_set_f80(w, v);
    if (args->nstack & 1) {
        push_word(args, 0);
    }
    push_word(args, w[0]);
    push_word(args, w[1]);
}

#else

/* LoongArch: variable arguments are in general registers. */
void kzt_arg_double(KztArgs *args, double v, bool named)
{
    if (named && args->nfp < 8) {
        args->fp[args->nfp++] = kzt_bits64(v);
    } else {
        kzt_arg_int(args, kzt_bits64(v));
    }
}

void kzt_arg_long_double(KztArgs *args, long double v, bool named)
{
    uint64_t w[2];

    memcpy(w, &v, 16);
    if (!named && args->ngp < HOST_INT_REGS) {
        args->ngp = (args->ngp + 1) & ~1u;      /* an even pair */
    }
    if (args->ngp >= HOST_INT_REGS && (args->nstack & 1)) {
        push_word(args, 0);
    }
    kzt_arg_int(args, w[0]);
    kzt_arg_int(args, w[1]);
}

#endif

/*
 * Where the guest's arguments are.
 */

void kzt_va_begin(KztVaSource *va, CPUArchState *env, unsigned ints,
                  unsigned sses, unsigned stack)
{
    static const uint8_t order[] = {
        R_EDI, R_ESI, R_EDX, R_ECX, R_R8, R_R9,
    };

    for (unsigned i = 0; i < 6; i++) {
        memcpy(va->own + 8 * i, &env->regs[order[i]], 8);
    }
    for (unsigned i = 0; i < 8; i++) {
        memcpy(va->own + 48 + 16 * i, &env->vregs[i], 16);
    }
    va->save = va->own;
    va->gp = ints * 8;
    va->fp = 48 + sses * 16;
    va->overflow = env->regs[R_ESP] + stack;
}

/* struct __va_list_tag of the psABI */
static void va_from_list(KztVaSource *va, uint64_t guest)
{
    const char *p = (const char *)(uintptr_t)guest;
    uint64_t save;
    uint32_t gp, fp;

    memcpy(&gp, p, 4);
    memcpy(&fp, p + 4, 4);
    memcpy(&va->overflow, p + 8, 8);
    memcpy(&save, p + 16, 8);
    va->gp = gp;
    va->fp = fp;
    va->save = (const uint8_t *)(uintptr_t)save;
}

static uint64_t overflow_word(KztVaSource *va)
{
    uint64_t v = *(const uint64_t *)(uintptr_t)va->overflow;

    va->overflow += 8;
    return v;
}

uint64_t kzt_va_int(KztVaSource *va)
{
    uint64_t v;

    if (va->gp >= 48) {
        return overflow_word(va);
    }
    memcpy(&v, va->save + va->gp, 8);
    va->gp += 8;
    return v;
}

double kzt_va_double(KztVaSource *va)
{
    uint64_t v;

    if (va->fp >= 176) {
        return kzt_f64(overflow_word(va));
    }
    memcpy(&v, va->save + va->fp, 8);
    va->fp += 16;
    return kzt_f64(v);
}

static long double va_long_double(KztVaSource *va)
{
    long double v;

    va->overflow = (va->overflow + 15) & ~15ull;
    v = kzt_get_f80((const void *)(uintptr_t)va->overflow);
    va->overflow += 16;
    return v;
}

/*
 * Formats.
 */

typedef struct Format {
    uint8_t class[KZT_MAX_VARIADIC];
    unsigned nb;
} Format;

static void add(Format *f, unsigned position, VaClass class)
{
    unsigned i = position ? position - 1 : f->nb;

    if (i < KZT_MAX_VARIADIC) {
        f->class[i] = class;
        f->nb = MAX(f->nb, i + 1);
    }
}

/* Digits at *p; 0 if there are none. */
static unsigned number(const char **p)
{
    unsigned n = 0;

    while (**p >= '0' && **p <= '9') {
        n = n * 10 + (unsigned)(**p - '0');
        n = MIN(n, 100000u);
        (*p)++;
    }
    return n;
}

/* "n$" at *p, or 0 and *p as it was. */
static unsigned position(const char **p)
{
    const char *q = *p;
    unsigned n = number(&q);

    if (n && *q == '$') {
        *p = q + 1;
        return n;
    }
    return 0;
}

/* A width or precision: digits, or an argument of its own. */
static void field_width(Format *f, const char **p)
{
    if (**p == '*') {
        (*p)++;
        add(f, position(p), VA_WORD);
    } else {
        number(p);
    }
}

static void parse_printf(Format *f, const char *p)
{
    memset(f, 0, sizeof(*f));
    while ((p = strchr(p, '%')) != NULL) {
        bool is_long_double = false;
        unsigned pos;

        p++;
        pos = position(&p);
        p += strspn(p, "#0- +'I!,");
        field_width(f, &p);
        if (*p == '.') {
            p++;
            p += *p == '-';
            field_width(f, &p);
        }
        for (; *p && strchr("hlqjztL", *p) && *p != '\0'; p++) {
            if (*p == 'z' && (p[1] == '\0' || !strchr("diouxXn", p[1]))) {
                break;          /* sqlite's %z is a conversion */
            }
            is_long_double |= *p == 'L';
        }
        if (!*p) {
            break;
        }
        if (strchr("aAeEfFgG", *p)) {
            add(f, pos, is_long_double ? VA_LONG_DOUBLE : VA_DOUBLE);
        } else if (*p != '%' && *p != 'm') {
            add(f, pos, VA_WORD);
        }
        p++;
    }
}

/* The end of a "[...]" whose contents begin at @p. */
static const char *skip_set(const char *p)
{
    p += *p == '^';
    p += *p == ']';
    while (*p && *p != ']') {
        p++;
    }
    return p;
}

static void parse_scanf(Format *f, const char *p)
{
    memset(f, 0, sizeof(*f));
    while ((p = strchr(p, '%')) != NULL) {
        bool assigns = true;
        unsigned pos;

        p++;
        pos = position(&p);
        for (; *p == '*' || *p == '\'' || *p == 'I'; p++) {
            assigns &= *p != '*';
        }
        number(&p);
        p += strspn(p, "hlqjztLm");
        if (!*p) {
            break;
        }
        if (*p == '[') {
            p = skip_set(p + 1);
        }
        if (*p != '%' && assigns) {
            add(f, pos, VA_WORD);
        }
        p += *p != '\0';
    }
}

/*
 * Moving.
 */

static void move_format(KztArgs *args, KztVaSource *va, const Format *f)
{
    for (unsigned i = 0; i < f->nb; i++) {
        switch (f->class[i]) {
        case VA_DOUBLE:
            kzt_arg_double(args, kzt_va_double(va), false);
            break;
        case VA_LONG_DOUBLE:
            kzt_arg_long_double(args, va_long_double(va), false);
            break;
        default:
            kzt_arg_int(args, kzt_va_int(va));
            break;
        }
    }
}

void kzt_va_printf(KztArgs *args, KztVaSource *va, const void *format)
{
    Format f;

    if (format) {
        parse_printf(&f, format);
        move_format(args, va, &f);
    }
}

void kzt_va_scanf(KztArgs *args, KztVaSource *va, const void *format)
{
    Format f;

    parse_scanf(&f, format);
    move_format(args, va, &f);
}

void kzt_va_sentinel(KztArgs *args, KztVaSource *va, const void *first)
{
    uint64_t v = (uintptr_t)first;

    for (unsigned i = 0; v && i < KZT_MAX_VARIADIC; i++) {
        v = kzt_va_int(va);
        kzt_arg_int(args, v);
    }
}

void kzt_va_count(KztArgs *args, KztVaSource *va, int64_t count)
{
    for (int64_t i = 0; i < MIN(count, KZT_MAX_VARIADIC); i++) {
        kzt_arg_int(args, kzt_va_int(va));
    }
}

void kzt_va_words(KztArgs *args, KztVaSource *va, unsigned count)
{
    kzt_va_count(args, va, count);
}

/*
 * A host va_list on words of its own.  Both psABIs keep what is not in
 * registers in words of eight bytes, long doubles aligned to sixteen.
 */
static void fill_list(KztVaList *list, KztVaSource *va, const Format *f)
{
    unsigned n = 0;
    long double ld;

    for (unsigned i = 0; i < f->nb && n + 2 < ARRAY_SIZE(list->words); i++) {
        switch (f->class[i]) {
        case VA_DOUBLE:
            list->words[n++] = kzt_bits64(kzt_va_double(va));
            break;
        case VA_LONG_DOUBLE:
            n = (n + 1) & ~1u;
            ld = va_long_double(va);
            memcpy(&list->words[n], &ld, sizeof(ld));
            n += 2;
            break;
        default:
            list->words[n++] = kzt_va_int(va);
            break;
        }
    }
    list->tag.gp = 48;
    list->tag.fp = 304;
    list->tag.overflow = list->words;
    list->tag.save = NULL;
}

void kzt_va_list_printf(KztVaList *list, uint64_t guest, const void *format)
{
    KztVaSource va;
    Format f;

    va_from_list(&va, guest);
    parse_printf(&f, format ? format : "");
    fill_list(list, &va, &f);
}

void kzt_va_list_scanf(KztVaList *list, uint64_t guest, const void *format)
{
    KztVaSource va;
    Format f;

    va_from_list(&va, guest);
    parse_scanf(&f, format);
    fill_list(list, &va, &f);
}

void *kzt_va_host(KztVaList *list)
{
#if defined(__x86_64__)
    return &list->tag;
#else
    return list->words;
#endif
}
