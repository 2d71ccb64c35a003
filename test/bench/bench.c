// SPDX-License-Identifier: MIT
#include "bench.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES_MAX = 4096, PAGE = 4096 };

bool bench_quick;
uint64_t bench_seed = 1;

static _Atomic(uint64_t) own_live;
static _Atomic(uint64_t) *live = &own_live;
static size_t start_kib;
static struct {
    size_t rss_kib, live_kib;
} samples[SAMPLES_MAX];
static size_t sample_count;

static size_t rss_kib_now(void)
{
    char text[128];
    int file = open("/proc/self/statm", O_RDONLY);
    ssize_t n = read(file, text, sizeof text - 1);
    close(file);
    text[n < 0 ? 0 : n] = '\0';
    char *second = strchr(text, ' ');
    return second ? strtoul(second, NULL, 10) * PAGE / 1024 : 0;
}

static void live_publish(void)
{
    const char *name = getenv("BENCH_LIVE");
    int file = name ? open(name, O_RDWR) : -1;
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page != MAP_FAILED)
        live = page;
}

static void usage(const char *program, const char *about, const struct bench_option *options)
{
    printf("usage: %s [options]\n%s\n  --quick  a tenth of the work\n  --seed N (%llu)\n", program,
           about, (unsigned long long)bench_seed);
    for (; options->name; options++)
        printf("  %s N  %s (%ld)\n", options->name, options->help, *options->value);
}

static bool option_set(const struct bench_option *options, const char *name, const char *value)
{
    char *end;
    for (; options->name; options++) {
        if (strcmp(options->name, name) == 0) {
            *options->value = strtol(value, &end, 10);
            return *end == '\0';
        }
    }
    return false;
}

void bench_begin(int argc, char **argv, const char *about, const struct bench_option *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(argv[0], about, options);
            exit(0);
        } else if (strcmp(argv[i], "--quick") == 0) {
            bench_quick = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            bench_seed = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && option_set(options, argv[i], argv[i + 1])) {
            i++;
        } else {
            usage(argv[0], about, options);
            exit(2);
        }
    }
    live_publish();
    setvbuf(stdout, NULL, _IONBF, 0);
    memset(samples, 1, sizeof samples);
    start_kib = rss_kib_now();
}

long bench_scaled(long n)
{
    return bench_quick ? (n + 9) / 10 : n;
}

void *bench_table(size_t n_bytes)
{
    void *table = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED)
        abort();
    return table;
}

void bench_table_free(void *table, size_t n_bytes)
{
    munmap(table, n_bytes);
}

void *bench_alloc(size_t n_bytes)
{
    char *block = malloc(n_bytes);
    if (!block)
        abort();
    for (size_t at = 0; at < n_bytes; at += PAGE)
        block[at] = (char)n_bytes;
    block[n_bytes - 1] = (char)n_bytes;
    atomic_fetch_add_explicit(live, n_bytes, memory_order_relaxed);
    return block;
}

void bench_free(void *block, size_t n_bytes)
{
    if (((char *)block)[n_bytes - 1] != (char)n_bytes)
        abort(); // somebody else has written to it
    free(block);
    atomic_fetch_sub_explicit(live, n_bytes, memory_order_relaxed);
}

size_t bench_rss_kib(void)
{
    size_t now = rss_kib_now();
    return now > start_kib ? now - start_kib : 0;
}

void bench_sample(void)
{
    if (sample_count == SAMPLES_MAX)
        return;
    samples[sample_count].rss_kib = bench_rss_kib();
    samples[sample_count++].live_kib = atomic_load(live) / 1024;
}

double bench_cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void bench_sleep_ms(double ms)
{
    struct timespec left = {(time_t)(ms / 1000), 0};
    left.tv_nsec = (long)((ms - (double)left.tv_sec * 1000) * 1e6);
    if (ms > 0)
        nanosleep(&left, NULL);
}

// RSS over live, in percent, over the samples of one part.
static double ratio_of(size_t from, size_t until)
{
    double rss = 0, alive = 0;
    for (size_t i = from; i < until; i++) {
        rss += (double)samples[i].rss_kib;
        alive += (double)samples[i].live_kib;
    }
    return alive > 0 ? 100 * rss / alive : 0;
}

int bench_end(uint64_t checksum)
{
    size_t half = sample_count / 2, three = sample_count * 3 / 4;
    if (sample_count >= 8) {
        double early = ratio_of(half, three), late = ratio_of(three, sample_count);
        printf("rss_over_live %.1f\n", ratio_of(half, sample_count));
        printf("drift %.1f\n", early > 0 ? 100 * (late - early) / early : 0);
    }
    printf("checksum %016llx\n", (unsigned long long)checksum);
    return 0;
}
