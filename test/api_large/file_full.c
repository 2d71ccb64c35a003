// SPDX-License-Identifier: MIT
// A full disk is -ENOMEM, when the object is asked for, and not a signal when it is touched. The
// disk is a file system of 16 MiB in memory, in a name space of the test's own.
#include "bumpalloc/large.h"
#include "process.h"

#include <sched.h>
#include <sys/mount.h>

static char folder[] = "/tmp";

static void mount_small_disk(void)
{
    if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
        check_skip("no name space to mount in");
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=16m"))
        check_skip("nothing may be mounted");
}

static size_t fill(void *objects[], size_t n_bytes)
{
    size_t count = 0;
    int code;
    while ((code = bump_large_alloc(n_bytes, BUMP_LARGE_FILE, &objects[count])) == 0) {
        memset(objects[count], 'x', n_bytes);
        REQUIRE(++count < 1000);
    }
    CHECK_EQ(code, -ENOMEM);
    return count;
}

static void release(void *objects[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(bump_large_free(objects[i]), 0);
    bump_large_purge(SIZE_MAX);
}

static void full_disk_is_an_error(void)
{
    static void *objects[1000];
    struct bump_large_config config = {.set = BUMP_LARGE_SET_PATH, .path = folder};
    mount_small_disk();
    CHECK_EQ(bump_large_configure(&config), 0);
    for (int round = 0; round < 3; round++) { // nothing is lost by failing
        size_t count = fill(objects, MIB);
        CHECK_FMT(count >= 14 && count <= 16, "%zu of 1 MiB", count);
        release(objects, count);
        count = fill(objects, 3 * MIB);
        CHECK_FMT(count >= 4 && count <= 5, "%zu of 3 MiB", count);
        release(objects, count);
    }
}

CHECK_MAIN(full_disk_is_an_error)
