// SPDX-License-Identifier: MIT
// Takes all the memory that a limit allows, or a given amount, kind by kind. For each kind: fill
// until malloc says NULL, verify everything, free half at random, fill again, free the rest; what
// one kind left must serve the next. With threads, each frees what another allocated.
// Usage: fill [--as SIZE | --data SIZE | --amount SIZE] [--threads N] small|large|huge|mixed...
#include "list.h"

#include <pthread.h>
#include <sys/resource.h>

enum { MAX_THREADS = 16, STACK_BYTES = 128 << 10, KINDS_MAX = 16, GIVE_UP = 200 };

struct plan {
    size_t limit;  // of the process; 0: none
    size_t amount; // in all; with a limit, more than it allows
    unsigned threads;
    unsigned kind_count;
    enum kind kinds[KINDS_MAX];
};

static struct plan plan = {.threads = 1};
static struct list lists[MAX_THREADS];
static struct prng rngs[MAX_THREADS];
static pthread_barrier_t together;
static size_t totals[2]; // bytes that all threads hold at the end of a step, by its parity

// A few failures in a row end it, as what does not fit as one size may as another.
static void fill(struct list *list, enum kind kind, struct prng *rng)
{
    size_t share = plan.amount / plan.threads;
    for (int failures = 0; failures < GIVE_UP && list->n_bytes < share;)
        failures = list_add(list, kind_size(kind, rng), prng_next(rng)) ? 0 : failures + 1;
}

// The bytes that all threads hold, the same number for each of them. Every thread calls it with
// the steps 0, 1, 2, ...
static size_t sum_up(const struct list *list, unsigned step)
{
    __atomic_add_fetch(&totals[step % 2], list->n_bytes, __ATOMIC_RELAXED);
    pthread_barrier_wait(&together);
    size_t total = __atomic_load_n(&totals[step % 2], __ATOMIC_RELAXED);
    if (pthread_barrier_wait(&together) == PTHREAD_BARRIER_SERIAL_THREAD)
        totals[step % 2] = 0;
    return total;
}

static void expect(size_t total, size_t wanted, enum kind kind, const char *when)
{
    CHECK_FMT(total >= wanted, "%s, %s: %zu MiB of the wanted %zu", kind_names[kind], when,
              total >> 20, wanted >> 20);
}

// With a limit, half of it; without one, everything that was asked for.
static size_t wanted_bytes(void)
{
    return plan.limit ? plan.limit / 2 : plan.amount / plan.threads * plan.threads;
}

static void run_kind(unsigned number, unsigned thread, enum kind kind)
{
    struct list *mine = &lists[thread];
    struct list *theirs = &lists[(thread + 1) % plan.threads];
    struct prng *rng = &rngs[thread];
    fill(mine, kind, rng);
    size_t full = sum_up(mine, 4 * number);
    expect(full, wanted_bytes(), kind, "at first");
    list_verify(theirs);
    list_free(theirs, 50, rng);
    size_t half = sum_up(theirs, 4 * number + 1);
    fill(mine, kind, rng);
    size_t again = sum_up(mine, 4 * number + 2);
    expect(again - half, (full - half) / 2, kind, "again after half was freed");
    list_verify(mine);
    pthread_barrier_wait(&together);
    list_free(theirs, 100, rng);
    CHECK_EQ(sum_up(theirs, 4 * number + 3), 0);
}

static void *run_thread(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    rngs[thread].state = 1000 + thread;
    for (unsigned i = 0; i < plan.kind_count; i++)
        run_kind(i, thread, plan.kinds[i]);
    return NULL;
}

static void run(void)
{
    pthread_t threads[MAX_THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_barrier_init(&together, NULL, plan.threads);
    for (unsigned i = 1; i < plan.threads; i++)
        REQUIRE(pthread_create(&threads[i], &small, run_thread, (void *)(uintptr_t)i) == 0);
    run_thread(NULL);
    for (unsigned i = 1; i < plan.threads; i++)
        pthread_join(threads[i], NULL);
}

// Digits and K, M or G.
static size_t parse_size(const char *text)
{
    char *end;
    size_t size = strtoull(text, &end, 10);
    const char *units = "KMG", *unit = *end ? strchr(units, *end) : NULL;
    REQUIRE(end > text && (*end == '\0' || (unit && end[1] == '\0')));
    return unit ? size << 10 * (unit - units + 1) : size;
}

// Limits count from the start of a program: the allocator plans by them at its first call.
static void start_again(int resource, size_t limit, char **argv)
{
    struct rlimit now;
    REQUIRE(getrlimit(resource, &now) == 0);
    if (now.rlim_cur == limit)
        return;
    now.rlim_cur = limit;
    REQUIRE(setrlimit(resource, &now) == 0);
    execv("/proc/self/exe", argv);
    REQUIRE(!"execv");
}

static void add_kind(const char *name)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (strcmp(name, kind_names[kind]) == 0 && plan.kind_count < KINDS_MAX) {
            plan.kinds[plan.kind_count++] = (enum kind)kind;
            return;
        }
    }
    check_print("fill: no such option or kind: %s", name);
    _exit(2);
}

static void parse_option(const char *name, const char *value, char **argv)
{
    if (strcmp(name, "--threads") == 0) {
        plan.threads = (unsigned)parse_size(value);
    } else if (strcmp(name, "--amount") == 0) {
        plan.amount = parse_size(value);
    } else if (strcmp(name, "--as") == 0 || strcmp(name, "--data") == 0) {
        plan.limit = parse_size(value);
        plan.amount = 2 * plan.limit;
        start_again(strcmp(name, "--as") == 0 ? RLIMIT_AS : RLIMIT_DATA, plan.limit, argv);
    } else {
        add_kind(name);
    }
}

int main(int argc, char **argv)
{
    check_begin();
    for (int i = 1; i < argc; i++) {
        parse_option(argv[i], i + 1 < argc ? argv[i + 1] : "", argv);
        i += argv[i][0] == '-';
    }
    REQUIRE(plan.kind_count > 0 && plan.amount > 0);
    REQUIRE(plan.threads >= 1 && plan.threads <= MAX_THREADS);
    run();
    return check_end();
}
