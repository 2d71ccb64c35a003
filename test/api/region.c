// SPDX-License-Identifier: MIT
// Regions: ExpandableAllocator's tests with its numbers, v_alloc's faults, and our own promises.
#include "api.h"

static struct bump_region made(size_t max_bytes, unsigned prot, unsigned flags)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, max_bytes, prot, flags) == 0);
    return region;
}

static void reserves_any_size(void)
{
    static const size_t sizes[] = {1000, 1000000, 1000000000, VAST - 12345};
    for (int i = 0; i < 4; i++) {
        struct bump_region region = made(sizes[i], BUMP_PROT_READ_WRITE, 0);
        CHECK_ALIGNED(bump_region_base(&region), page_bytes());
        CHECK_EQ(bump_region_max(&region), sizes[i]);
        CHECK_EQ(bump_region_reserved(&region), (sizes[i] + page_bytes() - 1) & -page_bytes());
        CHECK_EQ(bump_region_size(&region), 0);
        CHECK_EQ(bump_region_committed(&region), 0);
        CHECK_EQ(bump_region_destroy(&region), 0);
    }
}

static void refuses_what_cannot_be(void)
{
    struct bump_region region = {0};
    CHECK_EQ(bump_region_create(&region, 0, 3, 0), -EINVAL);
    CHECK_EQ(bump_region_create(NULL, 1, 3, 0), -EINVAL);
    CHECK_EQ(bump_region_create(&region, 1, 8, 0), -EINVAL);
    CHECK_EQ(bump_region_create(&region, 1, 3, 1u << 20), -EINVAL);
    CHECK_EQ(bump_region_create(&region, 1, 3, BUMP_REGION_LAX | BUMP_REGION_STRICT), -EINVAL);
    CHECK_EQ(bump_region_create_aligned(&region, 1, 3, 3, 0), -EINVAL);
    CHECK_EQ(bump_region_create_aligned(&region, 1, 0, 3, 0), -EINVAL);
    CHECK_EQ(bump_region_create(&region, SIZE_MAX, 3, 0), -ENOMEM);
    CHECK_EQ(bump_region_create(&region, (size_t)1 << 47, 3, 0), -ENOMEM);
    CHECK_EQ(bump_region_create_aligned(&region, 1, (size_t)1 << 63, 3, 0), -ENOMEM);
    CHECK_NULL(bump_region_base(&region));
    CHECK_EQ(bump_region_commit(&region, 1), -EINVAL);
    CHECK_EQ(bump_region_resize(&region, 0), -EINVAL);
    CHECK_EQ(bump_region_set_prot(&region, 1), -EINVAL);
    CHECK_EQ(bump_region_sync(&region), -EINVAL);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(bump_region_destroy(NULL), 0);
    region = made(4096, 3, 0);
    CHECK_EQ(bump_region_create(&region, 4096, 3, 0), -EBUSY);
    CHECK_EQ(bump_region_destroy(&region), 0);
}

static void commits_to_the_byte(void)
{
    struct bump_region region = made(1024, BUMP_PROT_READ_WRITE, BUMP_REGION_EXACT);
    CHECK_EQ(bump_region_commit(&region, 2048), -ERANGE);
    CHECK_EQ(bump_region_commit(&region, SIZE_MAX), -ERANGE);
    CHECK_EQ(bump_region_size(&region), 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 512), 0);
    CHECK_EQ(bump_region_size(&region), 512);
    CHECK_EQ(bump_region_committed(&region), page_bytes());
    CHECK_PTR(bump_region_base(&region), base);
    CHECK_EQ(bump_region_commit(&region, 1024), 0);
    CHECK_PTR(bump_region_base(&region), base);
    CHECK_EQ(bump_region_commit(&region, 100), 0); // never shrinks
    CHECK_EQ(bump_region_size(&region), 1024);
    write_42(base);
    write_42(base + 1023);
    CHECK_EQ(base[0] + base[1023], 84);
    bump_region_destroy(&region);
}

