// SPDX-License-Identifier: MIT
// Regions with files behind them: content, lengths, full disks, fork. argv[1] is a folder.
#include "api.h"

#include <sys/stat.h>

static const char *folder;
static char path[4096];

static size_t length_of(const char *name)
{
    struct stat status;
    return stat(name, &status) ? SIZE_MAX : (size_t)status.st_size;
}

static void keeps_content(void)
{
    struct bump_region region = {0};
    unlink(path);
    CHECK_EQ(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ, 0), -ENOENT);
    CHECK_EQ(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ_WRITE, 0), 0);
    CHECK_EQ(bump_region_size(&region), 0);
    CHECK_EQ(bump_region_resize(&region, 100000), 0);
    CHECK(is_filled(bump_region_base(&region), 100000, 0));
    memset(bump_region_base(&region), 9, 100000);
    CHECK_EQ(bump_region_sync(&region), 0);
    CHECK_EQ(length_of(path), 100000);
    CHECK_EQ(bump_region_resize(&region, 300000), 0); // goes on in the page that the file cuts
    CHECK(is_filled((char *)bump_region_base(&region) + 100000, 200000, 0));
    memset((char *)bump_region_base(&region) + 100000, 8, 1000);
    CHECK_EQ(bump_region_resize(&region, 101000), 0);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 101000);

    CHECK_EQ(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ, 0), 0);
    CHECK_EQ(bump_region_size(&region), 101000);
    CHECK(is_filled(bump_region_base(&region), 100000, 9));
    CHECK(is_filled((char *)bump_region_base(&region) + 100000, 1000, 8));
    CHECK(faults(write_42, bump_region_base(&region)));
    CHECK_EQ(bump_region_resize(&region, MIB), -EACCES);
    CHECK_EQ(bump_region_size(&region), 101000);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 101000);
}

static void fits_the_file(void)
{
    struct bump_region region = {0};
    CHECK_EQ(bump_region_open(&region, path, 1000, BUMP_PROT_READ_WRITE, 0), -ERANGE);
    CHECK_EQ(length_of(path), 101000);
    CHECK_NULL(bump_region_base(&region));
    CHECK_EQ(bump_region_open(&region, path, 101000, BUMP_PROT_READ_WRITE, 0), 0);
    CHECK_EQ(bump_region_open(&region, path, 101000, BUMP_PROT_READ_WRITE, 0), -EBUSY);
    CHECK_EQ(bump_region_resize(&region, 101001), -ERANGE);
    CHECK_EQ(bump_region_resize(&region, 10), 0);
    CHECK_EQ(bump_region_resize(&region, 101000), 0);
    CHECK(is_filled(bump_region_base(&region), 10, 9));
    CHECK(is_filled((char *)bump_region_base(&region) + 10, 100990, 0));
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(bump_region_open(&region, NULL, 1000, 3, 0), -EINVAL);
    CHECK_EQ(bump_region_open(&region, path, 1000, 3, BUMP_REGION_LAX), -EINVAL);
    CHECK_EQ(bump_region_open(&region, "/nowhere/at/all", 1000, 3, 0), -ENOENT);
    CHECK_EQ(bump_region_open(&region, "/nowhere", 1000, 3, BUMP_REGION_TEMPORARY), -ENOENT);
}

static void gives_space_back(void)
{
    struct bump_region region = {0};
    struct stat before, after;
    size_t page = page_bytes();
    REQUIRE(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_region_resize(&region, 8 * MIB) == 0);
    memset(bump_region_base(&region), 5, 8 * MIB);
    bump_region_sync(&region);
    stat(path, &before);
    CHECK_EQ(bump_region_decommit(&region, MIB, 6 * MIB), 0);
    stat(path, &after);
    CHECK(after.st_blocks * 512 <= before.st_blocks * 512 - 5 * MIB);
    CHECK(is_filled((char *)bump_region_base(&region) + MIB, 6 * MIB, 0));
    CHECK(is_filled(bump_region_base(&region), MIB, 5));
    CHECK_EQ(bump_region_populate(&region, 2 * MIB, page), 0);
    CHECK_EQ(bump_region_destroy(&region), 0);
}

