// SPDX-License-Identifier: MIT
// 128 threads on few processors do the work of two: allocate, verify, free, hand over. They are to
// take about as long, and must not form a convoy: a queue before a lock in which everybody sleeps
// and is woken for each operation, because the holder is never running.
// Usage: crowd [OPERATIONS]
#include "check.h"
#include "prng.h"

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

enum {
    FEW = 2,
    MANY = 128,
    OWN = 64,    // blocks that a share of the work holds
    POOL = 1024, // places where blocks change hands
    TURNS = 3,   // of which the best counts
    PART = 64,
};

struct block {
    uint64_t seed;
    size_t n_bytes; // of data
    unsigned char data[];
};

struct cost {
    double wall_s, cpu_s;
    long sleeps; // voluntary context switches
};

static struct block *own[MANY][OWN]; // one row a share, whoever does it
static struct block *pool[POOL];
static long operations = 5000000, thread_count;
static pthread_barrier_t start;

static size_t pick_bytes(struct prng *rng)
{
    return prng_size(rng, prng_below(rng, 100) ? 2000 : 100000);
}

// Head and tail carry the pattern, which says who lost or overwrote what.
static struct block *block_new(struct prng *rng)
{
    size_t n_bytes = pick_bytes(rng), part = n_bytes < PART ? n_bytes : PART;
    struct block *b = malloc(sizeof *b + n_bytes);
    REQUIRE(b != NULL);
    b->seed = prng_next(rng);
    b->n_bytes = n_bytes;
    pattern_fill(b->data, part, b->seed);
    pattern_fill(b->data + n_bytes - part, part, b->seed);
    return b;
}

static void block_free(struct block *b)
{
    if (!b)
        return;
    size_t part = b->n_bytes < PART ? b->n_bytes : PART;
    const unsigned char *tail = b->data + b->n_bytes - part;
    CHECK_FMT(pattern_mismatch(tail, part, b->seed) == part &&
                  (b->n_bytes < 2 * part || pattern_mismatch(b->data, part, b->seed) == part),
              "%zu bytes at %p", b->n_bytes, (void *)b);
    free(b);
}

// One in four goes to where any thread may find it.
static void step(struct block **mine, struct prng *rng)
{
    struct block *b = block_new(rng);
    if (prng_below(rng, 4)) {
        struct block **place = &mine[prng_below(rng, OWN)], *old = *place;
        *place = b;
        block_free(old);
    } else {
        block_free(__atomic_exchange_n(&pool[prng_below(rng, POOL)], b, __ATOMIC_ACQ_REL));
    }
}

static void *work(void *argument)
{
    long me = (long)(uintptr_t)argument;
    pthread_barrier_wait(&start);
    for (long share = me; share < MANY; share += thread_count) {
        struct prng rng = {(uint64_t)share};
        for (long i = operations / MANY; i > 0; i--)
            step(own[share], &rng);
    }
    return NULL;
}

static struct cost cost_now(void)
{
    struct rusage usage;
    struct timespec now;
    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct cost){
        (double)now.tv_sec + (double)now.tv_nsec / 1e9,
        (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        usage.ru_nvcsw,
    };
}

static void run_once(long count, struct cost *best)
{
    pthread_t threads[MANY];
    thread_count = count;
    REQUIRE(pthread_barrier_init(&start, NULL, (unsigned)count + 1) == 0);
    for (long i = 0; i < count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) == 0);
    struct cost before = cost_now();
    pthread_barrier_wait(&start);
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    struct cost after = cost_now();
    pthread_barrier_destroy(&start);
    double wall_s = after.wall_s - before.wall_s, cpu_s = after.cpu_s - before.cpu_s;
    long sleeps = after.sleeps - before.sleeps;
    best->wall_s = wall_s < best->wall_s ? wall_s : best->wall_s;
    best->cpu_s = cpu_s < best->cpu_s ? cpu_s : best->cpu_s;
    best->sleeps = sleeps < best->sleeps ? sleeps : best->sleeps;
}

static void free_all(void)
{
    for (int i = 0; i < MANY * OWN; i++)
        block_free(own[i / OWN][i % OWN]);
    for (int i = 0; i < POOL; i++)
        block_free(pool[i]);
}

// Generous: the same work costs more in cold caches, and the machine may be busy. A convoy costs
// one sleep or more for each lock that is taken, and ten times the time.
static void check_costs(const struct cost *few, const struct cost *many)
{
    check_print("%ld operations by %d and %d threads: %.2f and %.2f s, processor %.2f and %.2f s, "
                "%ld and %ld sleeps",
                operations, FEW, MANY, few->wall_s, many->wall_s, few->cpu_s, many->cpu_s,
                few->sleeps, many->sleeps);
    CHECK_FMT(many->wall_s < 4 * few->wall_s + 0.5, "%.2f and %.2f s", few->wall_s, many->wall_s);
    CHECK_FMT(many->cpu_s < 3 * few->cpu_s + 0.5, "%.2f and %.2f s", few->cpu_s, many->cpu_s);
    // Each thread waits at the barrier and comes late; beyond that, not one in a thousand.
    CHECK_FMT(many->sleeps < 4 * MANY + operations / 1000, "%ld sleeps", many->sleeps);
}

int main(int argc, char **argv)
{
    struct cost few = {1e9, 1e9, 1l << 40}, many = few;
    operations = argc > 1 ? atol(argv[1]) : operations;
    check_begin();
    for (int turn = 0; turn < TURNS; turn++) {
        run_once(FEW, &few);
        run_once(MANY, &many);
    }
    free_all();
    if (check_library())
        check_costs(&few, &many);
    return check_end();
}
