// SPDX-License-Identifier: MIT
// Blocks with patterns, and calls that hold the allocator to its word: an object, or NULL with
// ENOMEM and a denied call to show for it; what was there before stays as it was.
#ifndef FAULT_BLOCKS_H
#define FAULT_BLOCKS_H

#include "check.h"
#include "prng.h"

enum { BLOCK_COUNT = 4096 };

struct block {
    unsigned char *start;
    size_t n_bytes;
    uint64_t id;
};

// All blocks of a run stand here, so that the driver finds what a script left.
extern struct block blocks[BLOCK_COUNT];

// True if the block is there now; what stood there before is freed. A failed resize leaves the
// block as it is.
bool block_malloc(struct block *block, size_t n_bytes);
bool block_calloc(struct block *block, size_t n_bytes);
bool block_aligned(struct block *block, size_t align, size_t n_bytes);
bool block_resize(struct block *block, size_t n_bytes);
// The same by the library's own functions; errno is none of their business, and a refused size
// leaves the pointer as it was. Such blocks can be freed as any other.
bool block_slot(struct block *block, size_t n_bytes, unsigned flags);
bool block_auto(struct block *block, size_t n_bytes, unsigned flags);
bool block_stable(struct block *block, size_t n_bytes, size_t max_bytes);
bool block_stable_resize(struct block *block, size_t n_bytes);
void block_slot_free(struct block *block);
void block_stable_free(struct block *block);
void block_free(struct block *block);
void block_check(const struct block *block);

void blocks_check(void);
void blocks_free(void);

#endif
