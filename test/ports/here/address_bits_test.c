// SPDX-License-Identifier: MIT
// Small address spaces: 39 bits (riscv64, aarch64 with three levels) and 42 (aarch64 with large
// pages). What does not fit below is refused, as there, and the ladder has to find what does.
#include "workload.h"

#include <sys/mman.h>

static size_t top; // of the address space
static unsigned refusals;

int __wrap_bp_os_reserve(size_t n_bytes, size_t align, void **ret_base);
int __wrap_bp_os_reserve(size_t n_bytes, size_t align, void **ret_base)
{
    // Programs, libraries and stacks hold what is lowest and highest.
    for (size_t at = bp_align_up(top / 8, align); at + n_bytes <= top / 16 * 15; at += align) {
        void *base = mmap((void *)at, n_bytes, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (base != MAP_FAILED) {
            *ret_base = base;
            return 0;
        }
    }
    refusals++;
    return ENOMEM;
}

// The system's own mappings stay low too: a hint that it takes.
int __wrap_bp_os_map(size_t n_bytes, size_t align, void **ret_addr);
int __wrap_bp_os_map(size_t n_bytes, size_t align, void **ret_addr)
{
    void *base = mmap((void *)(top / 64), n_bytes + align, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return ENOMEM;
    char *start = (char *)bp_align_up((size_t)base, align);
    size_t head = (size_t)(start - (char *)base);
    if (head)
        munmap(base, head);
    munmap(start + n_bytes, align - head);
    *ret_addr = start;
    return 0;
}

static void run(unsigned bits, size_t expected_bytes)
{
    top = (size_t)1 << bits;
    errno = 0;
    bp_reserve_init(BP_RESERVE_DEFAULT);
    CHECK_EQ(bp_reservation.n_bytes, expected_bytes);
    CHECK((size_t)bp_reservation.base + bp_reservation.n_bytes <= top);
    CHECK(refusals > 0);
    CHECK_EQ(errno == 0 || errno == ENOMEM || errno == EEXIST, 1);
    REQUIRE(bp_registry_init());
    REQUIRE(bp_os_thread_exit_register(bp_registry_thread_ended) == 0);
    workload_run(bits);
}

// Shares are smaller than the largest slots: what no region holds takes chunks, or is a mapping of
// its own.
static void larger_than_every_share(void)
{
    size_t n_bytes = ((size_t)1 << bp_reservation.region_shift) + 1;
    char *object = bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, false);
    unsigned region;
    if (!object && n_bytes > 8 * BP_GIB) // more than this machine commits
        return;
    REQUIRE(object != NULL);
    CHECK(!bp_region_of(object, &region));
    object[0] = object[n_bytes - 1] = 1;
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static void bits_39(void)
{
    run(39, 256 * BP_GIB);
    CHECK_EQ(bp_reservation.region_count, BP_REGION_COUNT);
    larger_than_every_share();
}

static void bits_42(void)
{
    run(42, 2 * BP_TIB);
    CHECK_EQ(bp_reservation.region_count, BP_REGION_COUNT);
    larger_than_every_share();
}

// 36 bits: no room for class regions.
static void bits_36(void)
{
    run(36, 32 * BP_GIB);
    CHECK_EQ(bp_reservation.region_count, 0);
}

UNIT_MAIN(UNIT_CASE(bits_36), UNIT_CASE(bits_39), UNIT_CASE(bits_42))
