// SPDX-License-Identifier: MIT
// Threads allocate, resize, align, hand over and free blocks at random, verify each byte pattern
// before it goes, and end and start again. The first line says how to repeat a run.
#include "check.h"
#include "prng.h"

#include "bumpalloc/bumpalloc.h"

#include <malloc.h>
#include <windows.h>

enum { SEATS = 8, BLOCKS = 600, SHARED = 256, STEPS = 4000, PART = 512 };

struct block {
    char *start;
    size_t n_bytes;
    bool aligned;
};

static struct {
    SRWLOCK lock;
    struct block block;
} shared[SHARED];

static ULONGLONG stop_ms;
static LONG lives;

static size_t size_of(struct prng *rng)
{
    unsigned shift = (unsigned)prng_below(rng, prng_below(rng, 50) ? 15 : 22);
    return ((size_t)1 << shift) + (size_t)prng_below(rng, (size_t)1 << shift);
}

static size_t part_of(const struct block *it)
{
    return it->n_bytes < PART ? it->n_bytes : PART;
}

static void fill(struct block *it)
{
    REQUIRE(it->start != NULL);
    pattern_fill(it->start, part_of(it), it->n_bytes);
    pattern_fill(it->start + it->n_bytes - part_of(it), part_of(it), it->n_bytes);
}

static void verify(const struct block *it)
{
    const char *tail = it->start + it->n_bytes - part_of(it);
    CHECK(it->n_bytes < 2 * PART || pattern_mismatch(it->start, PART, it->n_bytes) == PART);
    CHECK_EQ(pattern_mismatch(tail, part_of(it), it->n_bytes), part_of(it));
}

static void drop(struct block *it)
{
    if (!it->start)
        return;
    verify(it);
    if (it->aligned)
        _aligned_free(it->start);
    else
        free(it->start);
    it->start = NULL;
}

static void take(struct block *it, struct prng *rng)
{
    it->n_bytes = size_of(rng);
    it->aligned = prng_below(rng, 8) == 0;
    if (it->aligned)
        it->start = _aligned_malloc(it->n_bytes, (size_t)8 << prng_below(rng, 8));
    else
        it->start = prng_below(rng, 4) ? malloc(it->n_bytes) : calloc(1, it->n_bytes);
    fill(it);
}

static void resize(struct block *it, struct prng *rng)
{
    if (!it->start || it->aligned)
        return;
    verify(it);
    size_t n_bytes = size_of(rng), kept = part_of(it), seed = it->n_bytes;
    bool tested = it->n_bytes >= 2 * PART && n_bytes >= PART;
    it->start = realloc(it->start, n_bytes);
    CHECK(!tested || pattern_mismatch(it->start, kept, seed) == kept);
    it->n_bytes = n_bytes;
    fill(it);
}

// Swaps a block with whatever another thread left there.
static void hand_over(struct block *it, struct prng *rng)
{
    size_t at = (size_t)prng_below(rng, SHARED);
    AcquireSRWLockExclusive(&shared[at].lock);
    struct block theirs = shared[at].block;
    shared[at].block = *it;
    ReleaseSRWLockExclusive(&shared[at].lock);
    *it = theirs;
}

static void step(struct block *blocks, struct prng *rng)
{
    struct block *it = &blocks[prng_below(rng, BLOCKS)];
    unsigned what = (unsigned)prng_below(rng, 100);
    if (what < 15)
        hand_over(it, rng);
    else if (what < 30)
        resize(it, rng);
    else if (it->start)
        drop(it);
    else
        take(it, rng);
}

// One life: what is left at its end is freed by a thread to come.
static DWORD WINAPI live(void *argument)
{
    struct prng rng;
    static struct block all[SEATS][BLOCKS];
    size_t seat = (size_t)argument;
    rng = (struct prng){seat * 1000003 + (uint64_t)InterlockedIncrement(&lives)};
    for (int i = 0; i < STEPS; i++)
        step(all[seat], &rng);
    if (GetTickCount64() >= stop_ms) {
        for (int i = 0; i < BLOCKS; i++)
            drop(&all[seat][i]);
    }
    return 0;
}

static DWORD WINAPI sit(void *seat)
{
    while (GetTickCount64() < stop_ms) {
        HANDLE thread = CreateThread(NULL, 0, live, seat, 0, NULL);
        REQUIRE(thread != NULL);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    return live(seat);
}

int main(int argc, char **argv)
{
    unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;
    HANDLE threads[SEATS];
    check_begin();
    printf("%s %lu\n", argv[0], seconds);
    stop_ms = GetTickCount64() + seconds * 1000;
    for (size_t i = 0; i < SEATS; i++)
        threads[i] = CreateThread(NULL, 0, sit, (void *)i, 0, NULL);
    WaitForMultipleObjects(SEATS, threads, TRUE, INFINITE);
    for (int i = 0; i < SHARED; i++)
        drop(&shared[i].block);
    CHECK(lives > SEATS);
    printf("%ld lives\n", (long)lives);
    return check_end();
}
