// SPDX-License-Identifier: MIT
#include "trouble.h"

#include "check.h"
#include "seat.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { CHILD_STEPS = 400, CHILD_SECONDS = 300, ROOM_MIB_MAX = 24 };

const char *const trouble_names[TROUBLE_COUNT] = {"signals", "cancelled", "forks", "short phases"};
unsigned long trouble_done[TROUBLE_COUNT];

static const unsigned weights[TROUBLE_COUNT] = {79, 10, 8, 3}; // of 100
static struct prng rng;
static struct seat child_seat;

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

void trouble_prepare(uint64_t seed)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    rng.state = seed ^ 0x7726f75626c65u;
    if (sigaction(SIGUSR1, &action, NULL) != 0)
        stress_fail("sigaction: %s", strerror(errno));
}

// --- forks ---

// The child knows nothing of the other threads' locks and half-written blocks: it allocates at a
// seat of its own, and hands nothing over.
__attribute__((noreturn)) static void child_life(void)
{
    alarm(CHILD_SECONDS);
    child_seat.rng.state = prng_next(&rng);
    child_seat.alone = true;
    for (int i = 0; i < CHILD_STEPS; i++)
        seat_step(&child_seat);
    seat_free_all(&child_seat);
    _exit(CHECK_PASS);
}

// Memory may be too short for the fork itself.
static void fork_once(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        child_life();
    if (child < 0 && !seat_memory_is_short())
        stress_fail("fork: %s", strerror(errno));
    if (child < 0)
        return;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            stress_fail("waitpid: %s", strerror(errno));
    if (status != 0)
        stress_fail("wait status 0x%x of child %lu", (unsigned)status, trouble_done[TROUBLE_FORK]);
}

// --- memory that is short ---

static size_t data_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %*s %*s %*s %*s %zu", &pages) != 1)
        stress_fail("cannot read /proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit_data(size_t n_bytes)
{
    struct rlimit limit = {n_bytes, RLIM_INFINITY};
    if (setrlimit(RLIMIT_DATA, &limit) != 0)
        stress_fail("setrlimit: %s", strerror(errno));
}

// What is left goes into ballast, as far as one thread gets it.
static struct ballast {
    struct ballast *next;
} * ballast;

static void ballast_take(size_t n_bytes)
{
    struct ballast *block;
    while ((block = malloc(n_bytes))) {
        block->next = ballast;
        ballast = block;
    }
}

static void short_begin(void)
{
    size_t room_bytes = (size_t)prng_below(&rng, ROOM_MIB_MAX << 20);
    size_t held_bytes = data_bytes();
    seat_memory_short(true);
    limit_data(held_bytes + room_bytes);
    ballast_take(1 << 20);
    ballast_take(40000);
}

void trouble_end(void)
{
    if (!seat_memory_is_short())
        return;
    while (ballast) {
        struct ballast *next = ballast->next;
        free(ballast);
        ballast = next;
    }
    limit_data(RLIM_INFINITY);
    seat_memory_short(false);
}

// ---

static enum trouble_kind pick_kind(void)
{
    unsigned at = (unsigned)prng_below(&rng, 100), kind = 0;
    while (at >= weights[kind])
        at -= weights[kind++];
    return (enum trouble_kind)kind;
}

void trouble_make(pthread_t victim)
{
    enum trouble_kind kind = pick_kind();
    switch (kind) {
    case TROUBLE_SIGNAL:
        pthread_kill(victim, SIGUSR1);
        break;
    case TROUBLE_CANCEL:
        pthread_cancel(victim);
        break;
    case TROUBLE_FORK:
        fork_once();
        break;
    default:
        if (seat_memory_is_short())
            trouble_end();
        else
            short_begin();
    }
    trouble_done[kind]++;
}
