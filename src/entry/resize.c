// SPDX-License-Identifier: MIT
// realloc's relatives.
#include "entry/entry.h"

#include <errno.h>
#include <string.h>

void *bp_entry_reallocarray(void *pointer, size_t count, size_t n_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, n_bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return bp_entry_realloc(pointer, total);
}

int bp_entry_reallocarr(void *cell, size_t count, size_t n_bytes)
{
    size_t total;
    void *pointer;
    int saved = errno;
    memcpy(&pointer, cell, sizeof(pointer));
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return EOVERFLOW;
    void *resized = total ? bp_entry_realloc(pointer, total) : NULL;
    if (!total)
        bp_entry_free_slow(pointer);
    else if (!resized)
        return errno = saved, ENOMEM;
    memcpy(cell, &resized, sizeof(resized));
    return 0;
}

void *bp_entry_reallocf(void *pointer, size_t n_bytes)
{
    void *resized = bp_entry_realloc(pointer, n_bytes);
    if (!resized && n_bytes)
        bp_entry_free_slow(pointer);
    return resized;
}
