// SPDX-License-Identifier: MIT
// Every name that is routed: its blocks are the library's, and it does what Microsoft documents
// where that differs from the C standard.
#include "check.h"
#include "prng.h"

#include "bumpalloc/bumpalloc.h"

#include <malloc.h>
#include <wchar.h>

void *_recalloc(void *pointer, size_t count, size_t n_bytes);
void *_aligned_recalloc(void *pointer, size_t count, size_t n_bytes, size_t align);
void *_aligned_offset_recalloc(void *pointer, size_t count, size_t n_bytes, size_t align,
                               size_t offset);
size_t _aligned_msize(void *pointer, size_t align, size_t offset);
void *_malloc_base(size_t n_bytes);
void _free_base(void *pointer);
void *_calloc_base(size_t count, size_t n_bytes);
void *_realloc_base(void *pointer, size_t n_bytes);
void *_recalloc_base(void *pointer, size_t count, size_t n_bytes);
void *_expand_base(void *pointer, size_t n_bytes);
size_t _msize_base(void *pointer);

static const size_t sizes[] = {1, 15, 100, 257, 4000, 32769, 100000, 3000000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// A block of ours that holds n_bytes; all of it is written.
static void *ours(void *p, size_t n_bytes)
{
    REQUIRE(p != NULL);
    CHECK_FMT(bump_owns(p), "%zu bytes at %p", n_bytes, p);
    pattern_fill(p, n_bytes, n_bytes);
    return p;
}

static bool is_zero(const char *p, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (p[i])
            return false;
    }
    return true;
}

static void plain(void)
{
    for (int i = 0; i < SIZES; i++) {
        size_t n = sizes[i];
        char *p = ours(malloc(n), n);
        CHECK_ALIGNED(p, 16);
        CHECK(_msize(p) >= n && _msize(p) < 2 * n + 65536);
        p = realloc(p, 2 * n);
        CHECK_EQ(pattern_mismatch(p, n, n), n);
        free(ours(p, 2 * n));
        p = calloc(n, 1);
        CHECK(is_zero(p, n));
        free(ours(p, n));
        _free_base(ours(_realloc_base(_malloc_base(n), n + 5), n + 5));
        free(ours(_calloc_base(1, n), n));
    }
}

static void corners(void)
{
    void *p = malloc(0);
    CHECK(p && bump_owns(p));
    CHECK_NULL(realloc(p, 0)); // frees
    free(realloc(NULL, 10));
    free(NULL);
    errno = 0;
    CHECK_NULL(malloc(PTRDIFF_MAX));
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK_NULL(calloc(SIZE_MAX / 2, 3));
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK_EQ(_msize(NULL), SIZE_MAX);
    CHECK_EQ(errno, EINVAL);
    errno = 0;
    CHECK_NULL(_expand(NULL, 1));
    CHECK_EQ(errno, EINVAL);
    errno = 5;
    free(malloc(100000));
    CHECK_EQ(errno, 5);
}

static void expand_never_moves(void)
{
    for (int i = 0; i < SIZES; i++) {
        char *p = ours(malloc(sizes[i]), sizes[i]);
        CHECK_PTR(_expand(p, 1), p);
        CHECK_PTR(_expand_base(p, sizes[i]), p);
        errno = 0;
        CHECK_NULL(_expand(p, (size_t)1 << 40));
        CHECK_EQ(errno, ENOMEM);
        CHECK_EQ(pattern_mismatch(p, sizes[i], sizes[i]), sizes[i]);
        free(p);
    }
    // A slot of 8 MiB has room for what was asked first, and more.
    char *p = ours(malloc(5 << 20), 5 << 20);
    CHECK_PTR(_expand(p, 7 << 20), p);
    CHECK(_msize(p) >= 7 << 20);
    memset(p + (5 << 20), 1, 2 << 20);
    free(p);
}

// Steps up and down: what is new is zero, whatever the block was rounded up to.
static void recalloc_clears(void)
{
    static const size_t steps[] = {3, 20, 100, 7, 300, 5000, 40, 70000, 100, 400000, 1000, 3000000};
    for (int twin = 0; twin < 2; twin++) {
        char *p = NULL;
        size_t before = 0;
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            size_t n = steps[i];
            p = twin ? _recalloc_base(p, n, 1) : _recalloc(p, 1, n);
            size_t kept = before < n ? before : n;
            CHECK_FMT(pattern_mismatch(p, kept, 9) == kept, "from %zu to %zu", before, n);
            CHECK_FMT(is_zero(p + kept, n - kept), "from %zu to %zu", before, n);
            pattern_fill(p, n, 9);
            before = n;
        }
        CHECK_EQ(_msize_base(p), _msize(p));
        CHECK_NULL(_recalloc(p, 0, 1));
    }
    char *p = calloc(1, 300); // 320 are usable
    p = _recalloc(p, 1, 400);
    CHECK(is_zero(p, 400));
    errno = 0;
    CHECK_NULL(_recalloc(p, SIZE_MAX / 2, 4));
    CHECK_EQ(errno, ENOMEM);
    free(p);
}

