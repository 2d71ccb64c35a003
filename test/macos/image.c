// SPDX-License-Identifier: MIT
#include "image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MACHO_MAGIC = (int)0xfeedfacf,
    MACHO_DYLIB = 6,
    LC_SEGMENT_64 = 0x19,
    LC_SYMTAB = 2,
    LC_DYLD_INFO_ONLY = (int)0x80000022,
    SECTION_INIT = 9,
    SECTION_INTERPOSING = 0xd,
    SEGMENTS_MAX = 8,
    CHECKED_PAGE = 4096,
};

struct header {
    int32_t magic, cpu, subtype;
    uint32_t kind, command_count, command_bytes, flags, reserved;
};

struct command {
    int32_t kind;
    uint32_t n_bytes;
};

struct segment {
    struct command command;
    char name[16];
    uint64_t address, n_bytes, file_offset, file_bytes;
    int32_t most, protection;
    uint32_t section_count, flags;
};

struct section {
    char name[16], segment[16];
    uint64_t address, n_bytes;
    uint32_t offset, align, relocations, relocation_count, flags, reserved[3];
};

struct dyld_info {
    struct command command;
    uint32_t rebase[2], bind[2], weak[2], lazy[2], exports[2]; // offset, bytes
};

struct symtab {
    struct command command;
    uint32_t offset, count, strings, strings_bytes;
};

struct symbol {
    uint32_t name;
    uint8_t type, section;
    uint16_t description;
    uint64_t value;
};

struct loading {
    struct image *image;
    const char *file;
    struct segment *segments[SEGMENTS_MAX];
    unsigned segment_count;
    const struct dyld_info *info;
    void *(*resolve)(const char *name);
};

static struct {
    const char *file;
    const struct symtab *symtab;
} loaded;

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "Mach-O image: %s %s\n", what, which);
    _exit(1);
}

static uint64_t uleb(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    do {
        value |= (uint64_t)(**at & 0x7f) << shift;
        shift += 7;
    } while (*(*at)++ & 0x80);
    return value;
}

static void **place(const struct loading *l, unsigned segment, uint64_t offset)
{
    if (segment >= l->segment_count || offset + 8 > l->segments[segment]->n_bytes)
        die("fixup outside its segment", "");
    return (void **)(void *)(l->image->base + l->segments[segment]->address + offset);
}

static void rebase_run(const struct loading *l, unsigned segment, uint64_t *offset, uint64_t count,
                       uint64_t skip)
{
    for (; count; count--, *offset += 8 + skip) {
        void **word = place(l, segment, *offset);
        *word = l->image->base + (size_t)*word;
    }
}

// The compact program of pointers that hold addresses within the image.
static void rebase(const struct loading *l)
{
    const uint8_t *at = (const uint8_t *)l->file + l->info->rebase[0];
    const uint8_t *end = at + l->info->rebase[1];
    unsigned segment = 0;
    uint64_t offset = 0, count;
    while (at < end) {
        uint8_t immediate = *at & 0xf;
        switch (*at++ & 0xf0) {
        case 0x00:
            return;
        case 0x10:
            break;
        case 0x20:
            segment = immediate;
            offset = uleb(&at);
            break;
        case 0x30:
            offset += uleb(&at);
            break;
        case 0x40:
            offset += (uint64_t)immediate * 8;
            break;
        case 0x50:
            rebase_run(l, segment, &offset, immediate, 0);
            break;
        case 0x60:
            rebase_run(l, segment, &offset, uleb(&at), 0);
            break;
        case 0x70:
            rebase_run(l, segment, &offset, 1, uleb(&at));
            break;
        case 0x80:
            count = uleb(&at);
            rebase_run(l, segment, &offset, count, uleb(&at));
            break;
        default:
            die("unknown rebase opcode", "");
        }
    }
}

struct binding {
    unsigned segment;
    uint64_t offset;
    const char *name;
    bool is_weak; // NULL will do
};

static void bind_run(const struct loading *l, struct binding *b, uint64_t count, uint64_t skip)
{
    void *target = strcmp(b->name, "dyld_stub_binder") == 0 ? NULL : l->resolve(b->name + 1);
    if (!target && !b->is_weak && strcmp(b->name, "dyld_stub_binder") != 0)
        die("no stand-in for", b->name);
    for (; count; count--, b->offset += 8 + skip)
        *place(l, b->segment, b->offset) = target;
}

static const uint8_t *bind_operation(const struct loading *l, struct binding *b, const uint8_t *at)
{
    uint8_t immediate = *at & 0xf;
    uint64_t count;
    switch (*at++ & 0xf0) {
    case 0x00: // in the lazy program it ends one entry
    case 0x10:
    case 0x30:
    case 0x50:
        break;
    case 0x20:
    case 0x60:
        uleb(&at);
        break;
    case 0x40:
        b->is_weak = immediate & 1;
        b->name = (const char *)at;
        at += strlen(b->name) + 1;
        break;
    case 0x70:
        b->segment = immediate;
        b->offset = uleb(&at);
        break;
    case 0x80:
        b->offset += uleb(&at);
        break;
    case 0x90:
        bind_run(l, b, 1, 0);
        break;
    case 0xa0:
        bind_run(l, b, 1, uleb(&at));
        break;
    case 0xb0:
        bind_run(l, b, 1, (uint64_t)immediate * 8);
        break;
    case 0xc0:
        count = uleb(&at);
        bind_run(l, b, count, uleb(&at));
        break;
    default:
        die("unknown bind opcode", "");
    }
    return at;
}

