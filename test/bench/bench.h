// SPDX-License-Identifier: MIT
// What the memory workloads share: options, a count of live bytes that others can watch, samples of
// RSS, and the lines that they print. Nothing here calls malloc, so that RSS shows the allocator.
//  - Every workload prints `checksum HEX`, the same under every allocator for the same options;
//    other lines are `key value`.
//  - If BENCH_LIVE names a file, its first 8 bytes hold the live bytes at any time.
#ifndef TEST_BENCH_H
#define TEST_BENCH_H

#include "prng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_option {
    const char *name; // "--size"
    long *value;      // holds the default
    const char *help;
};

extern bool bench_quick;    // --quick: a tenth of the work
extern uint64_t bench_seed; // --seed N

// Options end with a NULL name. --help, --quick and --seed are there always.
void bench_begin(int argc, char **argv, const char *about, const struct bench_option *options);
// n, or a tenth of it.
long bench_scaled(long n);

// Table memory that does not come from malloc; zeroed.
void *bench_table(size_t n_bytes);
void bench_table_free(void *table, size_t n_bytes);

// A block of the program's: counted as live, every page of it written.
void *bench_alloc(size_t n_bytes);
void bench_free(void *block, size_t n_bytes);

size_t bench_rss_kib(void); // of the process, less what it was at bench_begin
// Remembers RSS and live bytes for the summary.
void bench_sample(void);
double bench_cpu_ms(void);
void bench_sleep_ms(double ms);

// Prints `rss_over_live` (percent, mean over the samples of the second half), `drift` (percent that
// RSS over live grew from the third quarter of the samples to the fourth), and the checksum.
int bench_end(uint64_t checksum);

#endif
