// SPDX-License-Identifier: MIT
// A seat: the blocks of one line of threads. A thread works at a seat for a while, ends, and its
// successor goes on with what it finds there.
#ifndef STRESS_SEAT_H
#define STRESS_SEAT_H

#include "block.h"

#include "prng.h"

#include <stdbool.h>

enum op {
    OP_MALLOC,
    OP_CALLOC,
    OP_REALLOC_NULL,
    OP_MEMALIGN,
    OP_POSIX_MEMALIGN,
    OP_ALIGNED_ALLOC,
    OP_ALLOC_COUNT, // the above allocate
    OP_FREE = OP_ALLOC_COUNT,
    OP_REALLOC,
    OP_HAND_OVER,
    OP_FREE_ALL,
    OP_COUNT,
};

enum { SEAT_SLOTS = 1024 };

struct seat {
    struct prng rng;
    size_t live_bytes;
    bool alone; // hands nothing over
    uint64_t done[OP_COUNT];
    uint64_t denied; // requests that failed while memory was short
    struct block slots[SEAT_SLOTS];
};

struct seat_limits {
    size_t max_size;
    size_t live_bytes; // a seat's
};

extern struct seat_limits seat_limits;
extern const char *const op_names[OP_COUNT];

void seat_step(struct seat *seat);
void seat_free_all(struct seat *seat);
// While memory is short, a request may fail; else it must not.
void seat_memory_short(bool is_short);
bool seat_memory_is_short(void);
// Frees what lies in the pool through which seats hand blocks over.
void pool_free_all(struct seat *seat);

#endif
