// SPDX-License-Identifier: MIT
// A FILE whose bytes come from somewhere else: fopencookie here, funopen on BSD and macOS; systems
// without either answer ENOTSUP. The one place where the C library allocates on our behalf.
#ifndef BP_OS_OS_STDIO_H
#define BP_OS_OS_STDIO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Each returns a count or a position, or -1 with errno set.
struct bp_os_stdio_calls {
    int64_t (*read)(void *cookie, char *buffer, size_t n_bytes);
    int64_t (*write)(void *cookie, const char *buffer, size_t n_bytes);
    int64_t (*seek)(void *cookie, int64_t offset_bytes, int origin);
};

// The calls must stay; mode is fopen's. EINVAL for a mode that is none.
int bp_os_stdio_open(void *cookie, const struct bp_os_stdio_calls *calls, const char *mode,
                     FILE **ret_file);

#endif
