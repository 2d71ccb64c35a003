// SPDX-License-Identifier: MIT
// The unwinder against the compiler's runtime, from places that unwind in different ways; the
// arithmetic of sampling against its definition.
#include "profile/unwind.h"
#include "profile/poisson.h"

#include "check.h"

#include <math.h>
#include <unwind.h>

struct walk {
    uintptr_t address[BP_STACK_MAX];
    uint32_t count;
};

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    if (walk->count < BP_STACK_MAX)
        walk->address[walk->count++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

// Statically linked, our own frames are kept; both walks begin in here, at different calls.
__attribute__((noinline)) static void compare(void)
{
    struct walk theirs = {.count = 0};
    uintptr_t ours[BP_STACK_MAX];
    uint32_t count = bp_unwind_capture(ours);
    _Unwind_Backtrace(note, &theirs);
    while (theirs.count && !theirs.address[theirs.count - 1])
        theirs.count--;
    CHECK_EQ(count, theirs.count);
    CHECK(count >= 4);
    for (uint32_t i = 1; i < count && i < theirs.count; i++)
        CHECK_FMT(ours[i] == theirs.address[i], "frame %u: %#zx, not %#zx", i, (size_t)ours[i],
                  (size_t)theirs.address[i]);
}

static void plain(void)
{
    compare();
    compare();
}

__attribute__((noinline)) static int deep(int n)
{
    if (n == 0)
        compare();
    return n ? deep(n - 1) + 1 : 0;
}

static void recursion(void)
{
    CHECK_EQ(deep(50), 50);
}

// The frame's size is known at run time alone.
__attribute__((noinline)) static void sized(size_t n_bytes)
{
    volatile char *room = __builtin_alloca(n_bytes);
    room[0] = 1;
    compare();
    room[n_bytes - 1] = 1;
}

static void dynamic_frames(void)
{
    sized(10);
    sized(100000);
}

// The frame is aligned by code, and found by an expression.
__attribute__((noinline)) static void aligned_frame(void)
{
    volatile char room[64] __attribute__((aligned(256)));
    room[0] = 1;
    CHECK_ALIGNED((const char *)room, 256);
    compare();
    room[63] = 1;
}

static int by_library(const void *a, const void *b)
{
    (void)a;
    (void)b;
    compare();
    return 0;
}

static void through_the_c_library(void)
{
    int values[2] = {1, 2};
    qsort(values, 2, sizeof(values[0]), by_library);
}

static void too_deep(void)
{
    CHECK_EQ(deep(20), 20);
    uintptr_t ours[BP_STACK_MAX];
    CHECK(bp_unwind_capture(ours) < BP_STACK_MAX);
}

static void logarithms(void)
{
    for (double x = 1e-16; x < 1e16; x *= 1.7) {
        double expected = log(x), actual = bp_poisson_log(x);
        CHECK_FMT(fabs(actual - expected) <= 1e-11 * (1 + fabs(expected)), "log(%g)", x);
    }
    for (double x = 0; x < 600; x += 0.37) {
        double expected = exp(-x), actual = bp_poisson_exp_minus(x);
        CHECK_FMT(fabs(actual - expected) <= 1e-11 * expected, "exp(-%g) = %g", x, actual);
    }
    CHECK(bp_poisson_exp_minus(1e9) == 0);
}

// The mean and the variance of gaps, and how often nothing goes before a sample.
static void gaps(void)
{
    enum { COUNT = 200000, MEAN = 512, SIZE = 64 };
    uint64_t state = 1;
    double sum = 0, squares = 0, first = 0;
    for (int i = 0; i < COUNT; i++) {
        double gap = (double)bp_poisson_gap(&state, MEAN << 10) / (MEAN << 10);
        sum += gap;
        squares += gap * gap;
        first += bp_poisson_gap_objects(&state, MEAN, SIZE) == 0;
    }
    CHECK(fabs(sum / COUNT - 1) < 0.015);
    CHECK(fabs(squares / COUNT - 2) < 0.08);
    CHECK(fabs(first / COUNT - (1 - exp(-(double)SIZE / MEAN))) < 0.005);
    double weight = (double)bp_poisson_weight(MEAN, SIZE) / (1 << BP_WEIGHT_SHIFT);
    CHECK(fabs(weight * (1 - exp(-(double)SIZE / MEAN)) - 1) < 1e-5);
}

CHECK_MAIN(plain, recursion, dynamic_frames, aligned_frame, through_the_c_library, too_deep,
           logarithms, gaps)
