// SPDX-License-Identifier: MIT
// Threads allocate, resize, hand over and free blocks of all sizes at random, and verify each
// byte pattern before it goes. The first line of the output says how to repeat a run; threads
// race, so a repeated run makes the same requests, not the same interleaving.
#include "block.h"
#include "check.h"
#include "seat.h"
#include "shadow.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

enum { MAX_THREADS = 64 };

struct options {
    double seconds;
    unsigned long threads;
    unsigned long long seed;
    unsigned long max_size;
    unsigned long churn; // steps in a thread's life, about; 0: all of them
    unsigned long live_mib;
};

struct worker {
    struct seat seat;
    pthread_t thread;
    bool ended;
};

static struct options options = {5, 4, 0, (size_t)32 << 20, 20000, 256};
static struct worker workers[MAX_THREADS];
static unsigned long thread_count;
static bool stopping;
static sem_t ended_count;

static bool is_stopping(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

static void *worker_run(void *argument)
{
    struct worker *w = argument;
    unsigned long steps = options.churn ? prng_range(&w->seat.rng, 1, 2 * options.churn) : -1ul;
    while (steps-- > 0 && !is_stopping())
        seat_step(&w->seat);
    __atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
    sem_post(&ended_count);
    return NULL;
}

static void worker_start(struct worker *w)
{
    w->ended = false;
    thread_count++;
    int code = pthread_create(&w->thread, NULL, worker_run, w);
    if (code)
        stress_fail("pthread_create: %s", strerror(code));
}

// Ended threads are joined and followed by others until the time is over.
static void run_until(const struct timespec *deadline)
{
    while (sem_timedwait(&ended_count, deadline) == 0 || errno == EINTR) {
        for (unsigned long i = 0; i < options.threads; i++) {
            if (!__atomic_load_n(&workers[i].ended, __ATOMIC_ACQUIRE))
                continue;
            pthread_join(workers[i].thread, NULL);
            worker_start(&workers[i]);
        }
    }
}

static void run(void)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += (time_t)options.seconds;
    deadline.tv_nsec += (long)((options.seconds - (double)(time_t)options.seconds) * 1e9);
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    for (unsigned long i = 0; i < options.threads; i++)
        worker_start(&workers[i]);
    run_until(&deadline);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    for (unsigned long i = 0; i < options.threads; i++)
        pthread_join(workers[i].thread, NULL);
}

// All that is left, whoever allocated it, is verified and freed by this thread.
static void free_all(void)
{
    for (unsigned long i = 0; i < options.threads; i++)
        seat_free_all(&workers[i].seat);
    pool_free_all(&workers[0].seat);
}

static void report(void)
{
    for (int op = 0; op < OP_COUNT; op++) {
        unsigned long long n = 0;
        for (unsigned long i = 0; i < options.threads; i++)
            n += workers[i].seat.done[op];
        check_print("%14s %llu", op_names[op], n);
        CHECK_FMT(n > 0, "no %s at all in %.1f s", op_names[op], options.seconds);
    }
    check_print("%14s %lu", "threads", thread_count);
    if (options.churn)
        CHECK_FMT(thread_count > options.threads, "no thread had a successor");
}

static bool parse(const char *name, const char *value)
{
    char *end;
    double number = strtod(value, &end);
    if (strcmp(name, "--seed") == 0)
        options.seed = strtoull(value, &end, 0);
    else if (strcmp(name, "--seconds") == 0)
        options.seconds = number;
    else if (strcmp(name, "--threads") == 0)
        options.threads = (unsigned long)number;
    else if (strcmp(name, "--max-size") == 0)
        options.max_size = (unsigned long)number;
    else if (strcmp(name, "--churn") == 0)
        options.churn = (unsigned long)number;
    else if (strcmp(name, "--live") == 0)
        options.live_mib = (unsigned long)number;
    else
        return false;
    return *value != '\0' && *end == '\0' && *value != '-';
}

static bool parse_all(int argc, char **argv)
{
    options.seed = (unsigned long long)time(NULL);
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !parse(argv[i], argv[i + 1]))
            return false;
    return options.threads >= 1 && options.threads <= MAX_THREADS && options.max_size >= 1 &&
           options.live_mib >= 1 && options.seconds > 0;
}

static void prepare(void)
{
    stress_seed = options.seed;
    seat_limits.max_size = options.max_size;
    seat_limits.live_bytes = (options.live_mib << 20) / options.threads;
    for (unsigned long i = 0; i < options.threads; i++)
        workers[i].seat.rng.state = options.seed * MAX_THREADS + i;
    sem_init(&ended_count, 0, 0);
}

int main(int argc, char **argv)
{
    check_begin();
    if (!parse_all(argc, argv)) {
        check_print("usage: stress [--seconds S] [--threads 1..64] [--seed N] [--max-size BYTES]\n"
                    "              [--churn STEPS (0: threads never end)] [--live MIB]");
        return 2;
    }
    check_print("stress --seed %llu --seconds %g --threads %lu --max-size %lu --churn %lu "
                "--live %lu",
                options.seed, options.seconds, options.threads, options.max_size, options.churn,
                options.live_mib);
    prepare();
    if (!shadow_open())
        check_print("no room for the map of live blocks: overlaps show in the patterns only");
    run();
    free_all();
    report();
    return check_end();
}
