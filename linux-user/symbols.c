/*
 * Names of guest code.  See include/user/symbols.h.
 *
 * The guest page table says which file a page comes from and at what offset;
 * the file's symbol table (symtab.c) is read once and kept for ever, because
 * names are handed out.
 *
 * Locking: the engine asks with its lock held, so the page table is read under
 * the page lock, not the mmap lock.  The lock of the cache is a leaf; the page
 * lock is not held with it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/engine.h"
#include "linux-user/hostmap.h"
#include "linux-user/page-table.h"
#include "linux-user/symtab.h"
#include "user/process.h"
#include "user/symbols.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

/* Contents of a file at one time.  Never freed. */
typedef struct SymbolFile {
    struct SymbolFile *next;
    uint64_t dev, ino;
    int64_t size;
    struct timespec mtime;
    Symtab symtab;
    const char *base;           /* the path's last part */
    char path[];
} SymbolFile;

/* What the page table knows about an address. */
typedef struct Place {
    uint64_t dev, ino;
    uint64_t offset;            /* in the file, of the address itself */
    char path[PATH_MAX];
} Place;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static SymbolFile *files;       /* last used first */

static bool find_place(uint64_t pc, Place *place)
{
    bool found = false;
    GuestRegion *r;
    size_t len;

    page_lock();
    r = region_find(pc);
    len = r && r->i.file ? strlen(r->i.file->path) : sizeof(place->path);
    if (len < sizeof(place->path)) {
        RegionInfo info = region_info_at(r, pc & TARGET_PAGE_MASK);

        place->dev = info.file->dev;
        place->ino = info.file->ino;
        place->offset = info.offset + (pc & ~TARGET_PAGE_MASK);
        memcpy(place->path, info.file->path, len + 1);
        found = true;
    }
    page_unlock();
    return found;
}

static bool read_file(void *opaque, void *buf, size_t len, uint64_t offset)
{
    int fd = *(int *)opaque;
    char *p = buf;

    while (len) {
        ssize_t n = pread(fd, p, len, offset);

        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            return false;
        }
        n = MAX(n, 0);
        p += n;
        offset += n;
        len -= n;
    }
    return true;
}

static void read_symbols(SymbolFile *f)
{
    struct stat st;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return;
    }
    /* The path may lead elsewhere by now. */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == f->dev &&
        st.st_ino == f->ino) {
        symtab_load(&f->symtab, read_file, &fd, st.st_size);
    }
    close(fd);
}

static bool is_same(const SymbolFile *f, const Place *place,
                    const struct stat *st)
{
    return f->dev == place->dev && f->ino == place->ino &&
           !strcmp(f->path, place->path) &&
           (!st || (f->size == st->st_size &&
                    f->mtime.tv_sec == st->st_mtim.tv_sec &&
                    f->mtime.tv_nsec == st->st_mtim.tv_nsec));
}

/* The cache's lock is held. */
static SymbolFile *get_file(const Place *place)
{
    SymbolFile **link, *f;
    struct stat st;
    /* A file that was removed or replaced is known as it was. */
    bool here = stat(place->path, &st) == 0 && st.st_dev == place->dev &&
                st.st_ino == place->ino;
    size_t len = strlen(place->path);
    const char *slash;

    for (link = &files; (f = *link); link = &f->next) {
        if (is_same(f, place, here ? &st : NULL)) {
            *link = f->next;
            break;
        }
    }
    if (!f) {
        f = calloc(1, sizeof(*f) + len + 1);
        if (!f) {
            return NULL;
        }
        f->dev = place->dev;
        f->ino = place->ino;
        f->size = here ? st.st_size : -1;
        f->mtime = here ? st.st_mtim : (struct timespec) { 0 };
        memcpy(f->path, place->path, len + 1);
        slash = strrchr(f->path, '/');
        f->base = slash ? slash + 1 : f->path;
        if (here) {
            read_symbols(f);
        }
    }
    f->next = files;
    files = f;
    return f;
}

const char *symbols_lookup(uint64_t pc, uint64_t *start, uint64_t *size)
{
    const SymtabEntry *sym;
    const char *name = NULL;
    int saved = errno;
    SymbolFile *f;
    Place place;

    if (!find_place(pc, &place)) {
        return NULL;
    }
    pthread_mutex_lock(&lock);
    f = get_file(&place);
    if (f) {
        sym = symtab_find(&f->symtab, place.offset);
        *start = pc - (place.offset - (sym ? sym->start : 0));
        *size = sym ? sym->size : place.offset + 1;
        name = sym ? f->symtab.names + sym->name : f->base;
    }
    pthread_mutex_unlock(&lock);
    errno = saved;
    return name;
}

/*
 * Taking the lock before a fork would turn its order against the engine's.
 * So the child looks: if another thread had it, the cache may be in pieces
 * and is left behind.
 */
static void after_fork(bool child)
{
    if (!child) {
        return;
    }
    if (pthread_mutex_trylock(&lock)) {
        files = NULL;
        pthread_mutex_init(&lock, NULL);
    } else {
        pthread_mutex_unlock(&lock);
    }
}

static void before_fork(void)
{
}

void symbols_init(void)
{
    process_atfork(before_fork, after_fork);
    engine_lookup_symbol = symbols_lookup;
}