static void keeps_the_rest_closed(void)
{
    struct bump_region region = made(1 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_EXACT);
    char *base = bump_region_base(&region);
    CHECK(faults(read_it, base));
    CHECK_EQ(bump_region_commit(&region, 1), 0);
    CHECK(!faults(write_42, base + page_bytes() - 1));
    CHECK(faults(read_it, base + page_bytes()));
    bump_region_destroy(&region);
}

static void protects_as_told(void)
{
    static const unsigned protections[] = {1, 2, 3, 4, 5, 6, 7};
    for (int i = 0; i < 7; i++) {
        struct bump_region region = made(1000, protections[i], 0);
        char *base = bump_region_base(&region);
        CHECK_EQ(bump_region_commit(&region, 1000), 0);
        bool writable = protections[i] & BUMP_PROT_WRITE;
        CHECK_EQ(faults(write_42, base), !writable);
        CHECK_EQ(bump_region_prot(&region), protections[i] | (writable ? BUMP_PROT_READ : 0));
        if (bump_region_prot(&region) & BUMP_PROT_READ)
            CHECK(is_filled(base, 1000, 0));
        bump_region_destroy(&region);
    }
}

static void changes_protection(void)
{
    struct bump_region region = made(1 * MIB, BUMP_PROT_READ, 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ), 0); // fine at size 0
    CHECK_EQ(bump_region_commit(&region, 5000), 0);
    CHECK(is_filled(base, 5000, 0));
    CHECK(faults(write_42, base));
    CHECK_EQ(bump_region_set_prot(&region, 16), -EINVAL);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ_WRITE), 0);
    write_42(base);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ), 0);
    CHECK_EQ(base[0], 42);
    CHECK(faults(write_42, base));
    CHECK_EQ(bump_region_commit(&region, 1 * MIB), 0);
    CHECK(faults(write_42, base + 1 * MIB - 1)); // remembered for later commits
    bump_region_destroy(&region);
}

static void protects_parts(void)
{
    size_t page = page_bytes();
    struct bump_region region = made(1 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_EXACT);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 8 * page), 0);
    CHECK_EQ(bump_region_protect(&region, 1, page, 0), -EINVAL);
    CHECK_EQ(bump_region_protect(&region, page, 1, 0), -EINVAL);
    CHECK_EQ(bump_region_protect(&region, 8 * page, page, 0), -ERANGE);
    CHECK_EQ(bump_region_protect(&region, page, -page, 0), -ERANGE);
    CHECK_EQ(bump_region_protect(&region, page, page, 9), -EINVAL);
    CHECK_EQ(bump_region_protect(&region, 2 * page, page, BUMP_PROT_NONE), 0);
    CHECK(!faults(write_42, base + 2 * page - 1));
    CHECK(faults(read_it, base + 2 * page));
    CHECK(!faults(write_42, base + 3 * page));
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ_WRITE), 0);
    CHECK(!faults(write_42, base + 2 * page));
    bump_region_destroy(&region);
}

// Shrinking where pages are protected otherwise must not touch them, nor leave anything behind.
static void shrinks_under_protection(void)
{
    size_t page = page_bytes();
    struct bump_region region = made(1 * MIB, BUMP_PROT_READ_WRITE, 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 8 * page), 0);
    memset(base, 7, 8 * page);
    CHECK_EQ(bump_region_resize(&region, 7 * page + 5), 0); // some bytes are stale now
    CHECK_EQ(bump_region_protect(&region, 3 * page, 2 * page, BUMP_PROT_READ), 0);
    CHECK_EQ(bump_region_resize(&region, 3 * page + 10), 0);
    CHECK(is_filled(base, 3 * page + 10, 7));
    CHECK_EQ(bump_region_resize(&region, 8 * page), 0);
    CHECK(is_filled(base, 3 * page + 10, 7));
    CHECK(is_filled(base + 3 * page + 10, 5 * page - 10, 0));
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ), 0);
    CHECK_EQ(bump_region_resize(&region, 100), 0);
    CHECK_EQ(bump_region_resize(&region, page), 0);
    CHECK(is_filled(base, 100, 7) && is_filled(base + 100, page - 100, 0));
    bump_region_destroy(&region);
}

