// SPDX-License-Identifier: MIT
// What the targets of the API share: operands read from the input, which never runs out (it reads
// zeros then), bytes that tell whose they are, and a system that refuses now and then.
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "fuzz.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_input {
    const uint8_t *at, *end;
};

static inline bool fuzz_is_over(const struct fuzz_input *input)
{
    return input->at == input->end;
}

uint8_t fuzz_byte(struct fuzz_input *input);
// 0 to most: every magnitude, and often one less or more than a multiple of a page.
size_t fuzz_size(struct fuzz_input *input, size_t most);

// The byte at a place of what has this seed.
static inline uint8_t fuzz_pattern(uint8_t seed, size_t place)
{
    return (uint8_t)(seed + place * 31 + place / 256 * 7);
}

// Of an object both ends and some bytes between are looked at, so that large ones cost little: the
// place after this one.
static inline size_t fuzz_next_place(size_t place, size_t n_bytes)
{
    enum { EDGE_BYTES = 64, STEP_BYTES = 509 };
    return place + (place + EDGE_BYTES < n_bytes && place >= EDGE_BYTES ? STEP_BYTES : 1);
}

void fuzz_fill(unsigned char *start, size_t n_bytes, uint8_t seed);
// Fails unless the object is as fuzz_fill left it.
void fuzz_check_fill(const unsigned char *start, size_t n_bytes, uint8_t seed);

// The system refuses the next so many calls that it may refuse.
void fuzz_refuse_next(unsigned count);
// Was anything refused since this was asked last?
bool fuzz_was_refused(void);
// The code is the one that is due, or -ENOMEM and the system refused something; true: it is due.
bool fuzz_expect(int code, int due, const char *what);

#endif
