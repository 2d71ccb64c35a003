// SPDX-License-Identifier: MIT
// Stable and large objects on Windows: they grow where they are, what they are charged follows what
// they use, and malloc's family takes them. Commit charge is what VirtualQuery says is committed.
#include "api.h"

#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"
#include "prng.h"

#include <malloc.h>

enum { SLACK_BYTES = 2 * MIB }; // windows that are committed ahead, records

static size_t committed_bytes(const void *from, size_t n_bytes)
{
    const char *at = from, *end = at + n_bytes;
    size_t total = 0;
    while (at < end) {
        MEMORY_BASIC_INFORMATION page = page_at(at);
        size_t left = (size_t)(end - at);
        size_t here = page.RegionSize - (size_t)(at - (const char *)page.BaseAddress);
        here = here < left ? here : left;
        total += page.State == MEM_COMMIT ? here : 0;
        at += here;
    }
    return total;
}

static void stable_ones_are_charged_as_they_grow(void)
{
    char *object = bump_stable_alloc(100, GIB);
    REQUIRE(object != NULL);
    CHECK_EQ(bump_stable_max(object), GIB);
    CHECK(committed_bytes(object, GIB) <= SLACK_BYTES);
    size_t before = 0;
    for (size_t n = 100; n < 200 * MIB; n = n * 3 + 1) {
        CHECK_EQ(bump_stable_resize(object, n), 0);
        CHECK_EQ(pattern_mismatch(object, before, 7), before);
        pattern_fill(object, n, 7);
        size_t charged = committed_bytes(object, GIB);
        CHECK_FMT(charged >= n && charged <= n + n / 4 + SLACK_BYTES, "%zu for %zu", charged, n);
        before = n;
    }
    CHECK_EQ(bump_stable_resize(object, 50), 0);
    CHECK_FMT(committed_bytes(object, GIB) <= SLACK_BYTES, "%zu after it shrank",
              committed_bytes(object, GIB));
    CHECK_EQ(pattern_mismatch(object, 50, 7), 50);
    CHECK_EQ(bump_stable_resize(object, GIB + 1), -ERANGE);
    CHECK_EQ(bump_stable_free(object), 0);
    CHECK_EQ(bump_stable_free(object), -EINVAL);
}

static void stable_ones_serve_realloc(void)
{
    errno = 0;
    int *numbers = bump_stable_realloc(NULL, 10 * sizeof(int));
    REQUIRE(numbers != NULL);
    for (int i = 0; i < 10; i++)
        numbers[i] = i;
    CHECK_PTR(bump_stable_realloc(numbers, 1000000 * sizeof(int)), numbers);
    numbers[999999] = 5;
    CHECK_PTR(realloc(numbers, 2000000 * sizeof(int)), numbers); // malloc's takes it too
    CHECK(_msize(numbers) >= 2000000 * sizeof(int));
    CHECK(numbers[9] == 9 && numbers[999999] == 5);
    CHECK_NULL(bump_stable_realloc(numbers, GIB + 1));
    CHECK_EQ(errno, ERANGE);
    CHECK_NULL(bump_stable_realloc(numbers, 0));
    free(bump_stable_alloc(5, 5 * MIB));
}

static DWORD WINAPI breathe(void *seed)
{
    size_t start = (size_t)seed;
    char *object = bump_stable_alloc(1, 64 * MIB);
    REQUIRE(object != NULL);
    object[0] = (char)start;
    for (size_t i = 0; i < 200; i++) {
        size_t n_bytes = (i * 7919 + start * 104729) % (8 * MIB) + 1;
        CHECK_EQ(bump_stable_resize(object, n_bytes), 0);
        object[n_bytes - 1] = (char)start;
        CHECK_EQ(object[0], (char)start);
    }
    CHECK_EQ(bump_stable_free(object), 0);
    return 0;
}

static void stable_ones_breathe_in_threads(void)
{
    HANDLE threads[4];
    for (size_t i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, breathe, (void *)(i + 1), 0, NULL);
    CHECK_EQ(WaitForMultipleObjects(4, threads, TRUE, 60000), WAIT_OBJECT_0);
}

static void large_ones_of_every_class(void)
{
    for (unsigned shift = 12; shift <= 29; shift++) {
        size_t n_bytes = ((size_t)1 << shift) - 5;
        void *object;
        REQUIRE(bump_large_alloc(n_bytes, BUMP_LARGE_ZERO, &object) == 0);
        char *bytes = object;
        CHECK(bump_large_usable(object) >= n_bytes && _msize(object) >= n_bytes);
        CHECK_EQ(bump_large_kind(object), BUMP_LARGE_REGION);
        CHECK(bump_owns(object) && bytes[0] == 0 && bytes[n_bytes - 1] == 0);
        bytes[0] = bytes[n_bytes - 1] = 'x';
        size_t charged = committed_bytes(object, n_bytes);
        CHECK_FMT(charged >= n_bytes && charged <= n_bytes + SLACK_BYTES, "%zu", charged);
        CHECK_EQ(bump_large_free(object), 0);
        CHECK_EQ(bump_large_free(object), -EINVAL);
        REQUIRE(bump_large_alloc(n_bytes, BUMP_LARGE_ZERO | BUMP_LARGE_HUGE, &object) == 0);
        bytes = object;
        CHECK(bytes[0] == 0 && bytes[n_bytes - 1] == 0); // again, after another's use
        free(object);
    }
    void *object;
    CHECK_EQ(bump_large_alloc(BUMP_LARGE_MAX_BYTES + 1, 0, &object), -ERANGE);
    CHECK_EQ(bump_large_free(&object), -EINVAL);
}

static void a_purge_returns_the_charge(void)
{
    enum { COUNT = 30 };
    void *objects[COUNT];
    for (int i = 0; i < COUNT; i++) {
        REQUIRE(bump_large_alloc(MIB, 0, &objects[i]) == 0);
        memset(objects[i], 1, MIB);
    }
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(bump_large_free(objects[i]), 0);
    bump_purge();
    size_t charged = 0;
    for (int i = 0; i < COUNT; i++)
        charged += committed_bytes(objects[i], MIB);
    CHECK_EQ(charged, 0);
}

// Without a reservation (BUMPALLOC_RESERVE=0) stable objects are mappings, and there are no slots.
int main(void)
{
    const char *reserve = getenv("BUMPALLOC_RESERVE");
    check_begin();
    stable_ones_are_charged_as_they_grow();
    stable_ones_serve_realloc();
    stable_ones_breathe_in_threads();
    if (!reserve || strcmp(reserve, "0") != 0) {
        large_ones_of_every_class();
        a_purge_returns_the_charge();
    }
    return check_end();
}