static void reads_zero_after_shrinking(void)
{
    struct bump_region region = made(64 * MIB, BUMP_PROT_READ_WRITE, 0);
    unsigned char *base = bump_region_base(&region);
    static const size_t ends[] = {0, 1, 4095, 4096, 4097, 100000, 5 * MIB};
    for (int i = 0; i < 7; i++) {
        REQUIRE(bump_region_resize(&region, 10 * MIB) == 0);
        memset(base, 0xee, 10 * MIB);
        CHECK_EQ(bump_region_resize(&region, ends[i]), 0);
        CHECK_EQ(bump_region_size(&region), ends[i]);
        CHECK_EQ(bump_region_resize(&region, ends[i] + 3), 0);
        CHECK_EQ(bump_region_resize(&region, 10 * MIB), 0);
        CHECK(is_filled(base, ends[i], 0xee));
        CHECK(is_filled(base + ends[i], 10 * MIB - ends[i], 0));
    }
    bump_region_destroy(&region);
}

static void shrinks_with_hysteresis(void)
{
    struct bump_region region = made(64 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_EXACT);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_resize(&region, 30 * MIB), 0);
    memset(base, 1, 30 * MIB);
    CHECK_EQ(bump_region_resize(&region, 20 * MIB), 0); // a surplus of half of it: kept
    CHECK_EQ(bump_region_committed(&region), 30 * MIB);
    CHECK_EQ(bump_region_resize(&region, 19 * MIB), 0); // more than half
    CHECK_EQ(bump_region_committed(&region), 19 * MIB);
    CHECK(!is_resident(base + 20 * MIB));
    CHECK(faults(read_it, base + 20 * MIB));
    bump_region_destroy(&region);
}

static void decommits_inside(void)
{
    size_t page = page_bytes();
    struct bump_region region = made(1 * MIB, BUMP_PROT_READ_WRITE, 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 8 * page), 0);
    memset(base, 3, 8 * page);
    CHECK_EQ(bump_region_decommit(&region, 3, page), -EINVAL);
    CHECK_EQ(bump_region_decommit(&region, 0, 2 * MIB), -ERANGE);
    CHECK_EQ(bump_region_decommit(&region, 2 * page, 3 * page), 0);
    CHECK(!is_resident(base + 3 * page));
    CHECK(is_filled(base, 2 * page, 3));
    CHECK(is_filled(base + 2 * page, 3 * page, 0));
    CHECK(is_filled(base + 5 * page, 3 * page, 3));
    CHECK_EQ(bump_region_size(&region), 8 * page);
    // v_alloc: giving back below the end must not make the end wrap
    CHECK_EQ(bump_region_commit(&region, 1 * MIB), 0);
    write_42(base + 1 * MIB - 1);
    bump_region_destroy(&region);
}

static void grows_ahead(void)
{
    struct bump_region region = made(GIB, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_region_commit(&region, 1), 0);
    CHECK_EQ(bump_region_committed(&region), STEP);
    CHECK_EQ(bump_region_commit(&region, 80 * MIB), 0);
    CHECK_EQ(bump_region_commit(&region, 80 * MIB + 1), 0);
    CHECK_EQ(bump_region_committed(&region), 90 * MIB);
    CHECK_EQ(bump_region_set_growth(&region, 1, 0, 0), -EINVAL);
    CHECK_EQ(bump_region_set_growth(&region, 0, 1, 0), 0);
    CHECK_EQ(bump_region_commit(&region, 90 * MIB + 1), 0);
    CHECK_EQ(bump_region_committed(&region), 90 * MIB + STEP);
    CHECK_EQ(bump_region_set_growth(&region, UINT32_MAX, 1, SIZE_MAX), 0);
    CHECK_EQ(bump_region_commit(&region, 91 * MIB), 0);
    CHECK_EQ(bump_region_committed(&region), GIB); // capped
    bump_region_destroy(&region);
    region = made(GIB, BUMP_PROT_READ_WRITE, BUMP_REGION_EXACT);
    CHECK_EQ(bump_region_set_growth(&region, 1, 2, MIB), -EINVAL);
    bump_region_destroy(&region);
}

