// SPDX-License-Identifier: MIT
// Nanoseconds per malloc + free pair, the first byte of every object touched, one thread.
//   same      one object of 64 bytes, allocated and freed over and over
//   batch     1000 objects of 16..1024 bytes, then all freed in the order of their allocation
//   random    100,000 live objects of 16..512 bytes; one at random is freed and replaced
//   mixed64k  64 live objects of 16 bytes..64 KiB; one at random is freed and replaced
//   mixed1m   the same with 16 bytes..1.1 MiB
//   large     as "same", with one object of 100 KiB..1.1 MiB; run if --rows names it or says "all"
// Sizes are evenly spread in the first three rows and in the last; in the mixed rows every doubling
// of the size is equally likely. They come from a table made beforehand, the same for every
// allocator. The loop's own cost (about 1 ns for the random rows) is part of the figure.
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 1000, LIVE_RANDOM = 100000, LIVE_MIXED = 64, SIZE_COUNT = 1 << 14 };

#define MIXED_MAX_64K ((size_t)64 << 10)
#define MIXED_MAX_1M  ((size_t)11 << 20) / 10
#define LARGE_MIN     ((size_t)100 << 10)

struct row {
    const char *name;
    const char *text;
    bool unasked; // run without --rows
    void (*prepare)(void);
    void (*run)(uint64_t pairs);
    void (*finish)(void);
};

static uint32_t sizes[SIZE_COUNT]; // static: the allocator on trial sees only the row's own calls
static char *objects[LIVE_RANDOM];
static uint64_t random_state;

static inline uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static inline char *allocate(size_t size)
{
    volatile char *p = malloc(size);
    if (!p) {
        fprintf(stderr, "pair_bench: malloc(%zu) failed\n", size);
        exit(1);
    }
    *p = 1;
    return (char *)p;
}

static void fill_sizes_even(size_t low, size_t high)
{
    for (size_t i = 0; i < SIZE_COUNT; i++)
        sizes[i] = (uint32_t)(low + random_next() % (high - low + 1));
}

// A random number of doublings of 16, then evenly inside that doubling.
static void fill_sizes_doubling(size_t high)
{
    size_t i = 0;
    while (i < SIZE_COUNT) {
        size_t low = (size_t)16 << random_next() % 17;
        size_t size = low + random_next() % low;
        if (size <= high)
            sizes[i++] = (uint32_t)size;
    }
}

static void fill_objects(size_t live)
{
    for (size_t i = 0; i < live; i++)
        objects[i] = allocate(sizes[i % SIZE_COUNT]);
}

static void free_objects(size_t live)
{
    for (size_t i = 0; i < live; i++)
        free(objects[i]);
}

static void replace_at_random(uint64_t pairs, uint32_t live)
{
    for (uint64_t i = 0; i < pairs; i++) {
        uint64_t r = random_next();
        size_t at = (size_t)(((r >> 32) * live) >> 32);
        free(objects[at]);
        objects[at] = allocate(sizes[r % SIZE_COUNT]);
    }
}

static void prepare_nothing(void)
{
}

static void run_same(uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++)
        free(allocate(64));
}

static void prepare_batch(void)
{
    fill_sizes_even(16, 1024);
}

static void run_batch(uint64_t pairs)
{
    for (uint64_t done = 0; done < pairs; done += BATCH) {
        const uint32_t *size = sizes + done % (SIZE_COUNT - BATCH);
        for (size_t i = 0; i < BATCH; i++)
            objects[i] = allocate(size[i]);
        for (size_t i = 0; i < BATCH; i++)
            free(objects[i]);
    }
}

static void prepare_random(void)
{
    fill_sizes_even(16, 512);
    fill_objects(LIVE_RANDOM);
}

static void run_random(uint64_t pairs)
{
    replace_at_random(pairs, LIVE_RANDOM);
}

static void finish_random(void)
{
    free_objects(LIVE_RANDOM);
}

static void prepare_mixed_64k(void)
{
    fill_sizes_doubling(MIXED_MAX_64K);
    fill_objects(LIVE_MIXED);
}

