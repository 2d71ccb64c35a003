// SPDX-License-Identifier: MIT
// The process as an image: which file's code an address is in, what can be read; and small files.
#define _GNU_SOURCE
#include "os/fault.h"
#include "os/os.h"
#include "os/os_syscall.h"

#include "base/bits.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// In glibc since 2.35: takes no lock and does not allocate. Elsewhere no module is known.
#if defined(DLFO_STRUCT_HAS_EH_DBASE)
#pragma weak _dl_find_object
bool bp_os_module_at(const void *address, struct bp_os_module *ret_module)
{
    struct dl_find_object found;
    if (bp_os_injected_fault(BP_OS_ASK) || !_dl_find_object ||
        _dl_find_object((void *)(size_t)address, &found))
        return false;
    *ret_module =
        (struct bp_os_module){found.dlfo_map_start, found.dlfo_map_end, found.dlfo_eh_frame};
    return true;
}
#else
bool bp_os_module_at(const void *address, struct bp_os_module *ret_module)
{
    (void)address;
    (void)ret_module;
    return false;
}
#endif

#pragma weak dladdr
bool bp_os_symbol_at(const void *address, struct bp_os_symbol *ret_symbol)
{
    Dl_info info;
    if (bp_os_injected_fault(BP_OS_ASK) || !dladdr || !dladdr(address, &info) || !info.dli_fname)
        return false;
    *ret_symbol = (struct bp_os_symbol){info.dli_sname, info.dli_fname,
                                        (size_t)address - (size_t)info.dli_fbase};
    return true;
}

const void *bp_os_program_entry(void)
{
    return (const void *)getauxval(AT_ENTRY);
}

// What the kernel loaded: it may leave gaps between segments, and anybody can map there.
static bool is_in_segment(size_t address)
{
    const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM), base = 0;
    for (size_t i = 0; i < count; i++) {
        if (headers[i].p_type == PT_PHDR)
            base = (size_t)headers - headers[i].p_vaddr;
    }
    for (size_t i = 0; i < count; i++) {
        size_t begin = base + headers[i].p_vaddr;
        if (headers[i].p_type == PT_LOAD && address - begin < headers[i].p_memsz)
            return true;
    }
    return false;
}

// What the loader loaded has no gaps: it closes them.
static bool is_in_library(const void *address)
{
    struct bp_os_module module;
    size_t program = (size_t)bp_os_program_entry();
    return bp_os_module_at(address, &module) &&
           program - (size_t)module.begin >= (size_t)module.end - (size_t)module.begin;
}

// The file's name is the last thing in it. The kernel keeps far more room free below.
static bool is_on_main_stack(size_t address)
{
    enum { STACK_BYTES = 8 << 20 };
    struct rlimit limit;
    size_t below = getauxval(AT_EXECFN) - address;
    return below < STACK_BYTES && !getrlimit(RLIMIT_STACK, &limit) && below < limit.rlim_cur;
}

bool bp_os_is_program(const void *address)
{
    int saved = errno;
    bool is = is_in_segment((size_t)address) || is_in_library(address) ||
              is_on_main_stack((size_t)address);
    errno = saved;
    return is;
}

// The kernel reads the mask before it looks at what to do with it, which is nothing. So does every
// version of it, unlike MADV_POPULATE_READ.
bool bp_os_is_readable(const void *address)
{
    if (bp_os_injected_fault(BP_OS_ASK))
        return false;
    int saved = errno;
    size_t mask = bp_align_down((size_t)address, 8);
    bool readable =
        bp_os_syscall(SYS_rt_sigprocmask, ~0, mask, (void *)NULL, 8) == -1 && errno == EINVAL;
    errno = saved;
    return readable;
}

static int open_file(const char *path, int flags, int *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (code)
        return code;
    do
        *ret_file = open(path, flags | O_CLOEXEC, 0666);
    while (*ret_file < 0 && errno == EINTR);
    return *ret_file < 0 ? errno : 0;
}

static int write_all(int file, const char *data, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (code)
        return code;
    while (n_bytes > 0) {
        ssize_t written = write(file, data, n_bytes);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            data += written;
            n_bytes -= (size_t)written;
        }
    }
    return 0;
}

int bp_os_path_write(const char *path, const void *data, size_t n_bytes)
{
    int saved = errno, file = -1;
    int code = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, &file);
    if (!code)
        code = write_all(file, data, n_bytes);
    if (file >= 0 && close(file) && !code)
        code = errno;
    errno = saved;
    return code;
}

size_t bp_os_path_read(const char *path, void *buffer, size_t capacity)
{
    int saved = errno, file = -1;
    size_t length = 0;
    ssize_t got = open_file(path, O_RDONLY, &file) ? 0 : 1;
    while (got > 0 && length < capacity) {
        got = read(file, (char *)buffer + length, capacity - length);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            length += (size_t)got;
    }
    if (file >= 0)
        close(file);
    errno = saved;
    return length;
}
