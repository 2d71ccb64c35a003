// SPDX-License-Identifier: MIT
// Preloaded in front of the library: every process that starts notes where its malloc comes from.
// It allocates nothing and keeps nothing open, so the program under test does not notice it.
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t append(char *line, size_t used, const char *text)
{
    size_t length = strlen(text);

    memcpy(line + used, text, length);
    return used + length;
}

// A program that takes malloc's address without being position independent has a stub of that name,
// an undefined symbol with a value. The stub jumps to the next definition: ask for that one.
static bool is_stub(void *symbol)
{
    ElfW(Sym) *entry = NULL;
    Dl_info info;

    return dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) != 0 && entry != NULL &&
           entry->st_shndx == SHN_UNDEF;
}

static const char *owner_of_malloc(void)
{
    void *symbol = dlsym(RTLD_DEFAULT, "malloc");
    Dl_info info;

    if (symbol != NULL && is_stub(symbol))
        symbol = dlsym(RTLD_NEXT, "malloc");
    if (symbol == NULL || dladdr(symbol, &info) == 0)
        return "unknown";
    return info.dli_fname;
}

static void write_line(const char *path, const char *line, size_t length)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    // A line that is missing fails the test, so a short write needs no handling here.
    if (fd >= 0 && write(fd, line, length) != (ssize_t)length)
        _exit(125);
    if (fd >= 0)
        close(fd);
}

// One line a process, in one write: the program's file, a tab, the file malloc comes from.
__attribute__((constructor)) static void witness(void)
{
    static char line[2 * PATH_MAX + 2];
    const char *log = getenv("WITNESS_LOG");
    const char *owner;
    ssize_t exe;
    size_t used;

    if (log == NULL)
        return;
    exe = readlink("/proc/self/exe", line, PATH_MAX - 1);
    owner = owner_of_malloc();
    if (exe <= 0 || strlen(owner) >= PATH_MAX)
        return;
    used = append(line, (size_t)exe, "\t");
    used = append(line, used, owner);
    used = append(line, used, "\n");
    write_line(log, line, used);
}
