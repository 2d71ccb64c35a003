// SPDX-License-Identifier: MIT
// A handler that calls the one that it found: both see the signal.
#include "guarded.h"

static struct sigaction found;
static volatile sig_atomic_t handled;

static void chaining(int number, siginfo_t *info, void *context)
{
    handled++;
    if (handled < 3)
        found.sa_sigaction(number, info, context);
}

int main(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    free(malloc(1));
    action.sa_sigaction = chaining;
    sigaction(SIGSEGV, &action, &found);
    const volatile char *object = object_at_end(BYTES);
    (void)object[BYTES];
    return WENT_ON;
}
