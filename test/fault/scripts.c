// SPDX-License-Identifier: MIT
#include "scripts.h"

#include "blocks.h"
#include "hook.h"
#include "places.h"
#include "public.h"

#include "bumpalloc/bumpalloc.h"
#include "core/counters.h"
#include "region/overflow.h"
#include "reserve/reserve.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

// --- mixes ---

// At most so many blocks, of sizes up to so much, each equally likely to come, change or go.
static void mix(int count, int steps, size_t most_bytes, uint64_t seed)
{
    struct prng r = {seed};
    while (steps--) {
        struct block *block = &blocks[prng_below(&r, (uint64_t)count)];
        size_t n_bytes = prng_size(&r, most_bytes) + 1;
        if (!block->start)
            block_malloc(block, n_bytes);
        else if (prng_below(&r, 3) == 0)
            block_resize(block, n_bytes);
        else
            block_free(block);
    }
}

static void small_mix(void)
{
    mix(600, 1500, 32 * KIB, 1);
}

static void large_mix(void)
{
    mix(24, 100, 4 * MIB, 2);
}

// Some of everything, where each call costs more.
static void brief_mix(void)
{
    mix(50, 70, 20 * KIB, 11);
    mix(6, 12, 600 * KIB, 12);
    block_calloc(&blocks[20], 50 * KIB);
    block_aligned(&blocks[21], 8 * KIB, 100);
    malloc_trim(0);
    mix(6, 8, 600 * KIB, 13);
}

// --- growth by realloc, two at a time, from 1 KiB to 64 MiB; less where each step is a copy ---

static void growth(void)
{
    bool copies = bp_reservation.n_bytes && !bp_reservation.region_count;
    size_t most = copies ? 8 * MIB : 64 * MIB;
    block_malloc(&blocks[0], KIB);
    block_malloc(&blocks[1], KIB);
    for (size_t n = 2 * KIB; n <= most; n *= 2) {
        if (blocks[0].start)
            block_resize(&blocks[0], n);
        if (blocks[1].start && n <= most / 16)
            block_resize(&blocks[1], n / 4 * 3);
    }
    for (size_t n = most / 2; blocks[0].start && n >= 16 * KIB; n /= 8)
        block_resize(&blocks[0], n);
}

// --- calloc over memory that was used before ---

static void zeroed(void)
{
    static const size_t sizes[] = {100, 1000, 30 * KIB, 60 * KIB, 300 * KIB, 2 * MIB, 3 * MIB};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5 * SIZES; i++)
            block_calloc(&blocks[i], i < 4 * SIZES ? sizes[i % 5] : sizes[i % SIZES]);
        for (int i = round; i < 5 * SIZES; i++)
            block_free(&blocks[i]);
        malloc_trim(round == 1 ? 0 : 1);
    }
    for (int i = 10; i < 10 + SIZES; i++)
        block_calloc(&blocks[i], sizes[i - 10] / 2);
}

// --- alignment ---

static void aligned(void)
{
    int at = 0;
    for (size_t align = 16; align <= 64 * MIB; align *= 2) {
        block_aligned(&blocks[at++], align, 10);
        block_aligned(&blocks[at++], align, 5000);
        block_aligned(&blocks[at++], align, align % (4 * MIB) / 2 + 40 * KIB);
        block_free(&blocks[at - 2]);
    }
    for (int i = 0; i < at; i += 3) {
        if (blocks[i].start)
            block_resize(&blocks[i], 3000);
    }
}

// --- threads: each frees what the one before left, and leaves something itself ---

enum { THREADS = 6, THREAD_BLOCKS = 60 };

static void *thread_body(void *number)
{
    size_t self = (size_t)(uintptr_t)number;
    struct block *mine = &blocks[self * THREAD_BLOCKS];
    struct block *others = mine - (self ? THREAD_BLOCKS : 0);
    for (int i = 0; i < THREAD_BLOCKS; i++)
        block_malloc(&mine[i], i % 10 ? (size_t)i * 37 : (size_t)i * 9000 + 33000);
    for (int i = 0; i < THREAD_BLOCKS; i += 2) {
        block_free(&others[i]);
        if (mine[i + 1].start)
            block_resize(&mine[i + 1], (size_t)i * 600 + 1);
    }
    return NULL;
}

