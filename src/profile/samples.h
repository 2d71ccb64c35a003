// SPDX-License-Identifier: MIT
// What was sampled: stacks, each once, with sums over its samples; and the samples that are live,
// by address. Invariants:
//  1. Records lie in two areas of address space outside the reservation, committed as they are
//     used; they never move, and a stack is never forgotten.
//  2. A stack's sums are fixed point (BP_WEIGHT_SHIFT) for objects and bytes for sizes. What a live
//     sample added it takes away again, to the unit: without live samples the sums are 0.
//  3. The peak is the highest total of live bytes so far. A stack's part of it is copied only when
//     the stack changes after it: peak_number says for which peak `peak` is true; if that is not
//     the last one, nothing has changed since, and `live` is.
// Everything is under one lock of rank PROFILE; nothing is called up while it is held.
#ifndef BP_PROFILE_SAMPLES_H
#define BP_PROFILE_SAMPLES_H

#include "profile/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

struct bp_sums {
    uint64_t objects; // fixed point
    uint64_t n_bytes;
};

struct bp_stack {
    uint64_t hash;
    uint32_t next; // of the same hash head; position + 1 in words, 0 for none
    uint32_t depth;
    struct bp_sums total, live, peak;
    uint64_t peak_number;
    uintptr_t address[]; // depth of them
};

struct bp_sample {
    const void *object;
    uint32_t next;  // of the same hash head, or in the free list; index + 1
    uint32_t stack; // position + 1 in words
    struct bp_sums sums;
};

// What there is to say about the profile as a whole.
struct bp_sample_counts {
    size_t stack_words; // that stacks take
    size_t live_samples, taken, dropped;
    struct bp_sums live, peak;
    uint64_t peak_number;
};

// Makes the areas, once; false if they cannot be had.
bool bp_samples_init(void);
// A live sample; false if there is no memory for it. *ret_peak: it made a new peak.
bool bp_samples_add(const void *object, struct bp_sums sums, const uintptr_t *addresses,
                    uint32_t depth, bool *ret_peak);
// The sample ends, if the object is one; it can come back as it was.
bool bp_samples_remove(const void *object, struct bp_sample *ret_sample);
void bp_samples_restore(const struct bp_sample *sample);

void bp_samples_count(struct bp_sample_counts *ret_counts);
// Copies up to n_words of stacks, as they stand side by side; returns how many.
size_t bp_samples_copy(uint64_t *ret_words, size_t n_words, struct bp_sample_counts *ret_counts);
// The words that a stack takes.
static inline size_t bp_stack_words(const struct bp_stack *stack)
{
    return sizeof(*stack) / sizeof(uint64_t) + stack->depth;
}
// What the stack had at the last peak.
struct bp_sums bp_stack_peak(const struct bp_stack *stack, uint64_t peak_number);

struct bp_lock *bp_samples_lock(void);

#endif
