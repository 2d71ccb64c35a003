// SPDX-License-Identifier: MIT
// thread: counted heaps. What they hand out is counted, no object twice, and they go back to what
// they were.
#include "profile/profile.h"
#include "thread/counted.h"
#include "thread/request.h"
#include "thread_unit.h"

#include <pthread.h>

enum { THREADS = 3, ROUNDS = 150000, OWN = 300 };

static bp_atomic_size running;

static void *thread_body(void *number)
{
    struct prng r = {(size_t)number + 1};
    unsigned char *own[OWN] = {NULL};
    size_t bytes[OWN] = {0};
    thread_heap();
    for (int i = 0; i < ROUNDS; i++) {
        size_t at = prng_below(&r, OWN);
        if (own[at]) {
            CHECK_FMT(own[at][0] == at % 251 && own[at][bytes[at] - 1] == at % 251,
                      "object %zu of %zu bytes was written", at, bytes[at]);
            CHECK_EQ(bp_request_free(own[at]), BP_DONE);
        }
        bytes[at] = prng_range(&r, 1, prng_below(&r, 50) ? 2000 : 200000);
        own[at] = bp_request_alloc(bytes[at], 16, false);
        REQUIRE(own[at] != NULL);
        memset(own[at], (int)(at % 251), bytes[at]);
    }
    for (size_t at = 0; at < OWN; at++) {
        if (own[at])
            CHECK_EQ(bp_request_free(own[at]), BP_DONE);
    }
    bp_sub_relaxed(&running, 1);
    return NULL;
}

// Threads see the change in their next slow path, in the middle of whatever they do.
static void on_and_off_under_threads(void)
{
    pthread_t threads[THREADS];
    struct bp_sample_counts counts;
    thread_boot(4 * BP_GIB);
    thread_heap();
    bp_store_relaxed(&running, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)i) == 0);
    for (int i = 0; bp_load_relaxed(&running); i++) {
        CHECK_EQ(bp_profile_start(i % 2 ? 700 : 20000), 0);
        usleep(2000);
        bp_profile_stop();
        usleep(500);
    }
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    bp_samples_count(&counts);
    CHECK(counts.taken > 100);
    CHECK_EQ(counts.live_samples, 0);
    CHECK_EQ(counts.live.n_bytes, 0);
}

// A counted bin's objects are handed out, and what it did not hand out goes back.
static void counted_bins_lend(void)
{
    void *object[200];
    thread_boot(4 * BP_GIB);
    struct bp_heap *heap = thread_heap();
    CHECK_EQ(bp_profile_start((size_t)1 << 40), 0);
    for (int i = 0; i < 200; i++)
        object[i] = bp_request_alloc(100, 16, false);
    unsigned class_index = bp_class_for(100);
    CHECK(heap->sample_mean_bytes != 0);
    for (int i = 0; i < 200; i++) {
        for (int j = 0; j < i; j++)
            CHECK(object[i] != object[j]);
    }
    bp_profile_stop();
    bp_counted_update(heap);
    CHECK_EQ(heap->sample_mean_bytes, 0);
    CHECK_EQ(bp_counted_objects(heap, class_index), 0);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(bp_request_free(object[i]), BP_DONE);
}

UNIT_MAIN(UNIT_CASE(counted_bins_lend), UNIT_CASE(on_and_off_under_threads))
