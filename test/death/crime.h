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

enum { SMALL_BYTES = 200, LARGE_BYTES = 200 * 1024 };

static inline void *crime(void *p)
{
    dprintf(STDOUT_FILENO, "0x%zx\n", (size_t)p);
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

// An address far behind a small block: reserved, never handed out.
static inline void *unused_address(void)
{
    uintptr_t block = (uintptr_t)malloc(SMALL_BYTES);
    return (void *)((block & ~(uintptr_t)0xffff) + ((uintptr_t)1 << 36));
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
