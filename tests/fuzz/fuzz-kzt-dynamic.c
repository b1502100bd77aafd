/*
 * Fuzz target: the dynamic section parser on a small object in memory.
 *
 * Under libFuzzer the input is the object.  Built with -DFUZZ_LOOP it is a
 * program of its own, `fuzz-kzt-dynamic COUNT [SEED]`, which damages a valid
 * object in a few places, parses it, uses every reader, and undoes the
 * damage: about a microsecond each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "kzt/dynamic.h"
#include <elf.h>
#include <time.h>

#define BASE 0x7f0000000000ull
#define SIZE 1024

typedef struct Mem {
    const uint8_t *bytes;
    size_t size;
} Mem;

static bool mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    const Mem *m = opaque;

    if (addr < BASE || addr - BASE > m->size ||
        len > m->size - (addr - BASE)) {
        return false;
    }
    memcpy(buf, m->bytes + (addr - BASE), len);
    return true;
}

static bool count_relr(uint64_t addr, void *opaque)
{
    return --*(int *)opaque > 0;
}

static void use(const uint8_t *data, size_t size, bool span)
{
    Mem m = { data, size };
    KztMemory memory = { .read = mem_read, .opaque = &m };
    KztRela rela[4];
    KztSymbol sym;
    KztDynamic d;
    KztImage img;
    char buf[16];
    int limit = 200;

    kzt_image_read(&img, &memory, BASE);
    kzt_dynamic_parse(&d, &memory, BASE + 0xb0, BASE, span ? BASE : 0,
                      span ? BASE + size : 0);
    if (d.nb_needed > KZT_MAX_NEEDED ||
        d.nb_versions > KZT_MAX_VERSION_RECORDS ||
        d.nb_entries > KZT_MAX_DYN_ENTRIES) {
        abort();
    }
    if (span && d.symtab.count &&
        (d.symtab.addr < BASE ||
         d.symtab.addr + d.symtab.size > BASE + size)) {
        abort();
    }
    kzt_dynamic_lookup(&d, "name", NULL, &sym);
    kzt_dynamic_lookup(&d, "name", "V1", &sym);
    if (kzt_dynamic_symbol(&d, 1, &sym)) {
        int64_t len = kzt_dynamic_string(&d, sym.name, buf, sizeof(buf));

        if (len >= 0 && ((uint64_t)len >= d.strtab.size ||
                         strlen(buf) != (size_t)MIN(len, 15))) {
            abort();
        }
    }
    kzt_dynamic_version(&d, kzt_dynamic_versym(&d, 1));
    kzt_dynamic_relocs(&d, &d.rela, 0, rela, ARRAY_SIZE(rela));
    kzt_dynamic_relocs(&d, &d.jmprel, 1, rela, ARRAY_SIZE(rela));
    kzt_dynamic_relr(&d, count_relr, &limit);
    kzt_dynamic_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    use(data, size, true);
    use(data, size, false);
    return 0;
}

#ifdef FUZZ_LOOP
static uint8_t image[SIZE];
static unsigned image_tags;

static void tag(uint64_t tag, uint64_t val)
{
    Elf64_Dyn d = { .d_tag = tag, .d_un.d_val = val };

    memcpy(image + 0xb0 + 16 * image_tags++, &d, sizeof(d));
}

static void put(unsigned at, const void *data, size_t len)
{
    memcpy(image + at, data, len);
}

enum { STR = 0x220, SYM = 0x240, HASH = 0x280, GNU = 0x2a0, DEF = 0x2d0,
       NEED = 0x2f0, VSYM = 0x318, RELA = 0x320, RELR = 0x380 };

static void make_image(void)
{
    Elf64_Ehdr eh = {
        .e_ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .e_type = ET_DYN,
        .e_machine = EM_X86_64, .e_phoff = 0x40, .e_phentsize = 56,
        .e_phnum = 2,
    };
    Elf64_Phdr ph[2] = {
        { .p_type = PT_LOAD, .p_filesz = SIZE, .p_memsz = SIZE },
        { .p_type = PT_DYNAMIC, .p_vaddr = 0xb0, .p_memsz = 0x150 },
    };
    Elf64_Sym sym[2] = { { 0 }, { .st_name = 1, .st_shndx = 5 } };
    uint32_t h = kzt_gnu_hash("name");
    uint32_t hash[] = { 1, 2, 1, 0, 0 };
    uint32_t gnu[] = { 1, 1, 1, 5, ~0u, ~0u, 1, h | 1 };
    Elf64_Verdef vd = { .vd_version = 1, .vd_ndx = 2, .vd_cnt = 1,
                        .vd_aux = sizeof(vd) };
    Elf64_Verdaux vda = { .vda_name = 6 };
    Elf64_Verneed vn = { .vn_version = 1, .vn_cnt = 1, .vn_file = 9,
                         .vn_aux = sizeof(vn) };
    Elf64_Vernaux vna = { .vna_other = 3, .vna_name = 6 };
    uint16_t vsym[] = { 0, 2 };
    KztRela rela[4] = { { 0x390, 1ull << 32 | 6, 0 } };
    uint64_t relr[] = { 0x390, 7, 0x3a0 };

    put(0, &eh, sizeof(eh));
    put(0x40, ph, sizeof(ph));
    put(STR, "\0name\0V1\0libc.so", 17);
    put(SYM, sym, sizeof(sym));
    put(HASH, hash, sizeof(hash));
    put(GNU, gnu, sizeof(gnu));
    put(DEF, &vd, sizeof(vd));
    put(DEF + sizeof(vd), &vda, sizeof(vda));
    put(NEED, &vn, sizeof(vn));
    put(NEED + sizeof(vn), &vna, sizeof(vna));
    put(VSYM, vsym, sizeof(vsym));
    put(RELA, rela, sizeof(rela));
    put(RELR, relr, sizeof(relr));
    tag(DT_NEEDED, 9);
    tag(DT_STRTAB, BASE + STR);
    tag(DT_STRSZ, 17);
    tag(DT_SYMTAB, SYM);
    tag(DT_GNU_HASH, GNU);
    tag(DT_HASH, HASH);
    tag(DT_VERSYM, VSYM);
    tag(DT_VERDEF, DEF);
    tag(DT_VERDEFNUM, 1);
    tag(DT_VERNEED, NEED);
    tag(DT_VERNEEDNUM, 1);
    tag(DT_RELA, RELA);
    tag(DT_RELASZ, 48);
    tag(DT_JMPREL, RELA + 48);
    tag(DT_PLTRELSZ, 48);
    tag(36, RELR);
    tag(35, sizeof(relr));
    tag(DT_INIT_ARRAY, RELR);
    tag(DT_INIT_ARRAYSZ, 8);
    tag(DT_SONAME, 9);
}

static uint64_t state;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A word that is likely to matter somewhere. */
static uint64_t odd_value(uint64_t r)
{
    static const uint64_t odd[] = {
        0, 1, 2, 3, 7, 8, 23, 24, 63, 64, 0x80, 0xff, SIZE - 1, SIZE,
        BASE, BASE + SIZE - 8, 0x7fffffff, 0xffffffff, 1ull << 40,
        1ull << 63, -1ull, -8ull, -24ull, DT_HASH, DT_GNU_HASH, DT_SYMTAB,
    };

    return r & 1 ? odd[(r >> 1) % ARRAY_SIZE(odd)]
                 : (r & 2 ? BASE : 0) + (r >> 2) % (SIZE + 16);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
    static uint8_t damaged[SIZE];
    struct timespec a, b;
    double sec;

    state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
    make_image();
    memcpy(damaged, image, SIZE);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (uint64_t i = 0; i < count; i++) {
        unsigned at[4], n = 1 + (next() & 3);
        uint64_t r = next();

        for (unsigned k = 0; k < n; k++) {
            uint64_t val = odd_value(next());
            unsigned size = 1u << (next() & 3);

            at[k] = next() % (SIZE / 8) * 8 + (size < 8 ? next() % 8 : 0);
            size = MIN(size, SIZE - at[k]);
            memcpy(damaged + at[k], &val, size);
        }
        use(damaged, r & 0x30 ? SIZE : (r >> 8) % SIZE, r & 3);
        for (unsigned k = 0; k < n; k++) {
            unsigned size = MIN(8, SIZE - at[k]);

            memcpy(damaged + at[k], image + at[k], size);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    sec = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%" PRIu64 " executions, %.2f us each, no finding\n", count,
           sec * 1e6 / count);
    return 0;
}
#endif
