// SPDX-License-Identifier: MIT
// What the misuses of guarded objects (BUMPALLOC_GUARD=1) share. The object's address goes to
// stdout, so that the report can be compared with it. Functions have external linkage, so that the
// stacks in the report have their names.
#ifndef TEST_GUARDED_H
#define TEST_GUARDED_H

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BYTES = 112, PAGE = 4096, TRIES = 200, NOT_PLACED = 3, WENT_ON = 2, SKIPPED = 77 };

void *object_at_end(size_t n_bytes);
void *object_at_begin(size_t n_bytes);
void object_free(void *object);

static inline void *said(void *object)
{
    dprintf(STDOUT_FILENO, "0x%zx\n", (size_t)object);
    __asm__ volatile("" : "+r"(object) : : "memory");
    return object;
}

// The library chooses the side at random.
__attribute__((noinline)) void *object_at_end(size_t n_bytes)
{
    for (int i = 0; i < TRIES; i++) {
        char *object = malloc(n_bytes);
        if (((size_t)object + n_bytes + 15) % PAGE < 16)
            return said(object);
    }
    exit(NOT_PLACED);
}

__attribute__((noinline)) void *object_at_begin(size_t n_bytes)
{
    for (int i = 0; i < TRIES; i++) {
        char *object = malloc(n_bytes);
        if ((size_t)object % PAGE == 0)
            return said(object);
    }
    exit(NOT_PLACED);
}

__attribute__((noinline)) void object_free(void *object)
{
    free(object);
    __asm__ volatile("" : : : "memory");
}

// Runs before the constructors of all libraries.
#define BEFORE_ALL(function)                                                                       \
    __attribute__((section(".preinit_array"), used)) static void (*const before_all)(void) =       \
        function

#endif
