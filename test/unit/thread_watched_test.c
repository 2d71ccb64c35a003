// SPDX-License-Identifier: MIT
// thread: guards and the profile under several threads, who free what others allocated, while both
// are switched on and off and the profile is read. Nothing is lost, nothing is handed out twice,
// and at the end nothing is guarded or sampled any more.
#include "guard/guard.h"
#include "profile/profile.h"
#include "thread/counted.h"
#include "thread/request.h"
#include "thread_unit.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
enum { ROUNDS = 20000 };
#else
enum { ROUNDS = 80000 };
#endif
enum { THREADS = 3, PLACES = 200, MEAN_BYTES = 3000 };

// Objects on their way between threads; each begins with its size.
static bp_atomic_ptr places[PLACES];
static bp_atomic_size running;

static unsigned char mark_of(const void *object)
{
    return (unsigned char)((size_t)object >> 4);
}

static void *made(size_t n_bytes)
{
    unsigned char *object = bp_request_alloc(n_bytes, 16, false);
    REQUIRE(object != NULL);
    memset(object, mark_of(object), n_bytes);
    memcpy(object, &n_bytes, sizeof(n_bytes));
    return object;
}

static void gone(unsigned char *object)
{
    size_t n_bytes;
    memcpy(&n_bytes, object, sizeof(n_bytes));
    for (size_t i = sizeof(n_bytes); i < n_bytes; i++)
        REQUIRE(object[i] == mark_of(object));
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static void *thread_body(void *number)
{
    struct prng r = {(size_t)number + 1};
    thread_heap();
    for (int i = 0; i < ROUNDS; i++) {
        size_t most = prng_below(&r, 200) ? 700 : 70000;
        void *object = made(prng_range(&r, 16, most));
        // pairs with itself in another thread: the object's bytes are there
        object = bp_exchange_ptr_acq_rel(&places[prng_below(&r, PLACES)], object);
        if (object)
            gone(object);
    }
    bp_sub_relaxed(&running, 1);
    return NULL;
}

static void threads_start(pthread_t *threads)
{
    bp_store_relaxed(&running, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)i) == 0);
}

static void threads_end(pthread_t *threads)
{
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    for (size_t i = 0; i < PLACES; i++) {
        void *object = bp_load_ptr_relaxed(&places[i]);
        if (object)
            gone(object);
        bp_store_ptr_relaxed(&places[i], NULL);
    }
}

static void nothing_is_watched(size_t guards_before)
{
    struct bp_sample_counts counts;
    bp_samples_count(&counts);
    CHECK(counts.taken > 100);
    CHECK_EQ(counts.live_samples, 0);
    CHECK_EQ(counts.live.n_bytes, 0);
    CHECK(bp_load_relaxed(&bp_counters.guards) - guards_before > 100);
    CHECK_EQ(bp_load_relaxed(&bp_counters.guarded_objects), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.guarded_bytes), 0);
}

// every: from BP_GUARD_SELDOM on by windows, below it by counted heaps.
static void watched(size_t every, size_t other)
{
    pthread_t threads[THREADS];
    char path[] = "/tmp/bumpalloc-watched-XXXXXX";
    int file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
    size_t guards_before = bp_load_relaxed(&bp_counters.guards);
    bp_store_relaxed(&bp_guard_every, every);
    CHECK_EQ(bp_profile_start(MEAN_BYTES), 0);
    threads_start(threads);
    for (int i = 0; bp_load_relaxed(&running); i++) {
        int code = bp_profile_write(path);
        CHECK_FMT(code == 0 || code == EBUSY, "code %d", code);
        bp_store_relaxed(&bp_guard_every, i % 2 ? every : other);
        if (i % 3 == 0)
            bp_profile_stop();
        usleep(2000);
        CHECK_EQ(bp_profile_start(i % 2 ? MEAN_BYTES : 10 * MEAN_BYTES), 0);
    }
    threads_end(threads);
    bp_profile_stop();
    bp_guard_stop();
    nothing_is_watched(guards_before);
    unlink(path);
}

int main(void)
{
    check_begin();
    thread_boot(4 * BP_GIB);
    REQUIRE(bp_guard_start(10) == 0);
    thread_heap();
    watched(10, 0);
    watched(2, BP_GUARD_SELDOM);
    return check_end();
}
