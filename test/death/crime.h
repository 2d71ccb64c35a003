// SPDX-License-Identifier: MIT
// What each crime shares: the pointer that it abuses goes to stdout, so that the report on stderr
// can be compared with it, and out of the compiler's sight.
#ifndef TEST_CRIME_H
#define TEST_CRIME_H

#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SMALL_BYTES = 200, CLASS_BYTES = 208, LARGE_BYTES = 200 * 1024 };

static inline void *crime(void *p)
{
    dprintf(STDOUT_FILENO, "0x%zx\n", (size_t)p);
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

// Not every C library has these.
#ifdef __cplusplus
extern "C" {
#endif
__attribute__((weak)) void free_sized(void *p, size_t n_bytes);
__attribute__((weak)) void free_aligned_sized(void *p, size_t align, size_t n_bytes);
#ifdef __cplusplus
}
#endif

// Aligned beyond all slots, and so a mapping of its own.
static inline char *direct_block(void)
{
    return (char *)aligned_alloc((size_t)2 << 30, LARGE_BYTES);
}

// An address far behind a small block: reserved, never handed out.
static inline void *unused_address(void)
{
    uintptr_t block = (uintptr_t)malloc(SMALL_BYTES);
    return (void *)((block & ~(uintptr_t)0xffff) + ((uintptr_t)1 << 36));
}

// Where a block would stand, in a small block's span: not handed out yet.
static inline void *fresh_address(void)
{
    return (char *)malloc(SMALL_BYTES) + (ptrdiff_t)200 * CLASS_BYTES;
}

// As far behind a small block as nothing was committed yet, within the arena area.
static inline void *uncommitted_address(void)
{
    uintptr_t block = (uintptr_t)malloc(SMALL_BYTES);
    return (void *)((block & ~(uintptr_t)0xffff) + ((uintptr_t)1 << 30));
}

enum { MANY = 20000 };

static void *many[MANY];

// Blocks that fill every magazine of the thread and of the depot, once they are freed.
static inline void many_take(size_t n_bytes)
{
    for (int i = 0; i < MANY; i++)
        many[i] = malloc(n_bytes);
}

// They go, and come back: whatever the depot had is looked at.
static inline void many_return(size_t n_bytes)
{
    for (int i = 0; i < MANY; i++)
        free(many[i]);
    many_take(n_bytes);
}

// In the middle of what many small blocks filled before they were freed.
static inline void *freed_chunk(void)
{
    enum { BLOCK_BYTES = 5000, COUNT = 2000 };
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = malloc(BLOCK_BYTES);
    void *middle = blocks[COUNT / 2];
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
    malloc_trim(0);
    return middle;
}

// The lowest chunk of the reservation: the library's own books.
static inline void *metadata_address(void)
{
    union {
        void *address;
        bool (*call)(const void *);
    } owns = {dlsym(RTLD_DEFAULT, "bump_owns")};
    uintptr_t at = (uintptr_t)malloc(SMALL_BYTES) & ~(uintptr_t)0xffff;
    for (uintptr_t step = (uintptr_t)1 << 45; owns.address && step >= 0x10000; step /= 2)
        while (at > step && owns.call((void *)(at - step)))
            at -= step;
    return (void *)at;
}

#endif
