// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "symbols.h"

#include "bumprun.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct symbol {
    uint64_t begin, end; // addresses as linked
    const char *name;
};

struct symbols {
    const char *label;
    struct symbol *all;
    size_t count;
    const Elf64_Phdr *segments;
    size_t segment_count;
};

struct image {
    const char *data;
    size_t n_bytes;
};

static struct image image_map(const char *path)
{
    struct image image = {NULL, 0};
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &status) == 0 && status.st_size > (off_t)sizeof(Elf64_Ehdr)) {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data != MAP_FAILED)
            image = (struct image){data, (size_t)status.st_size};
    }
    if (file >= 0)
        close(file);
    return image;
}

static bool within(const struct image *image, uint64_t offset, uint64_t n_bytes)
{
    return offset <= image->n_bytes && n_bytes <= image->n_bytes - offset;
}

static const Elf64_Ehdr *header_of(const struct image *image)
{
    const Elf64_Ehdr *header = (const void *)image->data;
    bool fine = image->data && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
                header->e_ident[EI_CLASS] == ELFCLASS64 &&
                within(image, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)) &&
                within(image, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr));
    return fine ? header : NULL;
}

// In C++ names are mangled; its runtime knows how to undo that.
static const char *readable(const char *name)
{
    typedef char *demangler(const char *, char *, size_t *, int *);
    static demangler *demangle;
    static bool looked;
    if (name[0] != '_' || name[1] != 'Z')
        return name;
    if (!looked) {
        void *runtime = dlopen("libstdc++.so.6", RTLD_LAZY);
        void *found = runtime ? dlsym(runtime, "__cxa_demangle") : NULL;
        memcpy(&demangle, &found, sizeof(found));
        looked = true;
    }
    char *plain = demangle ? demangle(name, NULL, NULL, NULL) : NULL;
    return plain ? plain : name;
}

static void table_add(struct symbols *it, const struct image *image, const Elf64_Shdr *table,
                      const Elf64_Shdr *names)
{
    if (!within(image, table->sh_offset, table->sh_size) ||
        !within(image, names->sh_offset, names->sh_size) || !names->sh_size)
        return;
    const Elf64_Sym *symbol = (const void *)(image->data + table->sh_offset);
    size_t count = table->sh_size / sizeof(*symbol);
    it->all = realloc(it->all, (it->count + count + 1) * sizeof(*it->all));
    if (!it->all)
        die(EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < count; i++, symbol++) {
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_value ||
            symbol->st_name >= names->sh_size)
            continue;
        const char *name = image->data + names->sh_offset + symbol->st_name;
        it->all[it->count++] =
            (struct symbol){symbol->st_value, symbol->st_value + symbol->st_size, name};
    }
}

static int by_begin(const void *a, const void *b)
{
    const struct symbol *left = a, *right = b;
    return left->begin < right->begin ? -1 : left->begin > right->begin;
}

struct symbols *symbols_read(const char *path, const char *label)
{
    struct symbols *it = allocate(sizeof(*it));
    struct image image = image_map(path);
    const Elf64_Ehdr *header = header_of(&image);
    *it = (struct symbols){.label = label};
    if (!header)
        return it;
    const Elf64_Shdr *sections = (const void *)(image.data + header->e_shoff);
    it->segments = (const void *)(image.data + header->e_phoff);
    it->segment_count = header->e_phnum;
    for (size_t i = 0; i < header->e_shnum; i++) {
        bool table = sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_DYNSYM;
        if (table && sections[i].sh_link < header->e_shnum)
            table_add(it, &image, &sections[i], &sections[sections[i].sh_link]);
    }
    if (it->count)
        qsort(it->all, it->count, sizeof(*it->all), by_begin);
    return it;
}

static bool linked_address(const struct symbols *it, uint64_t file_offset, uint64_t *ret_address)
{
    for (size_t i = 0; i < it->segment_count; i++) {
        const Elf64_Phdr *segment = &it->segments[i];
        if (segment->p_type == PT_LOAD && file_offset >= segment->p_offset &&
            file_offset - segment->p_offset < segment->p_filesz) {
            *ret_address = file_offset - segment->p_offset + segment->p_vaddr;
            return true;
        }
    }
    return false;
}

const char *symbols_name(const struct symbols *it, uint64_t file_offset)
{
    uint64_t address;
    size_t low = 0, high = it->count;
    if (!linked_address(it, file_offset, &address))
        return it->label;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (it->all[middle].begin <= address)
            low = middle + 1;
        else
            high = middle;
    }
    // Several symbols may begin before it; the nearest that reaches it.
    for (size_t i = low; i > 0 && low - i < 8; i--) {
        if (address < it->all[i - 1].end)
            return readable(it->all[i - 1].name);
    }
    return it->label;
}
