// SPDX-License-Identifier: MIT
#include "base/bits.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "os/os.h"

#include <errno.h>

// n_bytes in a place that is aligned, or NULL; errno is the caller's.
static void *aligned(size_t align, size_t n_bytes)
{
    bp_entry_enter();
    return bp_below_alloc(n_bytes, bp_max(align, BP_OBJECT_ALIGN), false);
}

static void *aligned_or_enomem(size_t align, size_t n_bytes)
{
    void *pointer = align <= BP_REQUEST_MAX ? aligned(align, n_bytes) : NULL;
    if (!pointer)
        errno = ENOMEM;
    return pointer;
}

void *bp_entry_aligned_alloc(size_t align, size_t n_bytes)
{
    if (!bp_is_power_of_two(align)) {
        errno = EINVAL;
        return NULL;
    }
    return aligned_or_enomem(align, n_bytes);
}

// Rounds an odd alignment up, as glibc does.
void *bp_entry_memalign(size_t align, size_t n_bytes)
{
    if (align > BP_REQUEST_MAX + 1) {
        errno = EINVAL;
        return NULL;
    }
    return aligned_or_enomem((size_t)1 << bp_log2_ceil(bp_max(align, 1)), n_bytes);
}

int bp_entry_posix_memalign(void **ret_pointer, size_t align, size_t n_bytes)
{
    if (!bp_is_power_of_two(align) || align % sizeof(void *) != 0)
        return EINVAL;
    void *pointer = align <= BP_REQUEST_MAX ? aligned(align, n_bytes) : NULL;
    if (!pointer)
        return ENOMEM;
    *ret_pointer = pointer;
    return 0;
}

void *bp_entry_valloc(size_t n_bytes)
{
    return aligned_or_enomem(bp_os_page_bytes(), n_bytes);
}

// At least one page, and whole pages.
void *bp_entry_pvalloc(size_t n_bytes)
{
    size_t page = bp_os_page_bytes();
    size_t whole = bp_align_up(bp_max(n_bytes, 1), page);
    if (whole < n_bytes) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned_or_enomem(page, whole);
}
