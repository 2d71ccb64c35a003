// SPDX-License-Identifier: MIT
// The first allocation of the process comes out of pthread_atfork, which keeps its first handlers
// in a static table and holds its lock while it allocates a larger one. An allocator that then
// registers handlers of its own waits for ever.
#include "life.h"

#include <pthread.h>

enum { FORK_HANDLERS = 200 };

static int handler_calls;

static void count_handler(void)
{
    handler_calls++;
}

static void registers_handlers_first(void)
{
    life_watchdog(20);
    for (int i = 0; i < FORK_HANDLERS; i++)
        REQUIRE(pthread_atfork(count_handler, count_handler, NULL) == 0);
}

static void forks_with_them(void)
{
    life_workload(1, 2);
    pid_t child = fork();
    if (child == 0) {
        life_workload(2, 2);
        _exit(check_end());
    }
    CHECK_EQ(handler_calls, 2 * FORK_HANDLERS);
    life_wait(child);
}

CHECK_MAIN(registers_handlers_first, forks_with_them)
