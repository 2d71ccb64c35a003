// SPDX-License-Identifier: MIT
// Allocation and freeing while a thread ends, in key destructors that run after the library's own
// (POSIX gives no order), in every round of destructors, and after main.
#include "life.h"

#include <pthread.h>

enum { KEYS = 24, THREADS = 12, MANY_THREADS = 3000, HANDED = 64 };

static pthread_key_t keys[KEYS];
static int destructor_calls;
static struct life_block handed[HANDED]; // from threads that are gone
static pthread_mutex_t handed_lock = PTHREAD_MUTEX_INITIALIZER;

// Leaves a block for other threads and frees one that another thread left.
static void hand_over(struct prng *rng)
{
    struct life_block mine, theirs;
    size_t at = prng_below(rng, HANDED);
    life_alloc(&mine, life_sizes[prng_below(rng, LIFE_SIZE_COUNT)], prng_next(rng));
    pthread_mutex_lock(&handed_lock);
    theirs = handed[at];
    handed[at] = mine;
    pthread_mutex_unlock(&handed_lock);
    life_free(&theirs);
}

// A key's value is a block; a destructor that sets it again is called once more, a few times.
static void destroy(void *value)
{
    struct prng rng = {(uintptr_t)value};
    int left = *(int *)value;
    __atomic_add_fetch(&destructor_calls, 1, __ATOMIC_RELAXED);
    free(value);
    for (int i = 0; i < 4; i++)
        hand_over(&rng);
    int *next = malloc(sizeof *next);
    REQUIRE(next != NULL);
    *next = left - 1;
    if (left > 1)
        pthread_setspecific(keys[rng.state % KEYS], next);
    else
        free(next);
}

static void set_keys(int rounds)
{
    for (int i = 0; i < KEYS; i++) {
        int *value = malloc(sizeof *value);
        REQUIRE(value != NULL);
        *value = rounds;
        free(pthread_getspecific(keys[i]));
        pthread_setspecific(keys[i], value);
    }
}

static void *run_thread(void *argument)
{
    if (argument)
        life_workload((uintptr_t)argument, 2);
    set_keys(3);
    return NULL;
}

// Only frees, never allocates by itself: what destructors free is another thread's.
static void *run_freeing_thread(void *value)
{
    pthread_setspecific(keys[0], value);
    return NULL;
}

static void run_threads(void *(*run)(void *), void *argument)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run, argument) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void create_keys(void)
{
    life_watchdog(60);
    free(malloc(1)); // the library's key, if any, is older than ours
    for (int i = 0; i < KEYS; i++)
        REQUIRE(pthread_key_create(&keys[i], destroy) == 0);
}

static void destructors_allocate(void)
{
    run_threads(run_thread, (void *)1);
    CHECK(destructor_calls >= THREADS * KEYS);
}

static void destructors_are_the_first_to_allocate(void)
{
    int before = destructor_calls;
    run_threads(run_thread, NULL);
    CHECK(destructor_calls >= before + THREADS * KEYS);
}

static void destructors_free_for_others(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        int *value = malloc(sizeof *value);
        REQUIRE(value != NULL);
        *value = 1;
        REQUIRE(pthread_create(&thread, NULL, run_freeing_thread, value) == 0);
        pthread_join(thread, NULL);
    }
}

// What destructors allocate and free must not pile up behind the ended threads. (The system's
// malloc may take more arenas into use at any time, so it is no oracle for this.)
static void late_calls_leave_nothing(void)
{
    long early_kib = 0;
    for (int i = 0; i < MANY_THREADS; i += THREADS) {
        run_threads(run_thread, (void *)1);
        if (i == MANY_THREADS / 4 / THREADS * THREADS)
            early_kib = life_rss_kib();
    }
    long late_kib = life_rss_kib();
    if (check_library())
        CHECK_FMT(late_kib <= early_kib + early_kib / 5 + 4096, "RSS %ld KiB, after 1/4 %ld",
                  late_kib, early_kib);
}

static void handed_blocks_are_intact(void)
{
    for (int i = 0; i < HANDED; i++)
        life_free(&handed[i]);
}

static void after_main(void)
{
    life_workload(4, 3);
    if (check_failures)
        _exit(check_end());
}

static void registers_after_main(void)
{
    REQUIRE(atexit(after_main) == 0);
}

CHECK_MAIN(create_keys, destructors_allocate, destructors_are_the_first_to_allocate,
           destructors_free_for_others, late_calls_leave_nothing, handed_blocks_are_intact,
           registers_after_main)
