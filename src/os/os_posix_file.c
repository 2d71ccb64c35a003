// SPDX-License-Identifier: MIT
// Ranges of any protection, and files: what POSIX has.
#define _GNU_SOURCE
#include "os/fault.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_map.h"
#include "os/os_posix.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(BP_OS_PROT_READ == PROT_READ && BP_OS_PROT_WRITE == PROT_WRITE &&
                   BP_OS_PROT_EXEC == PROT_EXEC,
               "protections are passed through");

int bp_os_range_reserve(size_t n_bytes, size_t align, bool lax, void **ret_base)
{
    if (!lax)
        return bp_os_reserve_openable(n_bytes, align, ret_base);
    int code = bp_os_injected_fault(BP_OS_RESERVE);
    return code ? code : bp_os_map_aligned(n_bytes, align, PROT_NONE, MAP_NORESERVE, ret_base);
}

int bp_os_range_protect(void *addr, size_t n_bytes, unsigned prot)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    return code ? code : bp_os_protect_pages(addr, n_bytes, (int)prot);
}

int bp_os_range_release(void *addr, size_t n_bytes, bool lax)
{
    int code = bp_os_injected_fault(BP_OS_DECOMMIT);
    void *same;
    if (code)
        return code;
    return bp_os_map_pages(addr, n_bytes, PROT_NONE, MAP_FIXED | (lax ? MAP_NORESERVE : 0), &same);
}

unsigned bp_os_effective_prot(unsigned prot)
{
    return prot & BP_OS_PROT_WRITE ? prot | BP_OS_PROT_READ : prot;
}

uint64_t bp_os_process_id(void)
{
    return (uint64_t)getpid();
}

int bp_os_file_open(const char *path, bool writable, intptr_t *ret_file)
{
    int code = bp_os_injected_fault(BP_OS_MAP);
    int saved = errno;
    if (code)
        return code;
    int flags = O_CLOEXEC | O_NOCTTY | (writable ? O_RDWR | O_CREAT : O_RDONLY);
    int file = open(path, flags, S_IRUSR | S_IWUSR);
    if (file >= 0)
        *ret_file = file;
    return bp_os_outcome(saved, file < 0);
}

int bp_os_file_close(intptr_t file)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    int saved = errno;
    bool failed = close((int)file) != 0 && errno != EINTR; // closed all the same
    int outcome = bp_os_outcome(saved, failed);
    return code ? code : outcome;
}

int bp_os_file_size(intptr_t file, size_t *ret_bytes)
{
    struct stat status;
    int saved = errno;
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (!code)
        code = bp_os_outcome(saved, fstat((int)file, &status) != 0);
    if (!code && !S_ISREG(status.st_mode))
        return ENODEV;
    if (!code)
        *ret_bytes = (size_t)status.st_size;
    return code;
}

int bp_os_file_cut(intptr_t file, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    int saved = errno;
    return code ? code : bp_os_outcome(saved, ftruncate((int)file, (off_t)n_bytes) != 0);
}

int bp_os_file_sync(intptr_t file, void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_FILE);
    int saved = errno;
    (void)file;
    return code ? code : bp_os_outcome(saved, msync(addr, n_bytes, MS_SYNC) != 0);
}

int bp_os_file_allocated(intptr_t file, size_t *ret_bytes)
{
    struct stat status;
    int saved = errno;
    int code = bp_os_injected_fault(BP_OS_FILE);
    if (!code)
        code = bp_os_outcome(saved, fstat((int)file, &status) != 0);
    if (!code)
        *ret_bytes = (size_t)status.st_blocks * 512;
    return code;
}