static void aligned_one(size_t n, size_t align, size_t offset)
{
    char *p = offset ? _aligned_offset_malloc(n, align, offset) : _aligned_malloc(n, align);
    REQUIRE(p != NULL);
    CHECK_FMT(((uintptr_t)p + offset) % align == 0, "%zu, %zu + %zu: %p", n, align, offset, p);
    CHECK(bump_owns(p) && _aligned_msize(p, align, offset) >= n);
    pattern_fill(p, n, n);
    p = offset ? _aligned_offset_realloc(p, 3 * n, align, offset)
               : _aligned_realloc(p, 3 * n, align);
    CHECK_FMT(((uintptr_t)p + offset) % align == 0, "%zu, %zu + %zu: %p", n, align, offset, p);
    CHECK_EQ(pattern_mismatch(p, n, n), n);
    _aligned_free(p);
    p = offset ? _aligned_offset_recalloc(NULL, 1, n, align, offset)
               : _aligned_recalloc(NULL, 1, n, align);
    CHECK(is_zero(p, n));
    pattern_fill(p, n, 9);
    p = offset ? _aligned_offset_recalloc(p, 5, n, align, offset)
               : _aligned_recalloc(p, 5, n, align);
    CHECK(is_zero(p + n, 4 * n));
    CHECK_EQ(pattern_mismatch(p, n, 9), n);
    CHECK_NULL(offset ? _aligned_offset_realloc(p, 0, align, offset)
                      : _aligned_realloc(p, 0, align));
}

static void aligned(void)
{
    for (int i = 0; i < SIZES; i++) {
        for (size_t align = 1; align <= 65536; align *= 4) {
            aligned_one(sizes[i], align, 0);
            for (size_t offset = 1; offset < sizes[i] && offset <= 4096; offset *= 3)
                aligned_one(sizes[i], align, offset);
        }
    }
    _aligned_free(NULL);
    errno = 0;
    CHECK_NULL(_aligned_malloc(10, 3));
    CHECK_EQ(errno, EINVAL);
    errno = 0;
    CHECK_NULL(_aligned_offset_malloc(10, 16, 10));
    CHECK_EQ(errno, EINVAL);
    errno = 0;
    CHECK_NULL(_aligned_malloc(PTRDIFF_MAX, 64));
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK_EQ(_aligned_msize(NULL, 16, 0), SIZE_MAX);
    CHECK_EQ(errno, EINVAL);
}

// A block that begins inside an object goes back as that object, whatever its class: the next ones
// of the size do not overlap.
static void aligned_inside(void)
{
    enum { NEXT = 4 };
    char *next[NEXT], *held = _aligned_offset_malloc(100, 64, 16); // so that blocks are looked at
    for (size_t n = 32; n <= 33000; n += n < 4096 ? 16 : 496) {
        char *p = _aligned_offset_malloc(n, 64, 16);
        CHECK_FMT(p && ((uintptr_t)p + 16) % 64 == 0, "%zu: %p", n, p);
        _aligned_free(p);
        for (int i = 0; i < NEXT; i++)
            next[i] = memset(ours(malloc(n + 96), n + 96), i, n + 96);
        for (int i = 0; i < NEXT; i++) {
            for (size_t at = 0; at < n + 96; at++)
                CHECK_EQ(next[i][at], i);
            free(next[i]);
        }
    }
    _aligned_free(held);
}

static void strings(void)
{
    char *narrow[] = {strdup("narrow"), _strdup("narrow")};
    wchar_t *wide[] = {wcsdup(L"wide"), _wcsdup(L"wide")};
    for (int i = 0; i < 2; i++) {
        CHECK(bump_owns(narrow[i]) && strcmp(narrow[i], "narrow") == 0);
        CHECK(bump_owns(wide[i]) && wcscmp(wide[i], L"wide") == 0);
        free(narrow[i]);
        free(wide[i]);
    }
    CHECK_NULL(_strdup(NULL));
    CHECK_NULL(_wcsdup(NULL));
}

CHECK_MAIN(plain, corners, expand_never_moves, recalloc_clears, aligned, aligned_inside, strings)
