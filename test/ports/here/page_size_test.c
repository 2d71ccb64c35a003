// SPDX-License-Identifier: MIT
// The page size is what the system says at run time. Here it says 4, 16 and 64 KiB, and what would
// be refused there is a failure: addresses and sizes that are no multiples of it.
#include "workload.h"

static size_t page_bytes;

#define IS_ALIGNED(address, n_bytes)                                                               \
    CHECK_FMT(((size_t)(address) | (n_bytes)) % page_bytes == 0 && (n_bytes), "%p, %zu bytes",     \
              (void *)(address), (size_t)(n_bytes))

size_t __wrap_bp_os_page_bytes(void);
size_t __wrap_bp_os_page_bytes(void)
{
    return page_bytes;
}

#define CHECKED(name)                                                                              \
    int __real_##name(void *addr, size_t n_bytes);                                                 \
    int __wrap_##name(void *addr, size_t n_bytes);                                                 \
    int __wrap_##name(void *addr, size_t n_bytes)                                                  \
    {                                                                                              \
        IS_ALIGNED(addr, n_bytes);                                                                 \
        return __real_##name(addr, n_bytes);                                                       \
    }
CHECKED(bp_os_commit)
CHECKED(bp_os_decommit)
CHECKED(bp_os_purge)
CHECKED(bp_os_renew)
CHECKED(bp_os_unmap)

int __real_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero);
int __wrap_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero);
int __wrap_bp_os_discard(void *addr, size_t n_bytes, bool *ret_zero)
{
    IS_ALIGNED(addr, n_bytes);
    return __real_bp_os_discard(addr, n_bytes, ret_zero);
}

void __real_bp_os_reuse(void *addr, size_t n_bytes);
void __wrap_bp_os_reuse(void *addr, size_t n_bytes);
void __wrap_bp_os_reuse(void *addr, size_t n_bytes)
{
    IS_ALIGNED(addr, n_bytes);
    __real_bp_os_reuse(addr, n_bytes);
}

int __real_bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece);
int __wrap_bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece);
int __wrap_bp_os_move(void *dst, void *src, size_t n_bytes, bool one_piece)
{
    IS_ALIGNED(dst, n_bytes);
    IS_ALIGNED(src, n_bytes);
    return __real_bp_os_move(dst, src, n_bytes, one_piece);
}

// This system aligns to its own pages alone, and trims what it maps accordingly.
enum { OWN_PAGE_BYTES = 4096 };

int __real_bp_os_reserve(size_t n_bytes, size_t align, void **ret_base);
int __wrap_bp_os_reserve(size_t n_bytes, size_t align, void **ret_base);
int __wrap_bp_os_reserve(size_t n_bytes, size_t align, void **ret_base)
{
    size_t injected = page_bytes;
    page_bytes = OWN_PAGE_BYTES;
    int code = __real_bp_os_reserve(n_bytes, align, ret_base);
    page_bytes = injected;
    return code;
}

int __real_bp_os_map(size_t n_bytes, size_t align, void **ret_addr);
int __wrap_bp_os_map(size_t n_bytes, size_t align, void **ret_addr);
int __wrap_bp_os_map(size_t n_bytes, size_t align, void **ret_addr)
{
    CHECK(n_bytes % page_bytes == 0 && align % page_bytes == 0);
    size_t injected = page_bytes;
    page_bytes = OWN_PAGE_BYTES;
    int code = __real_bp_os_map(n_bytes, align, ret_addr);
    page_bytes = injected;
    return code;
}

int __wrap_bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr);
int __wrap_bp_os_remap(void *addr, size_t old_bytes, size_t new_bytes, void **ret_addr)
{
    IS_ALIGNED(addr, old_bytes);
    IS_ALIGNED(addr, new_bytes);
    int code = __wrap_bp_os_map(new_bytes, page_bytes, ret_addr);
    if (!code) {
        memcpy(*ret_addr, addr, bp_min(old_bytes, new_bytes));
        __real_bp_os_unmap(addr, old_bytes);
    }
    return code;
}

static void run(size_t page, size_t reserve_bytes)
{
    page_bytes = page;
    bp_options.purge_floor_bytes = 0;
    bp_reserve_init(reserve_bytes);
    bp_registry_init();
    REQUIRE(bp_os_thread_exit_register(bp_registry_thread_ended) == 0);
    workload_run(page + reserve_bytes);
    CHECK(bp_load_relaxed(&bp_counters.purge_failures) == 0);
    CHECK(reserve_bytes == 0 || bp_load_relaxed(&bp_counters.purged_bytes) > 0);
}

#define CASES(kib)                                                                                 \
    static void pages_of_##kib##k_with_regions(void)                                               \
    {                                                                                              \
        run((size_t)kib << 10, BP_TIB);                                                            \
    }                                                                                              \
    static void pages_of_##kib##k_with_chunks(void)                                                \
    {                                                                                              \
        run((size_t)kib << 10, 2 * BP_GIB);                                                        \
    }                                                                                              \
    static void pages_of_##kib##k_alone(void)                                                      \
    {                                                                                              \
        run((size_t)kib << 10, 0);                                                                 \
    }
CASES(4)
CASES(16)
CASES(64)

UNIT_MAIN(UNIT_CASE(pages_of_4k_with_regions), UNIT_CASE(pages_of_4k_with_chunks),
          UNIT_CASE(pages_of_4k_alone), UNIT_CASE(pages_of_16k_with_regions),
          UNIT_CASE(pages_of_16k_with_chunks), UNIT_CASE(pages_of_16k_alone),
          UNIT_CASE(pages_of_64k_with_regions), UNIT_CASE(pages_of_64k_with_chunks),
          UNIT_CASE(pages_of_64k_alone))