// ExpandableAllocator left the tail behind, and could unmap somebody else's memory when called
// again; v_alloc did too.
static void destroys_all_and_once(void)
{
    struct bump_region region = made(GIB, BUMP_PROT_READ_WRITE, 0);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 1), 0);
#if !defined(CHECK_EMULATED) // qemu-user's mincore knows nothing of pages without access
    CHECK(is_mapped(base) && is_mapped(base + GIB - page_bytes()));
#endif
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK(!is_mapped(base) && !is_mapped(base + GIB / 2) && !is_mapped(base + GIB - page_bytes()));
    char *other = mmap(base, page_bytes(), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    REQUIRE(other == base);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK(is_mapped(other));
    munmap(other, page_bytes());
}

// v_alloc: a neighbour behind the reservation became writable.
static void stays_inside(void)
{
    size_t page = page_bytes();
    struct bump_region region = made(3 * page, BUMP_PROT_READ_WRITE, 0);
    char *end = (char *)bump_region_base(&region) + 3 * page;
    char *neighbour =
        mmap(end, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK_EQ(bump_region_commit(&region, 2 * page + 16), 0);
    CHECK_EQ(bump_region_commit(&region, 3 * page), 0);
    CHECK_EQ(bump_region_committed(&region), 3 * page);
    if (neighbour == end)
        CHECK(faults(write_42, end));
    bump_region_destroy(&region);
    if (neighbour != MAP_FAILED)
        munmap(neighbour, page);
}

static void aligns_and_hints(void)
{
    struct bump_region region = {0};
    for (size_t align = 1; align <= GIB; align <<= 3) {
        REQUIRE(bump_region_create_aligned(&region, 5000, align, 3, 0) == 0);
        CHECK_ALIGNED(bump_region_base(&region), align);
        bump_region_destroy(&region);
        REQUIRE(bump_region_create_aligned(&region, 5000, align, 3, BUMP_REGION_LAX) == 0);
        CHECK_ALIGNED(bump_region_base(&region), align);
        bump_region_destroy(&region);
    }
    region = made(64 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_HUGE);
    CHECK_ALIGNED(bump_region_base(&region), 2 * MIB);
    CHECK_EQ(bump_region_commit(&region, 10 * MIB), 0);
    CHECK_EQ(bump_region_prefetch(&region, 1, 5 * MIB), 0);
    CHECK_EQ(bump_region_prefetch(&region, 1, 50 * MIB), -ERANGE);
    CHECK_EQ(bump_region_prefetch(&region, SIZE_MAX, 2), -ERANGE);
    CHECK_EQ(bump_region_sync(&region), 0);
    bump_region_destroy(&region);
}

static void populates(void)
{
    struct bump_region region = made(64 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_STRICT);
    char *base = bump_region_base(&region);
    CHECK_EQ(bump_region_commit(&region, 3 * MIB), 0);
    CHECK(is_resident(base) && is_resident(base + 3 * MIB - page_bytes()));
    CHECK_EQ(bump_region_decommit(&region, MIB, MIB), 0);
    CHECK(!is_resident(base + MIB));
    CHECK_EQ(bump_region_populate(&region, MIB + 1, 10), 0);
    CHECK(is_resident(base + MIB));
    CHECK_EQ(bump_region_populate(&region, 0, 65 * MIB), -ERANGE);
    bump_region_destroy(&region);
}

// More than the machine has is refused by the system at the call, and nothing has changed. Not so
// where overcommit is without bounds.
static void is_refused_by_the_system(void)
{
#if defined(API_MACOS) // charges nothing
    return;
#endif
    char mode = '1';
    int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY);
    if (fd < 0 || read(fd, &mode, 1) != 1 || mode == '1')
        return;
    close(fd);
    struct bump_region region = made((size_t)1 << 43, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_region_resize(&region, 1000), 0);
    memset(bump_region_base(&region), 7, 1000);
    CHECK_EQ(bump_region_resize(&region, (size_t)1 << 43), -ENOMEM);
    CHECK_EQ(bump_region_size(&region), 1000);
    CHECK_EQ(bump_region_committed(&region), STEP);
    CHECK(is_filled(bump_region_base(&region), 1000, 7));
    CHECK_EQ(bump_region_resize(&region, MIB), 0);
    bump_region_destroy(&region);
}

