// SPDX-License-Identifier: MIT
// Memory runs out in the middle of a program's life, and comes back: every call answers as it
// should in between, nothing is lost, threads and forks go on.
#include "life.h"

#include <pthread.h>
#include <sys/resource.h>

enum { ROOM_MIB = 200, TIMES = 4 };

// At the front of each block of the list: the test's own books take no memory of their own.
struct item {
    struct item *next;
    size_t size;
    uint64_t seed;
};

static struct item *items;
static size_t item_bytes;

static void limit_data(size_t room_mib)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    if (room_mib)
        limit.rlim_cur = (rlim_t)life_statm(5) * (rlim_t)sysconf(_SC_PAGESIZE) + (room_mib << 20);
    REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
}

static bool item_add(size_t size, uint64_t seed)
{
    errno = 0;
    struct item *item = malloc(size);
    if (!item) {
        CHECK_EQ(errno, ENOMEM);
        return false;
    }
    *item = (struct item){items, size, seed};
    pattern_fill(item + 1, size < 2000 ? size - sizeof *item : 1000, seed);
    ((unsigned char *)item)[size - 1] = pattern_byte(seed, size);
    items = item;
    item_bytes += size;
    return true;
}

static void item_check(const struct item *item)
{
    size_t n_bytes = item->size < 2000 ? item->size - sizeof *item - 1 : 1000;
    CHECK_FMT(pattern_mismatch(item + 1, n_bytes, item->seed) == n_bytes, "%zu bytes", item->size);
    CHECK_EQ(((const unsigned char *)item)[item->size - 1], pattern_byte(item->seed, item->size));
}

static void free_items(void)
{
    while (items) {
        struct item *next = items->next;
        item_check(items);
        free(items);
        items = next;
    }
    item_bytes = 0;
}

// Until three requests in a row fail: a small one may still fit where a large one does not.
static size_t fill(uint64_t seed)
{
    struct prng rng = {seed};
    for (int failures = 0; failures < 3;)
        failures = item_add(64 + prng_size(&rng, 8 << 20), prng_next(&rng)) ? 0 : failures + 1;
    return item_bytes >> 20;
}

static void check_failing_calls(void)
{
    size_t much = (size_t)(ROOM_MIB + 50) << 20;
    void *p = items;
    errno = 0;
    CHECK_NULL(calloc(2, much));
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK_NULL(realloc(p, much));
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(posix_memalign(&p, 4096, much), ENOMEM);
    CHECK_PTR(p, items);
    CHECK_NULL(aligned_alloc(1 << 21, much));
    for (struct item *item = items; item; item = item->next)
        item_check(item);
}

static void *run_thread(void *unused)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        free(malloc(life_sizes[i])); // NULL or not
    return unused;
}

// A thread that cannot have a heap of its own still gets its NULL.
static void try_thread(void)
{
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    if (pthread_create(&thread, &small, run_thread, NULL) == 0)
        pthread_join(thread, NULL);
    pthread_attr_destroy(&small);
}

static void try_fork(void)
{
    pid_t child = fork();
    if (child < 0)
        return; // the system may refuse it
    if (child == 0) {
        life_watchdog(20);
        run_thread(NULL);
        free_items();
        life_workload(1, 1);
        _exit(check_end());
    }
    life_wait(child);
}

static void memory_runs_out_and_comes_back(void)
{
    life_watchdog(90);
    limit_data(ROOM_MIB);
    for (uint64_t turn = 1; turn <= TIMES; turn++) {
        size_t mib = fill(turn);
        CHECK_FMT(mib >= ROOM_MIB / 2, "NULL after %zu of %d MiB", mib, (int)ROOM_MIB);
        check_failing_calls();
        try_thread();
        try_fork();
        free_items();
        life_workload(turn, 2);
    }
}

static void a_raised_limit_counts(void)
{
    fill(9);
    limit_data(0);
    size_t before = item_bytes;
    for (int i = 0; i < 2 * ROOM_MIB; i++)
        REQUIRE(item_add(1 << 20, (uint64_t)i));
    CHECK(item_bytes - before == (size_t)(2 * ROOM_MIB) << 20);
    free_items();
    life_workload(10, 2);
}

CHECK_MAIN(memory_runs_out_and_comes_back, a_raised_limit_counts)
