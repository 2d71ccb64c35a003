// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "program.h"

#include "bumprun.h"
#include "library.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct image {
    const unsigned char *bytes;
    size_t n_bytes;
};

static void judge(struct program *program, enum program_verdict verdict, const char *why)
{
    if (verdict <= program->verdict)
        return;
    program->verdict = verdict;
    snprintf(program->why, sizeof(program->why), "%s", why);
}

// --- an ELF file ---

static const void *part_of(const struct image *image, size_t offset, size_t n_bytes)
{
    bool fits = offset <= image->n_bytes && n_bytes <= image->n_bytes - offset;
    return fits ? image->bytes + offset : NULL;
}

static const Elf64_Phdr *segment_of(const struct image *image, uint32_t type)
{
    const Elf64_Ehdr *header = part_of(image, 0, sizeof(*header));
    const Elf64_Phdr *all = part_of(image, header->e_phoff, header->e_phnum * sizeof(*all));
    for (unsigned i = 0; all && i < header->e_phnum; i++) {
        if (all[i].p_type == type)
            return &all[i];
    }
    return NULL;
}

static const Elf64_Shdr *section_at(const struct image *image, unsigned index)
{
    const Elf64_Ehdr *header = part_of(image, 0, sizeof(*header));
    if (!header->e_shoff || index >= header->e_shnum)
        return NULL;
    return part_of(image, header->e_shoff + index * sizeof(Elf64_Shdr), sizeof(Elf64_Shdr));
}

static const char *text_at(const struct image *image, const Elf64_Shdr *strings, size_t offset)
{
    const char *text = strings && offset < strings->sh_size
                           ? part_of(image, strings->sh_offset + offset, 1)
                           : NULL;
    size_t left = text ? image->n_bytes - strings->sh_offset - offset : 0;
    return text && memchr(text, 0, left) ? text : "";
}

static bool has_section(const struct image *image, const char *name)
{
    const Elf64_Ehdr *header = part_of(image, 0, sizeof(*header));
    const Elf64_Shdr *names = section_at(image, header->e_shstrndx), *section;
    for (unsigned i = 0; (section = section_at(image, i)); i++) {
        if (strcmp(text_at(image, names, section->sh_name), name) == 0)
            return true;
    }
    return false;
}

static bool symbols_define(const struct image *image, const Elf64_Shdr *symbols, const char *name)
{
    const Elf64_Shdr *strings = section_at(image, symbols->sh_link);
    size_t count = symbols->sh_size / sizeof(Elf64_Sym);
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *symbol =
            part_of(image, symbols->sh_offset + i * sizeof(*symbol), sizeof(*symbol));
        if (symbol && symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
            strcmp(text_at(image, strings, symbol->st_name), name) == 0)
            return true;
    }
    return false;
}

static bool defines(const struct image *image, const char *name)
{
    const Elf64_Shdr *section;
    for (unsigned i = 0; (section = section_at(image, i)); i++) {
        if (section->sh_type == SHT_DYNSYM && symbols_define(image, section, name))
            return true;
    }
    return false;
}

static uint16_t own_machine(void)
{
    uint16_t machine = EM_NONE;
    Elf64_Ehdr header;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self >= 0 && read(self, &header, sizeof(header)) == (ssize_t)sizeof(header))
        machine = header.e_machine;
    if (self >= 0)
        close(self);
    return machine;
}

static bool is_musl(const struct image *image, const Elf64_Phdr *loader)
{
    const char *path = part_of(image, loader->p_offset, loader->p_filesz);
    return path && memmem(path, loader->p_filesz, "ld-musl", 7);
}

static void judge_linked(const struct image *image, struct program *program)
{
    const Elf64_Phdr *loader = segment_of(image, PT_INTERP);
    bool go = has_section(image, ".go.buildinfo") || has_section(image, ".note.go.buildid");
    if (!loader && go)
        judge(program, PROGRAM_CANNOT,
              "it is a static Go program: no loader runs, and Go has an allocator of its own");
    else if (!loader)
        judge(program, PROGRAM_CANNOT,
              "it is linked statically: no loader runs, so nothing can be preloaded");
    else if (is_musl(image, loader) != (BUMPRUN_MUSL != 0))
        judge(program, PROGRAM_CANNOT,
              BUMPRUN_MUSL ? "it is built for glibc, this library for musl"
                           : "it is built for musl, this library for glibc");
    else if (go)
        judge(program, PROGRAM_DOUBTFUL,
              "it is a Go program: Go has an allocator of its own, only its C parts call malloc");
    else if (defines(image, "malloc"))
        judge(program, PROGRAM_DOUBTFUL,
              "it brings a malloc of its own, which goes before a preloaded one");
}

