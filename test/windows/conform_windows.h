// SPDX-License-Identifier: MIT
// For test/conform on Windows: its names for what the tests use, and how much memory is resident.
#ifndef CONFORM_WINDOWS_H
#define CONFORM_WINDOWS_H

#include <windows.h>

#include <psapi.h>

// _msize is asked of blocks alone.
static inline size_t malloc_usable_size(void *block)
{
    return block ? _msize(block) : 0;
}

// Windows has no aligned blocks that free frees. Where a test takes one along with others, a plain
// one serves; tests about alignment are not built here.
#define aligned_alloc(align, n_bytes) ((void)(align), malloc(n_bytes))
#define memalign(align, n_bytes)      ((void)(align), malloc(n_bytes))

// By _recalloc, which leaves what was there and clears what is new.
static inline void *reallocarray(void *block, size_t count, size_t n_bytes)
{
    return _recalloc(block, count, n_bytes);
}

static inline size_t resident_bytes(void)
{
    PROCESS_MEMORY_COUNTERS counters;
    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters))
        return 0;
    return counters.WorkingSetSize;
}

#endif
