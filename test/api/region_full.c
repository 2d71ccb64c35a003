// SPDX-License-Identifier: MIT
// A full disk is -ENOSPC when a file-backed region grows, and no signal when it is touched; what
// was there stays, and space that is given back can be used. The disk is a small file system in
// memory, in a name space of the test's own.
#include "api.h"

#include <sched.h>
#include <sys/mount.h>

static const char folder[] = "/tmp";

static void mount_small_disk(void)
{
    if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
        check_skip("no name space to mount in");
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=4m"))
        check_skip("nothing may be mounted");
}

static void fills(struct bump_region *region)
{
    size_t length = bump_region_size(region);
    int code;
    while ((code = bump_region_resize(region, length + 100000)) == 0) {
        memset((char *)bump_region_base(region) + length, 5, 100000);
        length += 100000;
        REQUIRE(length < 8 * MIB);
    }
    CHECK_EQ(code, -ENOSPC);
    CHECK_EQ(bump_region_size(region), length);
    CHECK_FMT(length > 3 * MIB && length <= 4 * MIB, "%zu", length);
    CHECK(is_filled(bump_region_base(region), length, 5));
}

static void stays_usable(struct bump_region *region)
{
    struct bump_region other = {0};
    CHECK_EQ(bump_region_open(&other, "/tmp/other", MIB, BUMP_PROT_READ_WRITE, 0), 0);
    CHECK_EQ(bump_region_resize(&other, 500000), -ENOSPC);
    CHECK_EQ(bump_region_size(&other), 0);
    CHECK_EQ(bump_region_resize(region, MIB), 0);
    CHECK_EQ(bump_region_resize(&other, 500000), 0);
    memset(bump_region_base(&other), 6, 500000);
    CHECK_EQ(bump_region_decommit(region, 0, MIB), 0);
    CHECK(is_filled(bump_region_base(region), MIB, 0));
    CHECK_EQ(bump_region_populate(region, 0, MIB), 0);
    memset(bump_region_base(region), 5, MIB);
    CHECK_EQ(bump_region_destroy(&other), 0);
    CHECK_EQ(unlink("/tmp/other"), 0);
    fills(region);
}

int main(void)
{
    static const unsigned flags[] = {BUMP_REGION_TEMPORARY, 0};
    static const char *const paths[] = {folder, "/tmp/file"};
    mount_small_disk();
    for (int i = 0; i < 2; i++) {
        struct bump_region region = {0};
        REQUIRE(bump_region_open(&region, paths[i], GIB, BUMP_PROT_READ_WRITE, flags[i]) == 0);
        fills(&region);
        stays_usable(&region);
        CHECK_EQ(bump_region_destroy(&region), 0);
    }
    return check_end();
}
