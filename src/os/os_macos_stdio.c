// SPDX-License-Identifier: MIT
#include "os/os_stdio.h"

#include "base/atomics.h"
#include "os/fault.h"

#include <errno.h>
#include <string.h>

// The C library hands on one word. There is one set of calls in the library.
static bp_atomic_ptr calls_in_use;

static const struct bp_os_stdio_calls *calls(void)
{
    return bp_load_ptr_relaxed(&calls_in_use);
}

static int cookie_read(void *cookie, char *buffer, int n_bytes)
{
    return (int)calls()->read(cookie, buffer, (size_t)n_bytes);
}

static int cookie_write(void *cookie, const char *buffer, int n_bytes)
{
    return (int)calls()->write(cookie, buffer, (size_t)n_bytes);
}

static fpos_t cookie_seek(void *cookie, fpos_t offset_bytes, int origin)
{
    return calls()->seek(cookie, offset_bytes, origin);
}

// funopen knows no modes: what is not to be done has no function.
int bp_os_stdio_open(void *cookie, const struct bp_os_stdio_calls *to_call, const char *mode,
                     FILE **ret_file)
{
    bool both = strchr(mode, '+') != NULL, reads = mode[0] == 'r';
    int code = bp_os_injected_fault(BP_OS_FILE), saved = errno;
    if (code)
        return code;
    if (!strchr("rwa", mode[0]) || !mode[0])
        return EINVAL;
    bp_store_ptr_relaxed(&calls_in_use, (void *)(uintptr_t)to_call);
    FILE *file = funopen(cookie, reads || both ? cookie_read : NULL,
                         !reads || both ? cookie_write : NULL, cookie_seek, NULL);
    code = file ? 0 : errno;
    errno = saved;
    if (file)
        *ret_file = file;
    return code;
}
