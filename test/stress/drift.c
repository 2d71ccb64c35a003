// SPDX-License-Identifier: MIT
#include "drift.h"

#include "block.h"
#include "check.h"

enum { SAMPLES_MAX = 4096, SAMPLES_MIN = 40, EVERY_SECONDS = 15, SLACK_MIB = 48 };

static size_t samples[SAMPLES_MAX];
static size_t sample_count;
static double next_seconds;

static size_t resident_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %zu", &pages) != 1)
        stress_fail("cannot read /proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t drift_sample(double now_seconds)
{
    if (now_seconds < next_seconds || sample_count == SAMPLES_MAX)
        return 0;
    next_seconds = now_seconds + EVERY_SECONDS;
    return samples[sample_count++] = resident_bytes();
}

static int compare(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// The median of the quarter that begins at `first`.
static size_t quarter_median(size_t first)
{
    size_t count = sample_count / 4;
    qsort(samples + first, count, sizeof samples[0], compare);
    return samples[first + count / 2];
}

void drift_report(void)
{
    if (sample_count < SAMPLES_MIN) {
        check_print("%14s too short a run to tell (%zu samples)", "drift", sample_count);
        return;
    }
    size_t early = quarter_median(sample_count / 4) >> 20;
    size_t late = quarter_median(sample_count - sample_count / 4) >> 20;
    check_print("%14s %zu MiB in the second quarter, %zu in the last (medians)", "drift", early,
                late);
    CHECK_FMT(late <= early + early / 5 + SLACK_MIB, "%zu MiB, then %zu", early, late);
}
