// SPDX-License-Identifier: MIT
// Threads allocate, resize, hand over and free blocks of all sizes at random, and verify each
// byte pattern before it goes. The first line of the output says how to repeat a run; threads
// race, so a repeated run makes the same requests, not the same interleaving.
#include "block.h"
#include "check.h"
#include "drift.h"
#include "seat.h"
#include "shadow.h"
#include "trouble.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

enum { MAX_THREADS = 64, TICK_MS = 20, DUTY_STEPS = 256, NOTE_SECONDS = 60, PATIENCE = 5 };

struct options {
    double seconds;
    unsigned long threads;
    unsigned long long seed;
    unsigned long max_size;
    unsigned long churn; // steps in a thread's life, about; 0: all of them
    unsigned long live_mib;
    unsigned long trouble; // 1: forks, signals, cancellation, memory that is short
    unsigned long duty;    // percent of the time that a thread works
};

struct worker {
    struct seat seat;
    pthread_t thread;
    bool started; // and not joined yet
    bool ended;
};

static struct options options = {5, 4, 0, (size_t)32 << 20, 20000, 256, 0, 100};
static struct worker workers[MAX_THREADS];
static unsigned long thread_count;
static bool stopping;
static sem_t ended_count;

static bool is_stopping(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Rests so long that the thread works for the given part of the time; returns the end of the rest.
static double rest(double since)
{
    double seconds = (now_seconds() - since) * (double)(100 - options.duty) / (double)options.duty;
    seconds = seconds < 1 ? seconds : 1;
    struct timespec length = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&length, NULL);
    return now_seconds();
}

static void worker_ended(void *argument)
{
    struct worker *w = argument;
    __atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
    sem_post(&ended_count);
}

// A thread may be cancelled between steps: the library must not be a place where it can.
static void work(struct worker *w)
{
    double since = now_seconds();
    unsigned long steps = options.churn ? prng_range(&w->seat.rng, 1, 2 * options.churn) : -1ul;
    while (steps-- > 0 && !is_stopping()) {
        seat_step(&w->seat);
        if (options.duty < 100 && steps % DUTY_STEPS == 0)
            since = rest(since);
        pthread_testcancel();
    }
}

static void *worker_run(void *argument)
{
    pthread_cleanup_push(worker_ended, argument);
    work(argument);
    pthread_cleanup_pop(1);
    return NULL;
}

// While memory is short there may be none for a thread: it is tried again later.
static void worker_start(struct worker *w)
{
    w->ended = false;
    int code = pthread_create(&w->thread, NULL, worker_run, w);
    w->started = code == 0;
    if (code && !seat_memory_is_short())
        stress_fail("pthread_create: %s", strerror(code));
    thread_count += w->started;
}

static void worker_join(struct worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}

// Ended threads are joined and followed by others.
static void workers_renew(void)
{
    for (unsigned long i = 0; i < options.threads; i++) {
        if (workers[i].started && !__atomic_load_n(&workers[i].ended, __ATOMIC_ACQUIRE))
            continue;
        worker_join(&workers[i]);
        worker_start(&workers[i]);
    }
}

static void note(double seconds, size_t resident_bytes)
{
    static double next = NOTE_SECONDS;
    if (!resident_bytes || seconds < next)
        return;
    next += NOTE_SECONDS;
    check_print("%6.0f s: %zu MiB, %lu threads, %lu forks, %lu cancelled, %lu short phases",
                seconds, resident_bytes >> 20, thread_count, trouble_done[TROUBLE_FORK],
                trouble_done[TROUBLE_CANCEL], trouble_done[TROUBLE_SHORT]);
}

static void wait_a_tick(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_MS * 1000000L * 100 / (long)options.duty;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (sem_timedwait(&ended_count, &until) != 0 && errno == EINTR)
        ;
}

static unsigned long long done_of(int op)
{
    unsigned long long n = 0;
    for (unsigned long i = 0; i < options.threads; i++)
        n += __atomic_load_n(&workers[i].seat.done[op], __ATOMIC_RELAXED);
    return n;
}