static void has_no_name(void)
{
    const char *const folders[] = {folder, NULL};
    for (int i = 0; i < 2; i++) {
        struct bump_region region = {0};
        int flags = BUMP_REGION_TEMPORARY;
        REQUIRE(bump_region_open(&region, folders[i], GIB, BUMP_PROT_READ_WRITE, flags) == 0);
        CHECK_EQ(bump_region_resize(&region, 3 * MIB), 0);
        memset(bump_region_base(&region), 1, 3 * MIB);
        CHECK_EQ(bump_region_resize(&region, 0), 0);
        CHECK_EQ(bump_region_resize(&region, 3 * MIB), 0);
        CHECK(is_filled(bump_region_base(&region), 3 * MIB, 0));
        CHECK_EQ(bump_region_destroy(&region), 0);
    }
}

// A file as large as files may be stands for a full disk: the system refuses the space.
static void is_refused_space(void *unused)
{
    struct bump_region region = {0};
    struct rlimit limit = {2 * MIB, 2 * MIB};
    (void)unused;
    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    unlink(path);
    REQUIRE(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    CHECK_EQ(bump_region_resize(&region, MIB), 0);
    memset(bump_region_base(&region), 6, MIB);
    CHECK_EQ(bump_region_resize(&region, 4 * MIB), -EFBIG);
    CHECK_EQ(bump_region_size(&region), MIB);
    CHECK(is_filled(bump_region_base(&region), MIB, 6));
    CHECK_EQ(bump_region_resize(&region, 2 * MIB), 0);
    memset(bump_region_base(&region), 6, 2 * MIB);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 2 * MIB);
}

static void refuses_without_a_signal(void)
{
    CHECK_EQ(in_child(is_refused_space, NULL), 0);
}

static void in_the_child(void *argument)
{
    struct bump_region *region = argument;
    CHECK_EQ(bump_region_resize(region, 10), -ESTALE);
    CHECK_EQ(bump_region_commit(region, 10), -ESTALE);
    CHECK_EQ(bump_region_decommit(region, 0, page_bytes()), -ESTALE);
    CHECK_EQ(bump_region_sync(region), -ESTALE);
#if !defined(CHECK_EMULATED) // qemu-user gives a child what it was to be spared
    const volatile char *base = bump_region_base(region);
    CHECK(!is_mapped(bump_region_base(region)) || *base == 0); // or something of the child's own
#endif
    CHECK_EQ(bump_region_destroy(region), 0);
}

static void shares_with_the_child(void *argument)
{
    struct bump_region *region = argument;
    CHECK_EQ(*(char *)bump_region_base(region), 1);
    write_42(bump_region_base(region));
}

// The length is the business of the process that opened the file.
static void ends_its_share(void *argument)
{
    struct bump_region *region = argument;
    CHECK_EQ(bump_region_sync(region), 0);
    CHECK_EQ(bump_region_destroy(region), 0);
}

static void survives_fork(void)
{
    struct bump_region region = {0};
    unlink(path);
    REQUIRE(bump_region_open(&region, path, MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    REQUIRE(bump_region_resize(&region, 5000) == 0);
    memset(bump_region_base(&region), 1, 5000);
    CHECK_EQ(in_child(in_the_child, &region), 0);
    CHECK(is_filled(bump_region_base(&region), 5000, 1));
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 5000);

    REQUIRE(bump_region_open(&region, path, MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_FORK_SHARE) ==
            0);
    CHECK_EQ(in_child(shares_with_the_child, &region), 0);
    CHECK_EQ(*(char *)bump_region_base(&region), 42);
    CHECK_EQ(in_child(ends_its_share, &region), 0);
    CHECK(bump_region_committed(&region) > 50000);
    CHECK_EQ(bump_region_resize(&region, 50000), 0); // within what is committed
    memset(bump_region_base(&region), 3, 50000);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 50000);
    unlink(path);
}

int main(int argc, char **argv)
{
    REQUIRE(argc == 2);
    folder = argv[1];
    snprintf(path, sizeof path, "%s/region_file.%d", folder, (int)getpid());
    keeps_content();
    fits_the_file();
    gives_space_back();
    has_no_name();
    refuses_without_a_signal();
    survives_fork();
    return check_end();
}