static void prepare_mixed_1m(void)
{
    fill_sizes_doubling(MIXED_MAX_1M);
    fill_objects(LIVE_MIXED);
}

static void run_mixed(uint64_t pairs)
{
    replace_at_random(pairs, LIVE_MIXED);
}

static void finish_mixed(void)
{
    free_objects(LIVE_MIXED);
}

static void prepare_large(void)
{
    fill_sizes_even(LARGE_MIN, MIXED_MAX_1M);
}

// A size stays for as many pairs as a batch has: all but the first find what was just freed.
static void run_large(uint64_t pairs)
{
    for (uint64_t done = 0; done < pairs; done += BATCH) {
        size_t size = sizes[done / BATCH % SIZE_COUNT];
        for (size_t i = 0; i < BATCH; i++)
            free(allocate(size));
    }
}

static const struct row rows[] = {
    {"same", "same object", true, prepare_nothing, run_same, prepare_nothing},
    {"batch", "batches of 1000, mixed sizes", true, prepare_batch, run_batch, prepare_nothing},
    {"random", "random, working set of 100,000", true, prepare_random, run_random, finish_random},
    {"mixed64k", "mixed <= 64 KiB", true, prepare_mixed_64k, run_mixed, finish_mixed},
    {"mixed1m", "mixed <= 1.1 MiB", true, prepare_mixed_1m, run_mixed, finish_mixed},
    {"large", "same object, large", false, prepare_large, run_large, prepare_nothing},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t time_run(const struct row *row, uint64_t pairs)
{
    uint64_t start = now_ns();
    row->run(pairs);
    return now_ns() - start;
}

// Doubles the run until a tenth of the duration is reached, which also warms the allocator up;
// then one run as long as that pace promises.
static double measure(const struct row *row, uint64_t duration_ns)
{
    random_state = 0x9e3779b97f4a7c15u;
    row->prepare();
    uint64_t pairs = BATCH;
    uint64_t spent = time_run(row, pairs);
    while (spent < duration_ns / 10) {
        pairs *= 2;
        spent = time_run(row, pairs);
    }
    pairs = (uint64_t)((double)pairs * (double)duration_ns / (double)(spent ? spent : 1));
    pairs = (pairs + BATCH - 1) / BATCH * BATCH;
    spent = time_run(row, pairs);
    row->finish();
    return (double)spent / (double)pairs;
}

// Is the row one of the comma-separated names in list? No list wants what runs unasked.
static bool is_wanted(const char *list, const struct row *row)
{
    if (!list || strcmp(list, "all") == 0)
        return list || row->unasked;
    const char *name = row->name;
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

// The file that answers malloc here: whoever reads the figures can tell whose they are.
static const char *allocator_file(void)
{
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, "malloc");
    return address && dladdr(address, &info) && info.dli_fname ? info.dli_fname : "?";
}

static void print_row(const struct row *row, double ns, bool json, bool first)
{
    if (json)
        printf("%s\"%s\": %.3f", first ? "" : ", ", row->name, ns);
    else
        printf("%-32s %8.2f ns\n", row->text, ns);
}

static void run_rows(const char *wanted, uint64_t duration_ns, bool json)
{
    bool first = true;
    if (json)
        printf("{\"malloc\": \"%s\", \"ns\": {", allocator_file());
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!is_wanted(wanted, &rows[i]))
            continue;
        print_row(&rows[i], measure(&rows[i], duration_ns), json, first);
        first = false;
    }
    if (json)
        printf("}}\n");
}

static int usage(void)
{
    fprintf(stderr, "usage: pair_bench [--json] [--rows all|NAME,...] [--ms DURATION]\nrows:");
    for (size_t i = 0; i < ROW_COUNT; i++)
        fprintf(stderr, " %s", rows[i].name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *wanted = NULL;
    long ms = 200;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--rows") == 0 && i + 1 < argc)
            wanted = argv[++i];
        else if (strcmp(argv[i], "--ms") == 0 && i + 1 < argc)
            ms = atol(argv[++i]);
        else
            return usage();
    }
    if (ms <= 0)
        return usage();
    run_rows(wanted, (uint64_t)ms * 1000000u, json);
    return 0;
}
