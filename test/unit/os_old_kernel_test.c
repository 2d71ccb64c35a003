// SPDX-License-Identifier: MIT
// os: bp_os_move on kernels before 6.17, and whenever mremap fails late. Linux unmaps the target
// first and then refuses what spans two mappings, so a failed move may leave a hole. This file's
// own mremap, which takes the place of libc's, does what those kernels do.
#include "base/limits.h"
#include "os/os.h"
#include "unit.h"

#include <sys/mman.h>

static int mremap_calls;

void *mremap(void *src, size_t old_bytes, size_t new_bytes, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    void *dst = va_arg(args, void *);
    va_end(args);
    (void)src, (void)old_bytes;
    mremap_calls++;
    if (flags & MREMAP_FIXED)
        munmap(dst, new_bytes);
    errno = EFAULT;
    return MAP_FAILED;
}

static char *src, *dst;
static size_t n_bytes;

static void boot(void)
{
    size_t page = bp_os_page_bytes();
    void *base = NULL;
    n_bytes = 8 * page;
    REQUIRE(bp_os_reserve(32 * page, page, &base) == 0);
    REQUIRE(bp_os_commit(base, 32 * page) == 0);
    src = base;
    dst = src + 16 * page;
    pattern_fill(src, n_bytes, 3);
    errno = 0;
}

// Callers copy now, and so need both ends.
static void check_both_ends(void)
{
    CHECK_EQ(errno, 0);
    CHECK_EQ(pattern_mismatch(src, n_bytes, 3), n_bytes);
    REQUIRE(unit_writable(dst) && unit_writable(dst + n_bytes - 1));
    memcpy(dst, src, n_bytes);
    CHECK_EQ(pattern_mismatch(dst, n_bytes, 3), n_bytes);
}

static void failed_move_keeps_both_ends(void)
{
    boot();
    CHECK_EQ(bp_os_move(dst, src, n_bytes, true), EFAULT);
    CHECK_EQ(mremap_calls, 1);
    check_both_ends();
}

// Such a kernel is not even asked to move pieces, once it is known.
static void pieces_are_not_moved(void)
{
    boot();
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(bp_os_move(dst, src, n_bytes, false), EFAULT);
        CHECK(mremap_calls <= 1);
        check_both_ends();
    }
}

UNIT_MAIN(UNIT_CASE(failed_move_keeps_both_ends), UNIT_CASE(pieces_are_not_moved))
