// SPDX-License-Identifier: MIT
// Mappings that are put together of plain ones: aligned, and between guards.
#include "base/bits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_map.h"
#include "os/os_posix.h"

#include <stdint.h>
#include <sys/mman.h>

// Maps more than asked for and trims both ends.
int bp_os_map_aligned(size_t n_bytes, size_t align, int prot, int flags, void **ret_addr)
{
    size_t slack = align > bp_os_page_bytes() ? align - bp_os_page_bytes() : 0;
    void *raw = NULL;
    if (n_bytes > SIZE_MAX - slack)
        return ENOMEM;
    int code = bp_os_map_pages(NULL, n_bytes + slack, prot, flags, &raw);
    if (code)
        return code;
    char *start = (char *)bp_align_up((size_t)raw, align);
    size_t head = (size_t)(start - (char *)raw);
    if (head)
        bp_os_drop_pages(raw, head);
    if (slack > head)
        bp_os_drop_pages(start + n_bytes, slack - head);
    *ret_addr = start;
    return 0;
}

int bp_os_map_guarded(size_t n_bytes, void **ret_addr)
{
    size_t page = bp_os_page_bytes();
    int code = bp_os_injected_fault(BP_OS_MAP);
    void *whole = NULL;
    if (!code)
        code = bp_os_map_pages(NULL, n_bytes + 2 * page, PROT_NONE, 0, &whole);
    if (code)
        return code;
    char *addr = (char *)whole + page;
    code = bp_os_injected_fault(BP_OS_MAP);
    if (!code)
        code = bp_os_map_pages(addr, n_bytes, PROT_READ | PROT_WRITE, MAP_FIXED, &whole);
    if (code)
        bp_os_unmap_guarded(addr, n_bytes);
    else
        *ret_addr = addr;
    return code;
}

// A mapping of a file may stand anywhere in a reservation.
int bp_os_file_attach(intptr_t file, size_t n_bytes, size_t align, bool writable, void **base)
{
    (void)file, (void)n_bytes, (void)align, (void)writable, (void)base;
    return 0;
}
