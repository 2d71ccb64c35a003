// SPDX-License-Identifier: MIT
// A storm of signals hits threads that allocate. The handlers do nothing; the calls that they
// interrupt must not notice, nor set errno.
#include "noise.h"

#include <sys/time.h>
#include <time.h>

enum { SECONDS = 2, CANARY = 4242, STORM_SIGNALS = 3 };

static const int storm[STORM_SIGNALS] = {SIGUSR1, SIGUSR2, SIGWINCH};
static int delivered;

static void do_nothing(int signal_number)
{
    (void)signal_number;
    __atomic_add_fetch(&delivered, 1, __ATOMIC_RELAXED);
}

static void install(void)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    for (int i = 0; i < STORM_SIGNALS; i++)
        REQUIRE(sigaction(storm[i], &action, NULL) == 0);
    REQUIRE(sigaction(SIGPROF, &action, NULL) == 0);
    struct itimerval often = {{0, 500}, {0, 500}};
    REQUIRE(setitimer(ITIMER_PROF, &often, NULL) == 0);
}

// Mallocs that do system calls, between signals.
static void breathe(void)
{
    errno = CANARY;
    for (size_t size = 50000; size < 20000000; size *= 4) {
        char *p = malloc(size);
        REQUIRE(p != NULL);
        p[0] = p[size / 2] = p[size - 1] = 1;
        free(p);
        CHECK_EQ(errno, CANARY);
        errno = CANARY;
    }
}

static void threads_survive_a_storm(void)
{
    time_t end = time(NULL) + SECONDS;
    life_watchdog(60);
    noise_start(4);
    install();
    for (int i = 0; time(NULL) < end; i++) {
        for (int k = 0; k < noise_count; k++)
            pthread_kill(noise_threads[k], storm[i % STORM_SIGNALS]);
        breathe();
    }
    noise_stop();
    setitimer(ITIMER_PROF, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    CHECK_FMT(delivered > 100, "%d signals", delivered);
}

CHECK_MAIN(threads_survive_a_storm)
