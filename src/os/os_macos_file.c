// SPDX-License-Identifier: MIT
// macOS: files behind pages, which this port does not have. Whoever asks is told ENOTSUP, and keeps
// anonymous memory.
#include "os/os_file.h"
#include "os/os_map.h"

#include <errno.h>

int bp_os_file_temporary(const char *folder, intptr_t *ret_file)
{
    (void)folder, (void)ret_file;
    return ENOTSUP;
}

int bp_os_file_close(intptr_t file)
{
    (void)file;
    return ENOTSUP;
}

int bp_os_file_allocate(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    (void)file, (void)offset_bytes, (void)n_bytes;
    return ENOTSUP;
}

int bp_os_file_punch(intptr_t file, size_t offset_bytes, size_t n_bytes)
{
    (void)file, (void)offset_bytes, (void)n_bytes;
    return ENOTSUP;
}

int bp_os_file_map(void *addr, size_t n_bytes, intptr_t file, size_t offset_bytes, unsigned prot)
{
    (void)addr, (void)n_bytes, (void)file, (void)offset_bytes, (void)prot;
    return ENOTSUP;
}

int bp_os_keep_from_fork(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
    return ENOTSUP;
}

int bp_os_file_size(intptr_t file, size_t *ret_bytes)
{
    (void)file, (void)ret_bytes;
    return ENOTSUP;
}

int bp_os_file_allocated(intptr_t file, size_t *ret_bytes)
{
    (void)file, (void)ret_bytes;
    return ENOTSUP;
}

int bp_os_file_copy(intptr_t from, intptr_t to, size_t offset_bytes, size_t n_bytes)
{
    (void)from, (void)to, (void)offset_bytes, (void)n_bytes;
    return ENOTSUP;
}
