// SPDX-License-Identifier: MIT
// Regions and large objects with files behind them on Windows: what they hold, how long the files
// are, that those without names leave nothing behind.
#include "api.h"

#include "bumpalloc/large.h"
#include "bumpalloc/region.h"
#include "bumpalloc/stats.h"

enum { CLASSES = 23 };
static char folder[MAX_PATH], path[MAX_PATH + 32];

static size_t length_of(const char *name)
{
    WIN32_FILE_ATTRIBUTE_DATA about;
    if (!GetFileAttributesExA(name, GetFileExInfoStandard, &about))
        return SIZE_MAX;
    return (size_t)about.nFileSizeHigh << 32 | about.nFileSizeLow;
}

static size_t files_in_folder(void)
{
    char pattern[MAX_PATH + 32];
    WIN32_FIND_DATAA found;
    size_t count = 0;
    snprintf(pattern, sizeof pattern, "%s\\bumpalloc-*", folder);
    HANDLE search = FindFirstFileA(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do
        count++;
    while (FindNextFileA(search, &found));
    FindClose(search);
    return count;
}

static void a_folder_of_its_own(void)
{
    char temp[MAX_PATH];
    REQUIRE(GetTempPathA(sizeof temp, temp) != 0);
    snprintf(folder, sizeof folder, "%sbumpalloc.%lu", temp, GetCurrentProcessId());
    snprintf(path, sizeof path, "%s\\region", folder);
    REQUIRE(CreateDirectoryA(folder, NULL));
}

static void a_region_keeps_its_content(void)
{
    struct bump_region region = {0};
    CHECK_EQ(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ, 0), -ENOENT);
    REQUIRE(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    char *p = bump_region_base(&region);
    CHECK_EQ(bump_region_size(&region), 0);
    for (size_t n_bytes = 1000; n_bytes <= 16 * MIB; n_bytes *= 2) {
        size_t before = bump_region_size(&region);
        REQUIRE(bump_region_resize(&region, n_bytes) == 0);
        CHECK_PTR(bump_region_base(&region), p);
        CHECK(is_filled(p, before, 9) && is_filled(p + before, n_bytes - before, 0));
        memset(p, 9, n_bytes);
    }
    CHECK_EQ(bump_region_sync(&region), 0);
    CHECK_EQ(bump_region_resize(&region, 101000), 0);
    CHECK_EQ(bump_region_resize(&region, 300000), 0);
    CHECK(is_filled(p, 101000, 9) && is_filled(p + 101000, 199000, 0));
    CHECK_EQ(bump_region_decommit(&region, STEP, STEP), 0);
    CHECK(is_filled(p + STEP, 101000 - STEP, 0) && is_filled(p, STEP, 9));
    CHECK_EQ(bump_region_resize(&region, 101000), 0);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK(!is_mapped(p));
    CHECK_EQ(length_of(path), 101000);
}

static void a_region_may_only_read(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_open(&region, path, 64 * MIB, BUMP_PROT_READ, 0) == 0);
    CHECK_EQ(bump_region_size(&region), 101000);
    CHECK(is_filled(bump_region_base(&region), STEP, 9));
    CHECK(faults(write_42, bump_region_base(&region)));
    CHECK_EQ(bump_region_resize(&region, MIB), -EACCES);
    CHECK_EQ(bump_region_destroy(&region), 0);
    CHECK_EQ(length_of(path), 101000);
}

static void a_refusal_changes_no_file(void)
{
    struct bump_region region = {0};
    CHECK_EQ(bump_region_open(&region, path, 1000, BUMP_PROT_READ_WRITE, 0), -ERANGE);
    CHECK_NULL(bump_region_base(&region));
    CHECK_EQ(length_of(path), 101000);
    REQUIRE(DeleteFileA(path));
}

static void a_temporary_file_is_gone(void)
{
    const char *const folders[] = {folder, NULL};
    for (int i = 0; i < 2; i++) {
        struct bump_region region = {0};
        REQUIRE(bump_region_open(&region, folders[i], GIB, BUMP_PROT_READ_WRITE,
                                 BUMP_REGION_TEMPORARY) == 0);
        CHECK_EQ(files_in_folder(), i == 0);
        CHECK_EQ(bump_region_resize(&region, 3 * MIB), 0);
        memset(bump_region_base(&region), 1, 3 * MIB);
        CHECK_EQ(bump_region_resize(&region, 0), 0);
        CHECK_EQ(bump_region_resize(&region, 3 * MIB), 0);
        CHECK(is_filled(bump_region_base(&region), 3 * MIB, 0));
        CHECK_EQ(bump_region_destroy(&region), 0);
        CHECK_EQ(files_in_folder(), 0);
    }
}

static struct bump_file_class class_of(size_t n_bytes)
{
    struct bump_file_class classes[CLASSES];
    int i = 0;
    REQUIRE(bump_stats_files(classes, CLASSES) == CLASSES);
    while (i < CLASSES - 1 && classes[i].class_bytes < n_bytes)
        i++;
    return classes[i];
}

static void large_objects_have_files(void)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_PATH, .path = folder};
    void *objects[20];
    REQUIRE(bump_large_configure(&config) == 0);
    for (int i = 0; i < 20; i++) {
        size_t n_bytes = (size_t)(i % 4 + 1) * MIB;
        REQUIRE(bump_large_alloc(n_bytes, BUMP_LARGE_FILE | BUMP_LARGE_ZERO, &objects[i]) == 0);
        CHECK(is_filled(objects[i], n_bytes, 0));
        memset(objects[i], i + 1, n_bytes);
    }
    CHECK_EQ(files_in_folder(), 3); // 1, 2 and 4 MiB
    CHECK_EQ(class_of(MIB).live_regions, 5);
    CHECK(class_of(MIB).class_bytes == MIB && class_of(MIB).file_bytes >= 5 * MIB);
    for (int i = 0; i < 20; i++) {
        CHECK(is_filled(objects[i], (size_t)(i % 4 + 1) * MIB, (unsigned char)(i + 1)));
        CHECK_EQ(bump_large_free(objects[i]), 0);
    }
    CHECK_EQ(class_of(MIB).live_regions, 0);
    void *again;
    REQUIRE(bump_large_alloc(MIB, BUMP_LARGE_FILE | BUMP_LARGE_ZERO, &again) == 0);
    CHECK(is_filled(again, MIB, 0));
    CHECK_EQ(bump_large_free(again), 0);
    CHECK_EQ(bump_large_alloc((size_t)1 << 37, BUMP_LARGE_FILE, &again), -ENOMEM);
}

CHECK_MAIN(a_folder_of_its_own, a_region_keeps_its_content, a_region_may_only_read,
           a_refusal_changes_no_file, a_temporary_file_is_gone, large_objects_have_files)