// Names that are bound to other libraries' functions; lazy ones at once.
static void bind(const struct loading *l, const uint32_t program[2])
{
    const uint8_t *at = (const uint8_t *)l->file + program[0];
    const uint8_t *end = at + program[1];
    struct binding b = {.name = ""};
    while (at < end)
        at = bind_operation(l, &b, at);
}

static const char *file_map(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        die("cannot open", path);
    const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        die("cannot map", path);
    return bytes;
}

static void note_command(struct loading *l, const struct command *command)
{
    if (command->kind == LC_SEGMENT_64 && l->segment_count < SEGMENTS_MAX)
        l->segments[l->segment_count++] = (struct segment *)(size_t)command;
    else if (command->kind == LC_DYLD_INFO_ONLY)
        l->info = (const struct dyld_info *)command;
    else if (command->kind == LC_SYMTAB)
        loaded.symtab = (const struct symtab *)command;
}

static void read_commands(struct loading *l, const char *path)
{
    const struct header *header = (const struct header *)(const void *)l->file;
    const char *at = (const char *)(header + 1);
    if (header->magic != MACHO_MAGIC || header->kind != MACHO_DYLIB)
        die("not a 64-bit dylib:", path);
    for (uint32_t i = 0; i < header->command_count; i++) {
        const struct command *command = (const struct command *)(const void *)at;
        note_command(l, command);
        at += command->n_bytes;
    }
    if (!l->info || !loaded.symtab)
        die("no LC_DYLD_INFO in", path);
}

static void map_segments(struct loading *l)
{
    const struct segment *last = l->segments[l->segment_count - 1];
    size_t n_bytes = last->address + last->n_bytes;
    char *base = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        die("no memory for", "the image");
    for (unsigned i = 0; i < l->segment_count; i++)
        memcpy(base + l->segments[i]->address, l->file + l->segments[i]->file_offset,
               l->segments[i]->file_bytes);
    l->image->base = base;
}

static void protect_segments(const struct loading *l)
{
    for (unsigned i = 0; i < l->segment_count; i++) {
        const struct segment *it = l->segments[i];
        char *start = l->image->base + it->address;
        size_t n_bytes = (it->n_bytes + CHECKED_PAGE - 1) & ~(size_t)(CHECKED_PAGE - 1);
        __builtin___clear_cache(start, start + it->n_bytes);
        if (n_bytes && mprotect(start, n_bytes, it->protection) != 0)
            die("cannot protect", it->name);
    }
}

// Calls visit with every section of the kind.
static void each_section(const struct loading *l, uint32_t kind,
                         void (*visit)(struct image *image, char *start, size_t n_bytes))
{
    for (unsigned i = 0; i < l->segment_count; i++) {
        const struct section *sections = (const struct section *)(l->segments[i] + 1);
        for (uint32_t k = 0; k < l->segments[i]->section_count; k++) {
            if ((sections[k].flags & 0xff) == kind)
                visit(l->image, l->image->base + sections[k].address, sections[k].n_bytes);
        }
    }
}

static void note_tuples(struct image *image, char *start, size_t n_bytes)
{
    image->tuples = (const struct image_tuple *)(const void *)start;
    image->tuple_count = n_bytes / sizeof(struct image_tuple);
}

static void run_constructors(struct image *image, char *start, size_t n_bytes)
{
    (void)image;
    void (**functions)(void) = (void (**)(void))(void *)start;
    for (size_t i = 0; i < n_bytes / sizeof(*functions); i++)
        functions[i]();
}

void (*image_before_constructors)(const struct image *image);

void image_load(struct image *image, const char *path, void *(*resolve)(const char *name))
{
    struct loading l = {.image = image, .file = file_map(path), .resolve = resolve};
    loaded.file = l.file;
    read_commands(&l, path);
    map_segments(&l);
    rebase(&l);
    bind(&l, l.info->bind);
    bind(&l, l.info->lazy);
    protect_segments(&l);
    each_section(&l, SECTION_INTERPOSING, note_tuples);
    if (image_before_constructors)
        image_before_constructors(image);
    each_section(&l, SECTION_INIT, run_constructors);
}

void *image_symbol(const struct image *image, const char *name)
{
    const struct symbol *symbols =
        (const struct symbol *)(const void *)(loaded.file + loaded.symtab->offset);
    for (uint32_t i = 0; i < loaded.symtab->count; i++) {
        const char *symbol = loaded.file + loaded.symtab->strings + symbols[i].name;
        bool exported = (symbols[i].type & 0x0f) == 0x0f; // external, in a section
        if (exported && symbol[0] == '_' && strcmp(symbol + 1, name) == 0)
            return image->base + symbols[i].value;
    }
    return NULL;
}

void *image_replacement(const struct image *image, const void *original)
{
    for (size_t i = 0; i < image->tuple_count; i++) {
        if (image->tuples[i].original == original)
            return (void *)(size_t)image->tuples[i].replacement;
    }
    return NULL;
}
