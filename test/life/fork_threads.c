// SPDX-License-Identifier: MIT
// One thread forks while four others allocate. Each child uses the allocator for all sizes,
// verifies and frees what was allocated before the fork by whichever thread, forks again, or
// makes threads of its own.
// Usage: fork_threads [FORKS]
#include "noise.h"

enum { CHILD_SECONDS = 30, CHILD_THREADS = 3, DEPTH = 3 };

static struct life_block before[2 * LIFE_SIZE_COUNT];

static void allocate_before(void)
{
    for (size_t i = 0; i < 2 * LIFE_SIZE_COUNT; i++)
        life_alloc(&before[i], life_sizes[i % LIFE_SIZE_COUNT], i);
}

static void free_before(void)
{
    for (size_t i = 0; i < 2 * LIFE_SIZE_COUNT; i++)
        life_free(&before[i]);
}

static void *run_thread(void *seed)
{
    life_workload((uintptr_t)seed, 2);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[CHILD_THREADS];
    for (long i = 0; i < CHILD_THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_thread, (void *)(i + 1)) == 0);
    for (int i = 0; i < CHILD_THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void fork_deeper(int depth)
{
    pid_t child = fork();
    if (child == 0) {
        life_watchdog(CHILD_SECONDS);
        life_workload((uint64_t)depth, 2);
        if (depth > 1)
            fork_deeper(depth - 1);
        _exit(check_end());
    }
    life_wait(child);
}

__attribute__((noreturn)) static void run_child(long number)
{
    life_watchdog(CHILD_SECONDS);
    life_workload((uint64_t)number, 5);
    if (number % 10 == 0)
        fork_deeper(DEPTH);
    if (number % 10 == 5)
        run_threads();
    free_before();
    if (number % 2)
        noise_free_pool();
    life_workload((uint64_t)number + 1, 1);
    _exit(check_end());
}

// Every other fork holds the noise's lock, so that the child finds the pool at rest and may free
// it; the others come at any moment.
static void fork_once(long number)
{
    bool hold = number % 2;
    if (hold)
        pthread_mutex_lock(&noise_lock);
    pid_t child = fork();
    if (child == 0)
        run_child(number);
    if (hold)
        pthread_mutex_unlock(&noise_lock);
    life_wait(child);
}

int main(int argc, char **argv)
{
    long forks = argc > 1 ? atol(argv[1]) : 1000;
    check_begin();
    allocate_before();
    noise_start(4);
    for (long i = 0; i < forks && !check_failures; i++) {
        alarm(0);
        life_watchdog(2 * CHILD_SECONDS);
        fork_once(i);
    }
    noise_stop();
    free_before();
    return check_end();
}