static void thread_life(void)
{
    pthread_t thread;
    for (uintptr_t i = 0; i < THREADS; i++) {
        unsigned before = hook_refusals();
        int code = pthread_create(&thread, NULL, thread_body, (void *)i);
        CHECK_FMT(!code || ((code == EAGAIN || code == ENOMEM) && hook_refusals() > before),
                  "pthread_create answers %d", code);
        if (!code)
            REQUIRE(pthread_join(thread, NULL) == 0);
    }
}

// --- threads at a time, each with blocks of its own and one that it frees for its neighbour ---

enum { CROWD = 4, CROWD_BLOCKS = 80 };

static void *crowd_works(void *number)
{
    size_t self = (size_t)(uintptr_t)number;
    struct prng r = {self + 90};
    struct block *mine = &blocks[self * CROWD_BLOCKS];
    for (int i = 0; i < 400; i++) {
        struct block *block = &mine[prng_below(&r, CROWD_BLOCKS)];
        if (block->start)
            block_free(block);
        else
            block_malloc(block, prng_size(&r, 300 * KIB) + 1);
    }
    return NULL;
}

static void *crowd_frees(void *number)
{
    struct block *others = &blocks[((size_t)(uintptr_t)number + 1) % CROWD * CROWD_BLOCKS];
    for (int i = 0; i < CROWD_BLOCKS; i += 2)
        block_free(&others[i]);
    return NULL;
}

// The C library needs memory for a thread, too.
static void crowd_round(void *(*body)(void *))
{
    pthread_t threads[CROWD];
    bool made[CROWD];
    for (uintptr_t i = 0; i < CROWD; i++) {
        unsigned before = hook_refusals();
        made[i] = pthread_create(&threads[i], NULL, body, (void *)i) == 0;
        CHECK(made[i] || hook_refusals() > before);
    }
    for (int i = 0; i < CROWD; i++)
        REQUIRE(!made[i] || pthread_join(threads[i], NULL) == 0);
}

static void crowd(void)
{
    crowd_round(crowd_works);
    crowd_round(crowd_frees);
}

// --- something in every place: used and free side by side in spans, magazines in depots, spares,
// strays of a thread that is gone ---

enum { STOCKED = 2400, FOREIGN = 300 };

static void *stock_foreign(void *unused)
{
    for (int i = 0; i < FOREIGN; i++)
        block_malloc(&blocks[STOCKED + i], 200);
    return unused;
}

static void stock(void)
{
    pthread_t thread;
    for (int i = 0; i < STOCKED; i++)
        block_malloc(&blocks[i], i % 2 ? 64 : 2000);
    unsigned before = hook_refusals();
    bool made = pthread_create(&thread, NULL, stock_foreign, NULL) == 0;
    CHECK(made || hook_refusals() > before);
    REQUIRE(!made || pthread_join(thread, NULL) == 0);
    for (int i = 0; i < STOCKED; i++) {
        if (i % 32 > 5)
            block_free(&blocks[i]);
    }
    for (int i = 0; i < FOREIGN; i += 3)
        block_free(&blocks[STOCKED + i]);
}

// --- the rest of the family, and what it says of itself ---

static void family(void)
{
    struct block *block = blocks;
    for (size_t n = 1; n < 8 * MIB; n *= 5) {
        void *aligned = NULL;
        block_aligned(block++, 4096, n);
        block_calloc(block++, n + 7);
        int code = posix_memalign(&aligned, 256, n);
        CHECK(code == 0 ? aligned != NULL : code == ENOMEM && hook_is_armed());
        free(aligned);
        void *array = reallocarray(NULL, n, 3);
        CHECK(array || hook_is_armed());
        free(array);
        CHECK(!bump_owns(&block));
        bump_purge();
    }
    struct mallinfo2 info = mallinfo2();
    CHECK(info.uordblks > 0 || hook_is_armed() || !bp_reservation.n_bytes);
    FILE *nowhere = fopen("/dev/null", "w");
    if (nowhere) {
        malloc_info(0, nowhere);
        fclose(nowhere);
    }
}

// --- fork ---

static void child_life(void)
{
    blocks_check();
    mix(100, 300, 200 * KIB, 4);
    blocks_check();
    blocks_free();
    malloc_trim(0);
    mix(100, 100, 200 * KIB, 5);
    blocks_check();
}

static void forks(void)
{
    mix(100, 200, 200 * KIB, 3);
    for (int i = 0; i < 2; i++) {
        int status = 0;
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            child_life();
            _exit(check_end());
        }
        while (waitpid(child, &status, 0) < 0)
            REQUIRE(errno == EINTR);
        CHECK_FMT(status == 0, "the child's wait status is 0x%x", (unsigned)status);
        mix(100, 100, 200 * KIB, 6);
    }
}