static void judge_elf(const struct image *image, struct program *program)
{
    if (image->n_bytes < sizeof(Elf64_Ehdr) || memcmp(image->bytes, ELFMAG, SELFMAG) != 0)
        judge(program, PROGRAM_DOUBTFUL, "it is neither an ELF program nor a script");
    else if (image->bytes[EI_CLASS] != ELFCLASS64)
        judge(program, PROGRAM_CANNOT, "it is a 32-bit program, the library is not");
    else if (((const Elf64_Ehdr *)(const void *)image->bytes)->e_machine != own_machine())
        judge(program, PROGRAM_CANNOT, "it is for another processor");
    else
        judge_linked(image, program);
}

// --- privileges ---

static void judge_rights(const char *path, struct program *program)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return;
    if (((about.st_mode & S_ISUID) && about.st_uid != geteuid()) ||
        ((about.st_mode & S_ISGID) && about.st_gid != getegid()))
        judge(program, PROGRAM_CANNOT,
              "it is set-uid or set-gid: the loader ignores what users preload");
    else if (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        judge(program, PROGRAM_CANNOT,
              "it has file capabilities: the loader ignores what users preload");
}

// System Integrity Protection: where a program of the system's is started, macOS drops the variable
// without a word. (Apple, "System Integrity Protection Guide: Runtime Protections")
static void judge_protected(const char *path, struct program *program)
{
    static const char *const folders[] = {"/bin/", "/sbin/", "/usr/", "/System/"};
    char real[PATH_MAX];
    if (strcmp(library_variable(), "DYLD_INSERT_LIBRARIES") != 0 || !realpath(path, real) ||
        strncmp(real, "/usr/local/", 11) == 0)
        return;
    for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (strncmp(real, folders[i], strlen(folders[i])) == 0)
            judge(program, PROGRAM_CANNOT,
                  "System Integrity Protection takes DYLD_INSERT_LIBRARIES away from programs in "
                  "/bin, /sbin, /usr and /System; a copy elsewhere can be preloaded");
    }
}

// --- a script ---

static bool find(const char *name, char ret_path[PATH_MAX]);

// The program that a line "#!/usr/bin/env -S name" or "#!/path" starts.
static bool interpreter_of(const struct image *image, struct program *program,
                           char ret_path[PATH_MAX])
{
    char line[256] = "", *rest = line;
    size_t length = image->n_bytes < sizeof(line) ? image->n_bytes : sizeof(line) - 1;
    if (length < 3 || memcmp(image->bytes, "#!", 2) != 0)
        return false;
    memcpy(line, image->bytes + 2, length - 2);
    line[strcspn(line, "\n")] = 0;
    char *word = strtok_r(line, " \t", &rest);
    const char *base = word && strrchr(word, '/') ? strrchr(word, '/') + 1 : word;
    if (base && strcmp(base, "env") == 0) {
        judge_protected(word, program);
        do
            word = strtok_r(NULL, " \t", &rest);
        while (word && (word[0] == '-' || strchr(word, '=')));
    }
    return word && find(word, ret_path);
}

// --- all of it ---

static void look_at(const char *path, struct program *program, int depth)
{
    struct image image = {NULL, 0};
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    judge_rights(path, program);
    judge_protected(path, program);
    if (file < 0 || fstat(file, &about) != 0 || about.st_size == 0) {
        if (file >= 0)
            close(file);
        return; // whoever starts it finds out more
    }
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        return;
    image = (struct image){bytes, (size_t)about.st_size};
    if (depth < 4 && interpreter_of(&image, program, program->interpreter))
        look_at(program->interpreter, program, depth + 1);
    else
        judge_elf(&image, program);
    munmap(bytes, image.n_bytes);
}

static bool is_program(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

static bool find(const char *name, char ret_path[PATH_MAX])
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return snprintf(ret_path, PATH_MAX, "%s", name) < PATH_MAX && is_program(ret_path);
    for (path = path ? path : "/usr/bin:/bin"; *path;) {
        int length = (int)strcspn(path, ":");
        snprintf(ret_path, PATH_MAX, "%.*s/%s", length ? length : 1, length ? path : ".", name);
        if (is_program(ret_path))
            return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

void program_look(const char *name, struct program *program)
{
    memset(program, 0, sizeof(*program));
    if (!find(name, program->path)) {
        bool there = strchr(name, '/') && access(name, F_OK) == 0;
        die(there ? EXIT_NO_EXEC : EXIT_NO_FILE, "%s: %s", name,
            there ? "not executable" : "not found");
    }
    look_at(program->path, program, 0);
}

void program_judge(const struct program *program, int forced)
{
    const char *what = program->interpreter[0] ? program->interpreter : program->path;
    if (program->verdict == PROGRAM_FINE)
        return;
    if (program->verdict == PROGRAM_CANNOT && !forced)
        die(EXIT_CANNOT, "%s cannot be preloaded: %s (--force runs it all the same)", what,
            program->why);
    say("%s: %s", what, program->why);
}
