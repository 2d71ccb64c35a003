// SPDX-License-Identifier: MIT
// malloc_size and malloc_good_size, macOS's names for the usable size and its prediction.
#include "symbols.h"

static union {
    void *address;
    size_t (*call)(const void *);
} size_of;

static union {
    void *address;
    size_t (*call)(size_t);
} good_size;

static void size_is_the_usable_size(void)
{
    CHECK_EQ(size_of.call(NULL), 0);
    for (size_t n_bytes = 0; n_bytes < 100 * (size_t)MIB; n_bytes += n_bytes / 5 + 1) {
        void *p = malloc(n_bytes);
        CHECK_EQ(size_of.call(p), malloc_usable_size(p));
        free(p);
    }
}

static void good_size_is_what_malloc_gives(void)
{
    for (size_t n_bytes = 0; n_bytes < 100 * (size_t)MIB; n_bytes += n_bytes / 50 + 1) {
        void *p = malloc(n_bytes);
        size_t good = good_size.call(n_bytes);
        CHECK_FMT(good >= n_bytes && good > 0, "good size of %zu is %zu", n_bytes, good);
        CHECK_FMT(good == malloc_usable_size(p), "size %zu: predicted %zu, given %zu", n_bytes,
                  good, malloc_usable_size(p));
        CHECK_EQ(good_size.call(good), good);
        free(p);
    }
}

// Nothing to predict there, but never less than asked.
static void good_size_does_not_wrap(void)
{
    errno = 4242;
    for (size_t below = 0; below < 100000; below = below * 2 + 1)
        CHECK(good_size.call(SIZE_MAX - below) >= SIZE_MAX - below);
    for (unsigned shift = 28; shift < 64; shift++)
        CHECK(good_size.call(((size_t)1 << shift) + 1) > (size_t)1 << shift);
    CHECK_EQ(errno, 4242);
}

int main(void)
{
    check_begin();
    size_of.address = symbol("malloc_size");
    good_size.address = symbol("malloc_good_size");
    if (!size_of.address || !good_size.address)
        return check_library() ? CHECK_FAIL : CHECK_SKIP;
    size_is_the_usable_size();
    good_size_is_what_malloc_gives();
    good_size_does_not_wrap();
    return check_end();
}
