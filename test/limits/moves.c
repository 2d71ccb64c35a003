// SPDX-License-Identifier: MIT
// Pages move between the size classes of large objects, by mremap: each piece that lies in another
// place than it was mapped for is a mapping of its own, and there must be a bound to them however
// long it goes on. The moves are counted by standing in front of mremap. (100,000 of them are made
// by test/unit/region_moves_test.c, without the program around.) Usage: moves [MOVES]
#include "maps.h"
#include "prng.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define MIB ((size_t)1 << 20)

enum {
    STEPS_A_MOVE = 50, // at most
    LIVE = 20,
    SAMPLE_EVERY = 20, // moves
    // What src/region/slot_pages.c allows of pieces that were moved in, and of slots with huge
    // pages: each may be a mapping between two others.
    MOVED_MAX = 88,
    HUGE_MAX = 24,
    // A slot that is not used to its end is one mapping, and its rest another. LIVE objects at a
    // time can be in LIVE slots of each of the classes they belong to; a class region begins with
    // what was ever used and ends with what was not.
    REGIONS = 23,
};

static _Atomic(long) moves;
static long wanted = 500;
static int lines_before;

static int bound(int classes)
{
    return lines_before + 2 * (MOVED_MAX + HUGE_MAX) + 2 * LIVE * classes + 2 * REGIONS;
}

__attribute__((visibility("default"))) void *mremap(void *old, size_t old_bytes, size_t new_bytes,
                                                    int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    long got = syscall(SYS_mremap, old, old_bytes, new_bytes, flags, target);
    moves += got != -1 && new_bytes >= MIB;
    return (void *)got;
}

// One byte in each unit of 2 MiB, and the last: that moving brings the content along.
static void block_write(unsigned char *block, size_t n_bytes)
{
    REQUIRE(block != NULL);
    for (size_t at = 0; at < n_bytes; at += 2 * MIB)
        block[at] = (unsigned char)(n_bytes ^ at >> 21);
    block[n_bytes - 1] = (unsigned char)n_bytes;
}

static void block_check(const unsigned char *block, size_t n_bytes)
{
    bool right = block[n_bytes - 1] == (unsigned char)n_bytes;
    for (size_t at = 0; at + 1 < n_bytes; at += 2 * MIB)
        right &= block[at] == (unsigned char)(n_bytes ^ at >> 21);
    CHECK_FMT(right, "%zu bytes at %p", n_bytes, (const void *)block);
}

struct block {
    unsigned char *start;
    size_t n_bytes;
};

struct watch {
    long next; // at so many moves
    int most;
};

static void watch_mappings(struct watch *watch)
{
    if (moves < watch->next)
        return;
    int now = maps_mappings();
    watch->most = now > watch->most ? now : watch->most;
    watch->next += SAMPLE_EVERY;
}

static void block_drop(struct block *b)
{
    if (b->start)
        block_check(b->start, b->n_bytes);
    free(b->start);
    *b = (struct block){NULL, 0};
}

static void block_replace(struct block *b, struct prng *rng)
{
    block_drop(b);
    b->n_bytes = prng_range(rng, 5 * MIB, 25 * MIB);
    b->start = malloc(b->n_bytes);
    block_write(b->start, b->n_bytes);
}

// Half again as large, until it is above 25 MiB.
static void block_grow(struct block *b, struct prng *rng)
{
    (void)rng;
    size_t n_bytes = b->n_bytes + b->n_bytes / 2;
    if (!b->start || n_bytes > 25 * MIB) {
        block_drop(b);
        n_bytes = 2 * MIB;
    }
    b->start = realloc(b->start, n_bytes);
    REQUIRE(b->start != NULL);
    if (b->n_bytes)
        CHECK(b->start[0] == (unsigned char)b->n_bytes);
    b->n_bytes = n_bytes;
    block_write(b->start, n_bytes);
}

// Until pages have moved so often.
static void go_on(const char *what, int classes, void (*step)(struct block *b, struct prng *rng))
{
    struct block blocks[LIVE] = {{0}};
    struct prng rng = {1};
    struct watch watch = {moves + SAMPLE_EVERY, 0};
    long first = moves, steps = 0;
    for (; steps < STEPS_A_MOVE * wanted && moves - first < wanted; steps++) {
        step(&blocks[prng_below(&rng, LIVE)], &rng);
        watch_mappings(&watch);
    }
    check_print("%s: %ld moves in %ld steps; mappings: %d at first, %d at most, bound %d", what,
                moves - first, steps, lines_before, watch.most, bound(classes));
    CHECK_FMT(moves - first >= wanted, "%ld moves in %ld steps", moves - first, steps);
    CHECK_FMT(watch.most <= bound(classes), "%d, bound %d", watch.most, bound(classes));
    for (int i = 0; i < LIVE; i++)
        block_drop(&blocks[i]);
}

int main(int argc, char **argv)
{
    wanted = argc > 1 ? atol(argv[1]) : wanted;
    check_begin();
    lines_before = maps_mappings();
    go_on("churn of 5 to 25 MiB", 3, block_replace); // slots of 8, 16 and 32 MiB
    go_on("growth to 25 MiB", 5, block_grow);        // of 2 to 32
    return check_end();
}
