// SPDX-License-Identifier: MIT
// Regions on Windows: growth in place, pages given back that read zero, protections.
#include "api.h"

#include "bumpalloc/region.h"

static void grows_in_place(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, 64 * MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    unsigned char *p = bump_region_base(&region);
    CHECK(faults(read_it, p));
    for (size_t n_bytes = 1000; n_bytes <= 64 * MIB; n_bytes = n_bytes * 3 / 2) {
        size_t before = bump_region_size(&region);
        REQUIRE(bump_region_resize(&region, n_bytes) == 0);
        CHECK_PTR(bump_region_base(&region), p);
        CHECK(is_filled(p, before, 7) && is_filled(p + before, n_bytes - before, 0));
        memset(p, 7, n_bytes);
    }
    CHECK_EQ(bump_region_resize(&region, 64 * MIB + 1), -ERANGE);
    CHECK_EQ(bump_region_resize(&region, 1000), 0);
    CHECK(is_filled(p, 1000, 7) && faults(write_42, p + 32 * MIB));
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK(!is_mapped(p));
}

static void pages_go_back_and_read_zero(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_region_commit(&region, MIB) == 0);
    unsigned char *p = bump_region_base(&region);
    memset(p, 7, MIB);
    CHECK_EQ(bump_region_decommit(&region, STEP, 4 * STEP), 0);
    CHECK(is_filled(p, STEP, 7) && is_filled(p + STEP, 4 * STEP, 0));
    CHECK(is_filled(p + 5 * STEP, MIB - 5 * STEP, 7));
    CHECK_EQ(bump_region_destroy(&region), 0);
}

static void protections(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_region_commit(&region, MIB) == 0);
    unsigned char *p = bump_region_base(&region);
    CHECK_EQ(bump_region_protect(&region, STEP, STEP, BUMP_PROT_READ), 0);
    CHECK(!faults(write_42, p) && faults(write_42, p + STEP) && !faults(read_it, p + STEP));
    CHECK_EQ(bump_region_protect(&region, STEP, STEP, BUMP_PROT_NONE), 0);
    CHECK(faults(read_it, p + STEP) && !faults(write_42, p + 2 * STEP));
    CHECK_EQ(bump_region_set_prot(&region, BUMP_PROT_READ), 0);
    CHECK(faults(write_42, p) && !faults(read_it, p + STEP));
    CHECK_EQ(bump_region_destroy(&region), 0);
}

static void strict_is_resident(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_STRICT) == 0);
    REQUIRE(bump_region_commit(&region, MIB) == 0);
    CHECK(is_resident((char *)bump_region_base(&region) + MIB - 1));
    CHECK_EQ(bump_region_destroy(&region), 0);
}

CHECK_MAIN(grows_in_place, pages_go_back_and_read_zero, protections, strict_is_resident)
