// SPDX-License-Identifier: MIT
// malloc_trim gives back the cleared pages that freed large objects keep, says truly whether it
// did, and shortens nobody's wait.
#include "memory.h"
#include "prng.h"

enum { LARGE_BYTES = 200000, COUNT = 48, SLACK_KIB = 1024, KEPT_KIB = 5120, TRIES = 20 };

static void *last_freed;

// So many that some wait, and some have waited long enough.
static void large_used(void)
{
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = memset(malloc(LARGE_BYTES), 'x', LARGE_BYTES);
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
    last_freed = blocks[COUNT - 1];
}

static void check_given_back(long before_kib)
{
    large_used();
    long kept_kib = rss_kib() - before_kib;
    CHECK_FMT(kept_kib > KEPT_KIB, "nothing was kept: %ld KiB", kept_kib);
    CHECK_EQ(malloc_trim(0), 1);
    CHECK_FMT(rss_kib() < before_kib + SLACK_KIB, "%ld KiB are left", rss_kib() - before_kib);
    CHECK_EQ(malloc_trim(0), 0);
}

static void check_still_waits(void)
{
    for (int i = 0; i < TRIES; i++) {
        void *volatile other = malloc(LARGE_BYTES);
        CHECK(other != last_freed);
    }
}

static void *trim_there(void *unused)
{
    CHECK_EQ(malloc_trim(0), 1);
    return unused;
}

// Whose thread it was makes no difference; what comes back then reads zero.
static void check_across(long before_kib)
{
    pthread_t thread;
    large_used();
    REQUIRE(pthread_create(&thread, NULL, trim_there, NULL) == 0);
    pthread_join(thread, NULL);
    CHECK_FMT(rss_kib() < before_kib + 2 * SLACK_KIB, "%ld KiB are left", rss_kib() - before_kib);
    for (int i = 0; i < 2 * COUNT; i++) {
        unsigned char *p = calloc(1, LARGE_BYTES);
        CHECK_EQ(pattern_nonzero(p, LARGE_BYTES), LARGE_BYTES);
        free(memset(p, 'y', LARGE_BYTES));
    }
}

int main(void)
{
    check_begin();
    free(malloc(LARGE_BYTES));
    malloc_trim(0);
    long before_kib = rss_kib();
    check_given_back(before_kib);
    check_still_waits();
    check_across(rss_kib());
    return check_end();
}
