// SPDX-License-Identifier: MIT
// A program that breathes: --total MiB allocated, touched and freed every 100 ms. An allocator that
// gives memory back at each breath out faults it in again at each breath in.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { CYCLES_MAX = 1000, PERIOD_MS = 100 };

static long size = 4000, total_mib = 256, cycles = 20;
static double cpu_us[CYCLES_MAX];

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double breath_us(void **table, size_t count)
{
    double before = bench_cpu_ms();
    for (size_t i = 0; i < count; i++)
        table[i] = bench_alloc((size_t)size);
    for (size_t i = 0; i < count; i++)
        bench_free(table[i], (size_t)size);
    return (bench_cpu_ms() - before) * 1000;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--size", &size, "bytes of a block"},
                                                  {"--total", &total_mib, "MiB in a breath"},
                                                  {"--cycles", &cycles, "breaths"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Processor time of a breath in and out, first and settled.", options);
    size_t count = (size_t)bench_scaled(total_mib) * (1 << 20) / (size_t)size;
    void **table = bench_table(count * sizeof(void *));
    long n = cycles < 8 ? 8 : cycles > CYCLES_MAX ? CYCLES_MAX : cycles;
    for (long i = 0; i < n; i++) {
        cpu_us[i] = breath_us(table, count);
        bench_sleep_ms(bench_quick ? 1 : PERIOD_MS - cpu_us[i] / 1000);
    }
    printf("first_us %.0f\nsecond_us %.0f\n", cpu_us[0], cpu_us[1]);
    qsort(cpu_us + 5, (size_t)n - 5, sizeof cpu_us[0], by_value);
    printf("settled_us %.0f\nrest_kib %zu\n", cpu_us[5 + (n - 5) / 2], bench_rss_kib());
    return bench_end(count);
}
