// SPDX-License-Identifier: MIT
// A shared library that allocates: what passes between it and its user must fit both.
#ifndef LIFE_ACROSS_H
#define LIFE_ACROSS_H

#include <stddef.h>

struct across {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
    void (*free)(void *);
    char *(*copy_text)(const char *); // through the library's strdup
    void *(*malloc_address)(void);    // which malloc the library is bound to
};

extern const struct across across_table;

#endif
