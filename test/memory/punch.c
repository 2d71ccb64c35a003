// SPDX-License-Identifier: MIT
// Nine tenths of a table are freed at random: pages behind free objects go back although nearly
// every span is still in use, the rest is intact, and the places can be used again.
#include "memory.h"
#include "prng.h"

enum { COUNT = 60000 };

static unsigned char *objects[COUNT];

static size_t size_of(size_t i)
{
    return 600 + i * 7919 % 1400;
}

static void fill(size_t i)
{
    objects[i] = malloc(size_of(i));
    REQUIRE(objects[i]);
    pattern_fill(objects[i], size_of(i), i);
}

static void check_all(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (objects[i])
            CHECK_EQ(pattern_mismatch(objects[i], size_of(i), i), size_of(i));
    }
}

int main(void)
{
    struct prng r = {7};
    check_begin();
    long before = rss_kib();
    for (size_t i = 0; i < COUNT; i++)
        fill(i);
    long full = rss_kib() - before;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            if (objects[i] && prng_below(&r, 10)) {
                free(objects[i]);
                objects[i] = NULL;
            }
        }
        if (round == 0)
            CHECK_FMT(rss_kib() - before < full * 3 / 4, "%ld KiB of %ld", rss_kib() - before,
                      full);
        check_all();
        malloc_trim(0);
        check_all();
        for (size_t i = 0; i < COUNT; i++) {
            if (!objects[i])
                fill(i);
        }
        check_all();
    }
    return check_end();
}
