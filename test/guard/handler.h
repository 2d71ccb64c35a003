// SPDX-License-Identifier: MIT
// A program's own handler of SIGSEGV: it notes whether it was called as without the library, and
// jumps out.
#ifndef TEST_GUARD_HANDLER_H
#define TEST_GUARD_HANDLER_H

#include "guarded.h"

#include <setjmp.h>

static sigjmp_buf back;
static volatile sig_atomic_t handled;
static const volatile char *expected;

static void on_trap(int number, siginfo_t *info, void *context)
{
    (void)context;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    bool right = number == SIGSEGV && info->si_addr == (const void *)expected &&
                 sigismember(&blocked, SIGUSR1) == 1 && sigismember(&blocked, SIGSEGV) == 1;
    handled = right ? handled + 1 : 100;
    siglongjmp(back, 1);
}

static void handler_set(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_trap;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
}

static void hit(void)
{
    const volatile char *object = object_at_end(BYTES);
    expected = object + BYTES;
    if (!sigsetjmp(back, 1))
        (void)*expected;
}

// The exit status: once, and the mask is as it was.
static int outcome(void)
{
    enum { NOT_WHOLE = 5 };
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    bool whole = handled == 1 && !sigismember(&blocked, SIGUSR1) && !sigismember(&blocked, SIGSEGV);
    dprintf(STDOUT_FILENO, "handled %d\n", whole);
    return whole ? 0 : NOT_WHOLE;
}

#endif
