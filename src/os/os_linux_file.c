// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "os/os_file.h"

#include "os/fault.h"
#include "os/os_posix.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

// For what copy_file_range cannot: up to one buffer; what was copied, or -1.
static ssize_t copy_some(int from, int to, off_t offset, size_t n_bytes)
{
    char buffer[16384];
    size_t wanted = n_bytes < sizeof(buffer) ? n_bytes : sizeof(buffer);
    ssize_t n = pread(from, buffer, wanted, offset);
    return n > 0 ? pwrite(to, buffer, (size_t)n, offset) : n;
}

int bp_os_file_copy(intptr_t from, intptr_t to, size_t offset_bytes, size_t n_bytes)
{
    int saved = errno;
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    off_t end = (off_t)(offset_bytes + n_bytes);
    for (off_t at = (off_t)offset_bytes; !code && at < end;) {
        off_t in = at, out = at;
        ssize_t n = copy_file_range((int)from, &in, (int)to, &out, (size_t)(end - at), 0);
        if (n <= 0)
            n = copy_some((int)from, (int)to, at, (size_t)(end - at));
        if (n <= 0)
            code = n ? errno : EIO; // shorter than it was: cut by somebody else
        else
            at += n;
    }
    errno = saved;
    return code;
}
