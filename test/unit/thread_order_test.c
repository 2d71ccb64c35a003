// SPDX-License-Identifier: MIT
// thread: what walks from heap to heap by no more than a depot's lock or an exchange. Threads stand
// in a ring; each frees what the one before it allocated, so magazines, strays and claimed spans go
// round, while one of them punches spans and empties depots, and the main thread takes what
// others have put aside. A link, a key or a record that is seen
// too early shows as an object that is handed out twice, or as a crime.
#include "hot_calls.h"

#include <pthread.h>

enum { THREADS = 4, BATCH = 700, BURST = 20000, SIZES = 3 };
static const double SECONDS = 1.5;

// One batch on its way from each thread to the next one.
static void **on_its_way[THREADS];
static void *batches[THREADS][2][BATCH];
static bool stopping;
static unsigned long strays, claimed;

static size_t bytes_of(size_t number)
{
    static const size_t bytes[SIZES] = {48, 256, 1024};
    return bytes[number % SIZES];
}

static void stamp(size_t *object, size_t number)
{
    size_t last = bytes_of(number) / sizeof(size_t) - 1;
    object[0] = number;
    object[last] = ~(size_t)object;
}

static void stamped_free(size_t *object)
{
    size_t last = bytes_of(object[0]) / sizeof(size_t) - 1;
    if (object[last] != ~(size_t)object)
        CHECK_FMT(false, "%p is somebody else's too", (void *)object);
    object[0] = SIZE_MAX;
    object[last] = 0;
    hot_free(object);
}

static void batch_make(void **batch, size_t first)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch[i] = hot_malloc(bytes_of(first + i));
        stamp(batch[i], first + i);
    }
}

static void batch_free(void **batch)
{
    unsigned own = thread_heap()->owner;
    unsigned long mine = 0;
    for (size_t i = 0; i < BATCH; i++) {
        mine += bp_key_owner(bp_heap_key_of(batch[i])) == own;
        stamped_free(batch[i]);
    }
    __atomic_add_fetch(&claimed, mine, __ATOMIC_RELAXED);
    __atomic_add_fetch(&strays, BATCH - mine, __ATOMIC_RELAXED);
}

// Many spans at once, most of which empty: the class turns sparse, pages are punched.
static void breathe(void)
{
    static void *objects[BURST];
    for (size_t i = 0; i < BURST; i++)
        stamp(objects[i] = hot_malloc(256), 1);
    for (size_t i = 0; i < BURST; i++)
        stamped_free(objects[i]);
    bp_depot_punch_all();
    bp_depot_drain();
    bp_purge_down_to(0);
}

static bool batch_put(size_t at, void **batch)
{
    void **none = NULL;
    return __atomic_compare_exchange_n(&on_its_way[at], &none, batch, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

static void *work(void *argument)
{
    size_t self = (size_t)argument, before = (self + THREADS - 1) % THREADS;
    for (unsigned round = 0; !__atomic_load_n(&stopping, __ATOMIC_RELAXED);) {
        void **mine = batches[self][round % 2];
        void **theirs = __atomic_exchange_n(&on_its_way[before], NULL, __ATOMIC_ACQ_REL);
        if (theirs)
            batch_free(theirs);
        if (!__atomic_load_n(&on_its_way[self], __ATOMIC_ACQUIRE)) {
            batch_make(mine, round);
            REQUIRE(batch_put(self, mine));
            round++;
        } else if (!theirs) {
            sched_yield();
        }
        if (self == 0 && theirs && round % 16 == 15)
            breathe();
    }
    return NULL;
}

static double now(void)
{
    return (double)bp_os_now_ns() / 1e9;
}

// Walks the chains that threads have put aside, as soon as they are there.
static void flush_while_they_work(double seconds)
{
    for (double end = now() + seconds; now() < end; sched_yield()) {
        for (uint32_t i = 0; i < bp_registry_count(); i++)
            bp_heap_flush_spares(bp_registry_at(i));
    }
}

int main(void)
{
    pthread_t threads[THREADS];
    check_begin();
    thread_boot(256 * BP_MIB);
    bp_registry_attach();
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    flush_while_they_work(SECONDS);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        if (on_its_way[i])
            batch_free(on_its_way[i]);
    }
    CHECK_FMT(strays > BATCH && claimed > 0, "%lu strays, %lu claimed", strays, claimed);
    flush_all();
    heap_check(bp_registry_own());
    return check_end();
}
