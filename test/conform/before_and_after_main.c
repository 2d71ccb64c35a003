// SPDX-License-Identifier: MIT
// Allocation before main (preinit array, constructors) and after it (atexit, destructors). A child
// goes through all of it and notes each step in shared memory.
#include "conform.h"

#include <sys/wait.h>

enum { N_BYTES = 5000, LARGE_BYTES = 3 * MIB };

enum { AT_EXIT, ON_EXIT, DESTRUCTOR, N_STEPS };

static unsigned char *early[3];
static int *steps; // shared with the parent; NULL until main sets it up

static void fill_early(size_t i)
{
    early[i] = malloc(N_BYTES);
    if (early[i])
        pattern_fill(early[i], N_BYTES, i);
    free(malloc(100));
}

static void before_constructors(void)
{
    fill_early(0);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(void) = before_constructors;

__attribute__((constructor(101))) static void first_constructor(void)
{
    fill_early(1);
}

__attribute__((constructor)) static void last_constructor(void)
{
    fill_early(2);
    early[0] = early[0] ? realloc(early[0], 3 * N_BYTES) : NULL;
}

// 1 if a block from before main and a fresh one both work here.
static int can_allocate(void)
{
    unsigned char *p = malloc(LARGE_BYTES), *q = calloc(1, 77);
    if (!p || !q || pattern_mismatch(early[0], N_BYTES, 0) != N_BYTES)
        return -1;
    pattern_fill(p, 1000, 9);
    p = realloc(p, 2 * LARGE_BYTES);
    int ok = p && pattern_mismatch(p, 1000, 9) == 1000 && pattern_nonzero(q, 77) == 77;
    free(p);
    free(q);
    return ok ? 1 : -1;
}

static void at_exit(void)
{
    steps[AT_EXIT] = can_allocate();
    free(early[1]);
}

static void on_exit_handler(int status, void *block)
{
    steps[ON_EXIT] = status == 42 ? can_allocate() : -2;
    free(block);
}

__attribute__((destructor(101))) static void last_destructor(void)
{
    if (steps) {
        steps[DESTRUCTOR] = can_allocate();
        free(early[0]);
    }
}

static void early_blocks_are_good(void)
{
    for (size_t i = 0; i < 3; i++) {
        REQUIRE(CHECK_BLOCK(early[i]));
        CHECK_EQ(pattern_mismatch(early[i], N_BYTES, i), N_BYTES);
    }
}

static void late_calls_work(void)
{
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        steps = shared;
        on_exit(on_exit_handler, malloc(10));
        atexit(at_exit);
        exit(42);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == 42, "status 0x%x", (unsigned)status);
    for (int i = 0; i < N_STEPS; i++)
        CHECK_FMT(((int *)shared)[i] == 1, "step %d: %d", i, ((int *)shared)[i]);
}

CHECK_MAIN(early_blocks_are_good, late_calls_work)
