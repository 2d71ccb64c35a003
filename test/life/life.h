// SPDX-License-Identifier: MIT
// What the tests of life in a foreign process share. Nothing here allocates by itself.
#ifndef LIFE_H
#define LIFE_H

#include "check.h"
#include "prng.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

// Sizes from every part of the allocator: each small class's neighbourhood, slots, beyond slots
// that a thread would keep.
static const size_t life_sizes[] = {1,     8,     16,    17,     40,     100,    256,    500,
                                    1000,  1024,  2000,  4096,   8000,   16384,  32768,  32769,
                                    50000, 65536, 70000, 131072, 200000, 300000, 1000000};
enum { LIFE_SIZE_COUNT = sizeof life_sizes / sizeof life_sizes[0], LIFE_PART = 96 };

struct life_block {
    unsigned char *start;
    size_t size;
    uint64_t seed;
};

static inline void life_deadlock(int signal_number)
{
    (void)signal_number;
    check_print("pid %d: still not done: deadlock?", (int)getpid());
    _exit(CHECK_FAIL);
}

// Ends the process if it is not done in time. A forked child needs its own.
static inline void life_watchdog(unsigned seconds)
{
    signal(SIGALRM, life_deadlock);
    alarm(seconds);
}

// The long-th number of a one-line file such as /proc/self/statm, without stdio.
static inline long life_statm(int field)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY);
    REQUIRE(fd >= 0);
    REQUIRE(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    char *at = text;
    long value = 0;
    for (int i = 0; i <= field; i++)
        value = strtol(at, &at, 10);
    return value;
}

static inline long life_rss_kib(void)
{
    return life_statm(1) * (sysconf(_SC_PAGESIZE) / 1024);
}

// Head and tail of a block carry its pattern; small ones are covered wholly.
static inline void life_fill(struct life_block *b)
{
    size_t part = b->size < LIFE_PART ? b->size : LIFE_PART;
    pattern_fill(b->start, part, b->seed);
    pattern_fill(b->start + b->size - part, part, b->seed);
}

static inline bool life_intact(const struct life_block *b)
{
    size_t part = b->size < LIFE_PART ? b->size : LIFE_PART;
    return CHECK_FMT(pattern_mismatch(b->start + b->size - part, part, b->seed) == part &&
                         (b->size < 2 * part || pattern_mismatch(b->start, part, b->seed) == part),
                     "%zu bytes at %p", b->size, (void *)b->start);
}

static inline void life_alloc(struct life_block *b, size_t size, uint64_t seed)
{
    b->size = size;
    b->seed = seed;
    b->start = malloc(size);
    REQUIRE(b->start != NULL);
    life_fill(b);
}

static inline void life_free(struct life_block *b)
{
    if (!b->start)
        return;
    life_intact(b);
    free(b->start);
    b->start = NULL;
}

// A few hundred objects of all sizes, some at a time, all verified and freed.
static inline void life_workload(uint64_t seed, int rounds)
{
    struct life_block blocks[2 * LIFE_SIZE_COUNT] = {{0}};
    struct prng rng = {seed};
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < 2 * LIFE_SIZE_COUNT; i++) {
            struct life_block *b = &blocks[prng_below(&rng, 2 * LIFE_SIZE_COUNT)];
            life_free(b);
            life_alloc(b, life_sizes[i % LIFE_SIZE_COUNT], prng_next(&rng));
        }
    }
    for (size_t i = 0; i < 2 * LIFE_SIZE_COUNT; i++)
        life_free(&blocks[i]);
}

// Waits for a child that must end well.
static inline void life_wait(pid_t child)
{
    int status = 0;
    REQUIRE(child > 0);
    while (waitpid(child, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child's wait status 0x%x", status);
}

#endif