static void has_no_addresses(void *unused)
{
    struct bump_region region = {0};
    struct bump_arena arena = {0};
    struct rlimit limit = {GIB, GIB};
    (void)unused;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_EQ(bump_region_create(&region, 2 * GIB, BUMP_PROT_READ_WRITE, 0), -ENOMEM);
    CHECK_EQ(bump_arena_create(&arena, 2 * GIB, 0), -ENOMEM);
    CHECK_NULL(bump_arena_alloc(&arena, 1, 1)); // its default is as much
    CHECK_EQ(bump_region_create(&region, 100 * MIB, BUMP_PROT_READ_WRITE, 0), 0);
    CHECK_EQ(bump_arena_create(&arena, 100 * MIB, 0), 0);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 1, 1));
}

static void respects_an_address_limit(void)
{
#if defined(API_MACOS) // the library's own reservation is beyond any limit already
    return;
#endif
    CHECK_EQ(in_child(has_no_addresses, NULL), 0);
}

static void child_writes(void *argument)
{
    struct bump_region *region = argument;
    memset(bump_region_base(region), 9, 1000);
    CHECK_EQ(bump_region_resize(region, MIB), 0);
    CHECK_EQ(bump_region_destroy(region), 0);
}

static void survives_fork(void)
{
    struct bump_region region = made(MIB, BUMP_PROT_READ_WRITE, 0);
    CHECK_EQ(bump_region_resize(&region, 1000), 0);
    memset(bump_region_base(&region), 7, 1000);
    CHECK_EQ(in_child(child_writes, &region), 0);
    CHECK(is_filled(bump_region_base(&region), 1000, 7));
    CHECK_EQ(bump_region_resize(&region, 2000), 0);
    bump_region_destroy(&region);
}

#if defined(__x86_64__)
static void runs_what_was_written(void)
{
    static const unsigned char return_42[] = {0xb8, 42, 0, 0, 0, 0xc3};
    struct bump_region region = made(1000, BUMP_PROT_READ_WRITE, BUMP_REGION_JIT);
    CHECK_EQ(bump_region_commit(&region, sizeof return_42), 0);
    memcpy(bump_region_base(&region), return_42, sizeof return_42);
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ_EXEC), 0);
    int (*function)(void);
    void *base = bump_region_base(&region);
    memcpy(&function, &base, sizeof base);
    CHECK_EQ(function(), 42);
    CHECK(faults(write_42, base));
    bump_region_destroy(&region);
}
#else
static void runs_what_was_written(void)
{
}
#endif

int main(void)
{
    void (*const cases[])(void) = {
        reserves_any_size,
        refuses_what_cannot_be,
        commits_to_the_byte,
        keeps_the_rest_closed,
        protects_as_told,
        changes_protection,
        protects_parts,
        shrinks_under_protection,
        reads_zero_after_shrinking,
        shrinks_with_hysteresis,
        decommits_inside,
        grows_ahead,
        destroys_all_and_once,
        stays_inside,
        aligns_and_hints,
        populates,
        is_refused_by_the_system,
        respects_an_address_limit,
        survives_fork,
        runs_what_was_written,
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cases[i]();
    return check_end();
}