static unsigned long long denied_count(void)
{
    unsigned long long n = 0;
    for (unsigned long i = 0; i < options.threads; i++)
        n += __atomic_load_n(&workers[i].seat.denied, __ATOMIC_RELAXED);
    return n;
}

static bool all_was_seen(void)
{
    for (int op = 0; op < OP_COUNT; op++) {
        if (!done_of(op))
            return false;
    }
    return !options.trouble || denied_count();
}

// A busy machine may need longer to have done, and been denied, everything once.
static bool is_over(double seconds)
{
    double patience = all_was_seen() ? 1 : PATIENCE;
    return seconds >= patience * options.seconds;
}

static void run(void)
{
    double start = now_seconds();
    unsigned long turn = 0;
    for (double seconds = 0; !is_over(seconds); seconds = now_seconds() - start) {
        workers_renew();
        struct worker *victim = &workers[turn++ % options.threads];
        if (options.trouble && victim->started)
            trouble_make(victim->thread);
        wait_a_tick();
        note(seconds, drift_sample(seconds));
    }
    trouble_end();
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    for (unsigned long i = 0; i < options.threads; i++)
        worker_join(&workers[i]);
}

// All that is left, whoever allocated it, is verified and freed by this thread.
static void free_all(void)
{
    for (unsigned long i = 0; i < options.threads; i++)
        seat_free_all(&workers[i].seat);
    pool_free_all(&workers[0].seat);
}

static void report_trouble(void)
{
    unsigned long long denied = denied_count();
    for (int kind = 0; kind < TROUBLE_COUNT; kind++) {
        check_print("%14s %lu", trouble_names[kind], trouble_done[kind]);
        CHECK_FMT(trouble_done[kind] > 0, "no %s in %.1f s", trouble_names[kind], options.seconds);
    }
    check_print("%14s %llu", "denied", denied);
    CHECK_FMT(denied > 0, "memory was never short");
    drift_report();
}

static void report(void)
{
    for (int op = 0; op < OP_COUNT; op++) {
        unsigned long long n = done_of(op);
        check_print("%14s %llu", op_names[op], n);
        CHECK_FMT(n > 0, "no %s at all in %.1f s", op_names[op], options.seconds);
    }
    check_print("%14s %lu", "threads", thread_count);
    if (options.churn)
        CHECK_FMT(thread_count > options.threads, "no thread had a successor");
    if (options.trouble)
        report_trouble();
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
    else if (strcmp(name, "--trouble") == 0)
        options.trouble = (unsigned long)number;
    else if (strcmp(name, "--duty") == 0)
        options.duty = (unsigned long)number;
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
           options.live_mib >= 1 && options.seconds > 0 && options.trouble <= 1 &&
           options.duty >= 1 && options.duty <= 100;
}

static void prepare(void)
{
    stress_seed = options.seed;
    seat_limits.max_size = options.max_size;
    seat_limits.live_bytes = (options.live_mib << 20) / options.threads;
    for (unsigned long i = 0; i < options.threads; i++)
        workers[i].seat.rng.state = options.seed * MAX_THREADS + i;
    trouble_prepare(options.seed);
    sem_init(&ended_count, 0, 0);
}

int main(int argc, char **argv)
{
    check_begin();
    if (!parse_all(argc, argv)) {
        check_print("usage: stress [--seconds S] [--threads 1..64] [--seed N] [--max-size BYTES]\n"
                    "              [--churn STEPS (0: threads never end)] [--live MIB]\n"
                    "              [--trouble 0|1 (forks, signals, cancellation, short memory)]\n"
                    "              [--duty PERCENT]");
        return 2;
    }
    check_print("stress --seed %llu --seconds %g --threads %lu --max-size %lu --churn %lu "
                "--live %lu --trouble %lu --duty %lu",
                options.seed, options.seconds, options.threads, options.max_size, options.churn,
                options.live_mib, options.trouble, options.duty);
    prepare();
    if (!shadow_open())
        check_print("no room for the map of live blocks: overlaps show in the patterns only");
    run();
    free_all();
    report();
    return check_end();
}
