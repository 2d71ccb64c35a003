// SPDX-License-Identifier: MIT
// The process as an image, for systems where nothing is known of it yet: profiles have no stacks
// and are not written.
#include "os/os.h"

#include <errno.h>
#include <stddef.h>

bool bp_os_module_at(const void *address, struct bp_os_module *ret_module)
{
    (void)address, (void)ret_module;
    return false;
}

bool bp_os_is_program(const void *address)
{
    (void)address;
    return false;
}

bool bp_os_symbol_at(const void *address, struct bp_os_symbol *ret_symbol)
{
    (void)address, (void)ret_symbol;
    return false;
}

const void *bp_os_program_entry(void)
{
    return NULL;
}

int bp_os_path_write(const char *path, const void *data, size_t n_bytes)
{
    (void)path, (void)data, (void)n_bytes;
    return ENOTSUP;
}

size_t bp_os_path_read(const char *path, void *buffer, size_t capacity)
{
    (void)path, (void)buffer, (void)capacity;
    return 0;
}
