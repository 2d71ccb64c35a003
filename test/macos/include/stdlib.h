// SPDX-License-Identifier: MIT
// What the library uses of stdlib.h.
#ifndef MAC_STDLIB_H
#define MAC_STDLIB_H

#include <stddef.h>

void abort(void) __attribute__((noreturn));
void *malloc(size_t n_bytes);
void *calloc(size_t count, size_t n_bytes);
void *realloc(void *pointer, size_t n_bytes);
void free(void *pointer);
int posix_memalign(void **ret_pointer, size_t align, size_t n_bytes);
void *aligned_alloc(size_t align, size_t n_bytes);
int mkstemp(char *pattern);
char *realpath(const char *path, char *resolved) __asm__("_realpath$DARWIN_EXTSN");

#endif