// --- memory that goes back: by bursts, by malloc_trim, by bump_purge ---

static void burst(int count, size_t n_bytes)
{
    for (int i = 0; i < count; i++)
        block_malloc(&blocks[i], n_bytes);
    for (int i = 0; i < count; i++)
        block_free(&blocks[i]);
}

static void trims(void)
{
    burst(7, MIB);
    burst(300, 12000);
    malloc_trim(0);
    mix(60, 100, 100 * KIB, 7);
    bump_purge();
    blocks_check();
    burst(2, 5 * MIB);
    mix(60, 100, 100 * KIB, 8);
    malloc_trim(0);
}

// --- memory that is short ---

// Something fits at least, whatever was there before.
static void fill(size_t n_bytes)
{
    int at = 0;
    while (at < BLOCK_COUNT && block_malloc(&blocks[at], n_bytes))
        at++;
    CHECK_FMT(at > 0 || hook_is_armed() || !bp_reservation.n_bytes, "nothing of %zu bytes fits",
              n_bytes);
    blocks_check();
}

static void short_of_memory(void)
{
    static const size_t sizes[] = {12 * KIB, 100 * KIB, MIB};
    block_malloc(&blocks[0], 16);
    hook_ceiling(2 * MIB);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fill(sizes[i]);
        if (blocks[0].start)
            block_resize(&blocks[0], MIB + MIB / 2);
        for (int at = 0; at < BLOCK_COUNT; at += 1 + (at % 50 == 7))
            block_free(&blocks[at]);
    }
    fill(30 * KIB);
}

// --- an arena area that is full: small objects in direct mappings beside it ---

static void full(void)
{
    int at = 0;
    bool beside = false;
    while (at < 54)
        block_malloc(&blocks[at++], MIB);
    while (at < BLOCK_COUNT - 600 && !beside && block_malloc(&blocks[at], 30 * KIB))
        beside = bp_overflow_class_of(blocks[at++].start) != 0;
    CHECK(beside || hook_is_armed());
    for (int i = 0; i < 500; i++)
        block_malloc(&blocks[at + i], 1000 + (size_t)i * 30);
    for (int i = 0; i < at + 500; i += 1 + (i >= at && i % 2))
        block_free(&blocks[i]);
    for (int i = 0; i < 100; i++)
        block_malloc(&blocks[i], 30 * KIB);
}

#define LEAVES(place) (1u << PLACE_##place)

const struct script scripts[] = {
    {.name = "small",
     .run = small_mix,
     .leaves = LEAVES(BLOCK) | LEAVES(BIN) | LEAVES(SPARE) | LEAVES(RUN)},
    {.name = "large", .run = large_mix},
    {.name = "growth", .run = growth},
    {.name = "calloc", .run = zeroed},
    {.name = "aligned", .run = aligned},
    {.name = "threads", .run = thread_life, .keeps_memory = true},
    {.name = "fork", .run = forks},
    {.name = "trim", .run = trims, .leaves = LEAVES(BLOCK) | LEAVES(CHAIN) | LEAVES(FRESH)},
    {.name = "short", .run = short_of_memory, .hits_ceiling = true},
    {.name = "crowd", .run = crowd, .keeps_memory = true, .races = true},
    {.name = "stock",
     .run = stock,
     .keeps_memory = true,
     .costs = true,
     .leaves = LEAVES(BLOCK) | LEAVES(CHAIN) | LEAVES(MAGAZINE) | LEAVES(BIN) | LEAVES(SPARE) |
               LEAVES(STRAY) | LEAVES(RUN)},
    {.name = "full",
     .run = full,
     .costs = true,
     .leaves = LEAVES(BLOCK) | LEAVES(OVERFLOW_BLOCK) | LEAVES(OVERFLOW_CHAIN)},
    {.name = "family", .run = family},
    {.name = "brief", .run = brief_mix, .leaves = LEAVES(BLOCK)},
    {.name = "slots", .run = public_slots},
    {.name = "files", .run = public_files},
    {.name = "auto", .run = public_auto},
    {.name = "stable", .run = public_stable},
    {.name = "allocator", .run = public_allocator},
    {.name = "regions", .run = public_regions},
};
const int script_count = sizeof scripts / sizeof scripts[0];
