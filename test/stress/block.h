// SPDX-License-Identifier: MIT
// A block under test: what the driver remembers of it, and the pattern that its memory must hold.
#ifndef STRESS_BLOCK_H
#define STRESS_BLOCK_H

#include <stddef.h>
#include <stdint.h>

struct block {
    unsigned char *start; // NULL: none
    size_t size;
    size_t usable;
    uint64_t seed;
};

// The run's seed, for the messages.
extern uint64_t stress_seed;

// Prints what broke and how to repeat the run, and ends the process.
__attribute__((noreturn, format(printf, 1, 2))) void stress_fail(const char *format, ...);

// Header and pattern: every byte of a block up to 4 KiB; of a larger one its head, its tail and
// one word in each page between them.
void block_fill(const struct block *b);
// The first n_bytes of the block, which realloc may have moved to start, are as they were filled.
// Destroys the header: for blocks that are freed or filled anew.
void block_verify(const struct block *b, unsigned char *start, size_t n_bytes);
void block_verify_zero(const struct block *b);

#endif
