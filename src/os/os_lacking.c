// SPDX-License-Identifier: MIT
// What Linux alone has, for the systems that lack it: pages that move, names and advice for ranges,
// a call that puts memory behind them.
#include "os/fault.h"
#include "os/os.h"
#include "os/os_map.h"

#include <errno.h>

bool bp_os_can_move(void)
{
    return false;
}

int bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece)
{
    (void)dst, (void)src, (void)n_bytes, (void)one_piece;
    return ENOTSUP;
}

void bp_os_name(void *addr, size_t n_bytes)
{
    (void)addr, (void)n_bytes;
}

void bp_os_dump(void *addr, size_t n_bytes, bool wanted)
{
    (void)addr, (void)n_bytes, (void)wanted;
}

// Windows has large pages for whole mappings alone (bp_os_map_huge).
void bp_os_huge(void *addr, size_t n_bytes, bool wanted)
{
    (void)addr, (void)n_bytes, (void)wanted;
}

// Nobody else uses pages that are only now being populated for writing. Where they were charged a
// touch cannot fail.
int bp_os_populate(void *addr, size_t n_bytes, bool writable)
{
    int code = bp_os_injected_fault(BP_OS_COMMIT);
    for (size_t i = 0; !code && i < n_bytes; i += bp_os_page_bytes()) {
        volatile char *at = (char *)addr + i;
        char byte = *at;
        if (writable)
            *at = byte;
    }
    return code;
}
