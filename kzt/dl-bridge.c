/*
 * What pass-through adds around the guest's dl functions, which is as good as
 * nothing: the guest's loader alone knows objects, handles and symbols.
 *
 * dlopen() and its family run as they are; loader events tell what came of it.
 * dlsym() answers with addresses of guest functions, and those go native at
 * their entry, so an answer needs no change either.  What is left are the
 * addresses pass-through itself hands out: functions of native libraries that
 * reached the guest as pointers.  dladdr() has to name them, so a hook at its
 * entry puts an address of the guest's own copy of the library in their place.
 *
 * Locking: the list of hooked objects is under kzt_lock().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "kzt/carry.h"
#include "kzt/session.h"
#include "target/i386/cpu.h"
#include <dlfcn.h>

/* Who has these functions, and which. */
static const char *const objects[] = {
    "libc.so.6",
    "libdl.so.2",                   /* glibc up to 2.33 */
    "ld-musl-x86_64.so.1", "libc.so", "libc.musl-x86_64.so.1",
};
static const char *const functions[] = { "dladdr", "dladdr1" };

typedef struct DlObject {
    struct DlObject *next;
    uint64_t generation;
    int hooks[ARRAY_SIZE(functions)];       /* 0: none */
} DlObject;

static DlObject *hooked;

/* What the guest's own loader has for a native function; 0 if unknown. */
static uint64_t guest_twin(const KztBridgeInfo *info)
{
    const KztLibrary *lib = kzt_native_library_at(info->native);
    KztGuestLibrary *l = lib ? kzt_guest_library_of(lib) : NULL;
    KztSymbol sym;
    Dl_info host;

    if (!l) {
        return 0;
    }
    if (dladdr(info->native, &host) && host.dli_saddr == info->native &&
        kzt_dynamic_lookup(&l->dyn, host.dli_sname, NULL, &sym)) {
        return l->dyn.load_bias + sym.value;
    }
    return l->dyn.start;            /* of that library, without a symbol */
}

uint64_t kzt_dl_guest_address(uint64_t addr)
{
    KztBridgeInfo info;
    uint64_t twin;

    if (!kzt_bridge_native(addr) || !kzt_bridge_lookup(addr, &info)) {
        return addr;
    }
    if (info.guest_addr) {
        return info.guest_addr;
    }
    kzt_lock();
    twin = guest_twin(&info);
    kzt_unlock();
    return twin ? twin : addr;
}

static void on_dladdr(CPUArchState *env, void *opaque)
{
    env->regs[R_EDI] = kzt_dl_guest_address(env->regs[R_EDI]);
}

static bool has_dl_functions(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    for (unsigned i = 0; i < ARRAY_SIZE(objects); i++) {
        if (!strcmp(name, objects[i])) {
            return true;
        }
    }
    return false;
}

static DlObject **place_of(uint64_t generation)
{
    DlObject **p = &hooked;

    while (*p && (*p)->generation != generation) {
        p = &(*p)->next;
    }
    return p;
}

void kzt_dl_note(const LoaderEvent *ev)
{
    KztDynamic dyn;
    KztSymbol sym;
    DlObject *o;

    if (!has_dl_functions(ev->name) || *place_of(ev->generation)) {
        return;
    }
    o = calloc(1, sizeof(*o));
    if (!o) {
        return;
    }
    o->generation = ev->generation;
    kzt_dynamic_parse(&dyn, kzt_session.memory, ev->dynamic_addr,
                      ev->load_bias, ev->start, ev->end);
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        if (kzt_dynamic_lookup(&dyn, functions[i], NULL, &sym)) {
            o->hooks[i] = tb_hook_add(dyn.load_bias + sym.value, on_dladdr,
                                      NULL);
        }
    }
    kzt_dynamic_free(&dyn);
    o->next = hooked;
    hooked = o;
}

void kzt_dl_gone(uint64_t generation)
{
    DlObject **p = place_of(generation), *o = *p;

    if (!o) {
        return;
    }
    *p = o->next;
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        if (o->hooks[i] > 0) {
            tb_hook_remove(o->hooks[i]);
        }
    }
    free(o);
}
