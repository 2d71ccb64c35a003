// SPDX-License-Identifier: MIT
// profile: samples come and go from all threads while the profile is written, and what they add is
// taken away to the unit.
#include "fault_hook.h"
#include "profile/poisson.h"
#include "profile/profile.h"
#include "unit.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 6000, OWN = 64, STACKS = 50 };

static char path[] = "/tmp/bumpalloc-samples-XXXXXX";
static char objects[THREADS][OWN]; // addresses alone matter

static struct bp_sums sums_of(size_t n_bytes)
{
    return (struct bp_sums){(uint64_t)1 << BP_WEIGHT_SHIFT, n_bytes};
}

static void add(const void *object, uint64_t stack)
{
    uintptr_t addresses[3] = {0x1000 + stack % STACKS, 0x2000 + stack % 7, 0x3000};
    bool peak;
    CHECK(bp_samples_add(object, sums_of(stack % 1000 + 1), addresses, 3, &peak));
}

static void one_by_one(void)
{
    struct bp_sample sample;
    struct bp_sample_counts counts;
    CHECK(bp_samples_init());
    CHECK(!bp_samples_remove(&objects[0][0], &sample));
    add(&objects[0][0], 41);
    add(&objects[0][1], 9);
    bp_samples_count(&counts);
    CHECK_EQ(counts.live_samples, 2);
    CHECK_EQ(counts.live.n_bytes, 52);
    CHECK(bp_samples_remove(&objects[0][0], &sample));
    CHECK(!bp_samples_remove(&objects[0][0], &sample) && sample.sums.n_bytes == 42);
    bp_samples_restore(&sample);
    CHECK(bp_samples_remove(&objects[0][0], &sample) && bp_samples_remove(&objects[0][1], &sample));
    bp_samples_count(&counts);
    CHECK_EQ(counts.live_samples, 0);
    CHECK_EQ(counts.live.n_bytes, 0);
    CHECK_EQ(counts.peak.n_bytes, 52);
    CHECK_EQ(counts.taken, 2);
}

// Each commit fails once; then it works as if nothing had been.
static void refused_memory(void)
{
    for (unsigned first = 1; first <= 2; first++) {
        fault_some(BP_OS_COMMIT, first, 1);
        CHECK_EQ(bp_profile_start(1), ENOMEM);
    }
    fault_none();
    CHECK_EQ(bp_profile_start(1), 0);
    CHECK(fault_plan.seen[BP_OS_COMMIT] > 0);
    struct bp_sample sample;
    CHECK(bp_profile_take(&objects[0][0], 10, 10));
    CHECK(bp_profile_forget(&objects[0][0], &sample));
    CHECK_EQ(sample.sums.n_bytes, 10);
}

static bp_atomic_size writing; // main is not done yet

static void *thread_body(void *number)
{
    size_t self = (size_t)number;
    struct prng r = {self + 1};
    bool live[OWN] = {false};
    struct bp_sample sample;
    for (int i = 0; i < ROUNDS || bp_load_relaxed(&writing); i++) {
        size_t at = prng_below(&r, OWN);
        if (live[at])
            CHECK(bp_profile_forget(&objects[self][at], &sample));
        if (live[at] && i % 5 == 0)
            bp_samples_restore(&sample);
        else if (live[at])
            live[at] = false;
        else if (bp_profile_take(&objects[self][at], prng_range(&r, 1, 5000), 5000))
            live[at] = true;
    }
    for (size_t at = 0; at < OWN; at++)
        CHECK_EQ(bp_profile_forget(&objects[self][at], &sample), live[at]);
    return NULL;
}

// The profile goes on and off, and is written, all the while.
static void threads_and_a_writer(void)
{
    pthread_t threads[THREADS];
    struct bp_sample_counts counts;
    int file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
    bp_profile_set_file(path, true);
    CHECK_EQ(bp_profile_start(4096), 0);
    bp_store_relaxed(&writing, 1);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)i) == 0);
    for (int i = 0; i < 30; i++) {
        int code = bp_profile_write(path); // EBUSY: at a new peak, by another thread
        CHECK_FMT(code == 0 || code == EBUSY, "code %d", code);
        CHECK_EQ(bp_profile_start(i % 2 ? 4096 : 512), 0);
        if (i % 10 == 0)
            bp_profile_stop();
    }
    bp_store_relaxed(&writing, 0);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    bp_samples_count(&counts);
    CHECK_EQ(counts.live_samples, 0);
    CHECK_EQ(counts.live.n_bytes + counts.live.objects, 0);
    CHECK(counts.taken > 100 && counts.dropped == 0 && counts.peak.n_bytes > 0);
    unlink(path);
}

// The estimate of a size's bytes is the truth, within four standard deviations.
static void weights_are_unbiased(void)
{
    static const size_t sizes[] = {16, 1000, 6000, 100000, 3 << 20};
    uint64_t random = 4711;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        enum { MEAN = 8192, SAMPLES = 20000 };
        double objects_gone = 0, estimate = 0;
        double weight = (double)bp_poisson_weight(MEAN, sizes[s]) / (1 << BP_WEIGHT_SHIFT);
        for (int i = 0; i < SAMPLES; i++) {
            objects_gone += bp_poisson_gap_objects(&random, MEAN, (uint32_t)sizes[s]) + 1.0;
            estimate += weight;
        }
        double error = estimate / objects_gone - 1;
        CHECK_FMT(error > -0.03 && error < 0.03, "size %zu: off by %g", sizes[s], error);
    }
}

// Gaps of one in so many: their mean, and that the rarest overflow nothing.
static void one_in_so_many(void)
{
    static const size_t every[] = {1, 2, 3, 10, 1000};
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof every / sizeof every[0]; i++) {
        enum { GAPS = 400000 };
        double sum = 0;
        for (int gap = 0; gap < GAPS; gap++)
            sum += bp_poisson_gap_one_in(&random, every[i]) + 1.0;
        double error = sum / ((double)GAPS * (double)every[i]) - 1;
        CHECK_FMT(error > -0.01 && error < 0.01, "one in %zu: off by %g", every[i], error);
    }
    CHECK(bp_poisson_gap_one_in(&random, (size_t)1 << 62) > 1000000);
    CHECK(bp_poisson_gap_one_in(&random, SIZE_MAX) > 1000000);
}

UNIT_MAIN(UNIT_CASE(one_by_one), UNIT_CASE(refused_memory), UNIT_CASE(threads_and_a_writer),
          UNIT_CASE(weights_are_unbiased), UNIT_CASE(one_in_so_many))
