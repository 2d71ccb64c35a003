// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "os/os_stdio.h"

#include "base/atomics.h"
#include "os/fault.h"

#include <errno.h>

// The C library hands on one word. There is one set of calls in the library.
static bp_atomic_ptr calls_in_use;

static const struct bp_os_stdio_calls *calls(void)
{
    return bp_load_ptr_relaxed(&calls_in_use);
}

static ssize_t cookie_read(void *cookie, char *buffer, size_t n_bytes)
{
    return (ssize_t)calls()->read(cookie, buffer, n_bytes);
}

// The C library wants 0, not -1, for a failed write.
static ssize_t cookie_write(void *cookie, const char *buffer, size_t n_bytes)
{
    int64_t done = calls()->write(cookie, buffer, n_bytes);
    return done < 0 ? 0 : (ssize_t)done;
}

static int cookie_seek(void *cookie, off64_t *offset, int origin)
{
    int64_t at = calls()->seek(cookie, *offset, origin);
    if (at < 0)
        return -1;
    *offset = at;
    return 0;
}

int bp_os_stdio_open(void *cookie, const struct bp_os_stdio_calls *to_call, const char *mode,
                     FILE **ret_file)
{
    static const cookie_io_functions_t functions = {cookie_read, cookie_write, cookie_seek, NULL};
    int code = bp_os_injected_fault(BP_OS_FILE);
    int saved = errno;
    if (code)
        return code;
    bp_store_ptr_relaxed(&calls_in_use, (void *)(uintptr_t)to_call);
    FILE *file = fopencookie(cookie, mode, functions);
    code = file ? 0 : errno;
    errno = saved;
    if (file)
        *ret_file = file;
    return code;
}
