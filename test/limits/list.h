// SPDX-License-Identifier: MIT
// Blocks that keep their own books: a list runs through their first bytes, so that a test which
// takes all memory needs none for itself.
#ifndef LIMITS_LIST_H
#define LIMITS_LIST_H

#include "check.h"
#include "prng.h"

enum kind { KIND_SMALL, KIND_LARGE, KIND_HUGE, KIND_MIXED, KIND_COUNT };

struct item {
    struct item *next;
    size_t size;
    uint64_t seed;
};

struct list {
    struct item *first;
    size_t n_bytes;
};

extern const char *const kind_names[KIND_COUNT];

size_t kind_size(enum kind kind, struct prng *rng);
// False if malloc says NULL, which must mean ENOMEM.
bool list_add(struct list *list, size_t size, uint64_t seed);
void list_verify(const struct list *list);
// Frees each block, verified, with a chance of percent in 100.
void list_free(struct list *list, unsigned percent, struct prng *rng);

#endif
