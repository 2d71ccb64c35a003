// SPDX-License-Identifier: MIT
// bump_large: objects whose pages are a file's.
#include "bumpalloc/bumpalloc.h"
#include "bumpalloc/large.h"
#include "bumpalloc/stats.h"
#include "prng.h"
#include "process.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CLASSES = 23 };
static char folder[] = "/tmp/bumpalloc-file-XXXXXX";

static struct bump_file_class class_of(size_t n_bytes)
{
    struct bump_file_class classes[CLASSES];
    int i = 0;
    REQUIRE(bump_stats_files(classes, CLASSES) == CLASSES);
    while (i < CLASSES - 1 && classes[i].class_bytes < n_bytes)
        i++;
    return classes[i];
}

static char *alloc(size_t n_bytes, unsigned flags)
{
    void *object = NULL;
    int code = bump_large_alloc(n_bytes, flags | BUMP_LARGE_FILE, &object);
    CHECK_FMT(code == 0, "%zu bytes: %d", n_bytes, code);
    REQUIRE(object != NULL);
    return object;
}

static void release(void *object)
{
    CHECK_EQ(bump_large_free(object), 0);
}

static int set_path(const char *path)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_PATH, .path = path};
    return bump_large_configure(&config);
}

static void set_fork_copy(bool wanted)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_FORK_COPY, .fork_copy = wanted};
    CHECK_EQ(bump_large_configure(&config), 0);
}

static void a_folder_that_is_not_there(void)
{
    struct bump_large_config config;
    void *object = &object;
    CHECK_EQ(set_path("/nonexistent/folder"), 0);
    bump_large_config_get(&config);
    CHECK_STR(config.path, "/nonexistent/folder");
    CHECK_EQ(bump_large_alloc(MIB, BUMP_LARGE_FILE, &object), -ENOENT);
    CHECK_PTR(object, &object);
    CHECK_EQ(set_path("/proc/self/maps"), 0);
    int code = bump_large_alloc(MIB, BUMP_LARGE_FILE, &object);
    CHECK_FMT(code < 0, "%d", code);
    REQUIRE(mkdtemp(folder) != NULL);
    CHECK_EQ(set_path(folder), 0);
}

static void objects_are_objects(void)
{
    for (size_t n = 1; n < 300 * MIB; n = n * 7 + 1) {
        char *object = alloc(n, BUMP_LARGE_ZERO);
        CHECK_EQ(pattern_nonzero(object, n), n);
        CHECK_EQ(bump_large_kind(object), BUMP_LARGE_IN_FILE);
        CHECK_EQ(bump_large_usable(object), (n + PAGE - 1) / PAGE * PAGE);
        CHECK_EQ(malloc_usable_size(object), (n + PAGE - 1) / PAGE * PAGE);
        CHECK(bump_owns(object));
        pattern_fill(object, n, n);
        CHECK_EQ(pattern_mismatch(object, n, n), n);
        CHECK_EQ(bump_large_prefetch(object, 0, n), 0);
        CHECK_EQ(bump_large_free(object + PAGE), -EINVAL);
        release(object);
        CHECK_EQ(bump_large_free(object), -EINVAL);
        CHECK_EQ(bump_large_usable(object), 0);
        object = alloc(n, BUMP_LARGE_ZERO);
        CHECK_EQ(pattern_nonzero(object, n), n);
        release(object);
    }
    struct stat status;
    CHECK(stat(folder, &status) == 0 && status.st_nlink == 2);
}

static void malloc_takes_them(void)
{
    void *(*volatile resize)(void *, size_t) = realloc;
    char *object = alloc(3 * MIB, 0);
    pattern_fill(object, 3 * MIB, 8);
    char *moved = resize(object, 5 * MIB);
    REQUIRE(moved != NULL);
    CHECK_EQ(pattern_mismatch(moved, 3 * MIB, 8), 3 * MIB);
    CHECK_EQ(bump_large_kind(moved), BUMP_LARGE_REGION);
    free(moved);
    free(alloc(3 * MIB, 0));
}

static void space_is_had_and_given_back(void)
{
    char *objects[4];
    bump_large_purge(SIZE_MAX);
    struct bump_file_class before = class_of(8 * MIB);
    for (int i = 0; i < 4; i++)
        objects[i] = alloc(7 * MIB, 0);
    struct bump_file_class during = class_of(8 * MIB);
    CHECK_EQ(during.live_regions - before.live_regions, 4);
    CHECK_EQ(during.live_bytes - before.live_bytes, 28 * MIB);
    CHECK(during.file_bytes >= 28 * MIB);
    CHECK_FMT(during.allocated_bytes >= 28 * MIB, "%zu", during.allocated_bytes); // untouched yet
    for (int i = 0; i < 4; i++)
        memset(objects[i], 'x', 7 * MIB);
    for (int i = 0; i < 4; i++)
        release(objects[i]);
    CHECK_EQ(class_of(8 * MIB).global_regions, 4); // within the budget
    size_t purged = bump_large_purge(SIZE_MAX);
    CHECK_FMT(purged >= 28 * MIB, "%zu", purged);
    struct bump_file_class after = class_of(8 * MIB);
    CHECK_FMT(after.allocated_bytes <= before.allocated_bytes, "%zu", after.allocated_bytes);
    CHECK_EQ(after.clear_slow_total - before.clear_slow_total, 4);
    CHECK_EQ(after.clean_regions, 4);
    char *object = alloc(8 * MIB, 0);
    CHECK_EQ(pattern_nonzero(object, 8 * MIB), 8 * MIB); // punched
    release(object);
}

static void dirty_files_have_a_budget(void)
{
    char *objects[32];
    for (int i = 0; i < 32; i++)
        objects[i] = alloc(8 * MIB, 0);
    struct bump_file_class before = class_of(8 * MIB);
    for (int i = 0; i < 32; i++)
        release(objects[i]);
    struct bump_file_class after = class_of(8 * MIB);
    CHECK_EQ(after.global_regions, 8); // 64 MiB
    CHECK_EQ(after.clear_eager_total - before.clear_eager_total, 24);
}

static void no_mapping_each(void)
{
    static char *objects[2000];
    release(alloc(64 * KIB, 0));
    size_t before = process_mappings();
    for (int i = 0; i < 2000; i++)
        *(objects[i] = alloc(60 * KIB, 0)) = 'x';
    size_t more = process_mappings() - before;
    CHECK_FMT(more < 4, "%zu more mappings", more);
    for (int i = 0; i < 2000; i++)
        release(objects[i]);
}

static void touch(void *object)
{
    *(volatile char *)object = 1;
}

// Without fork_copy: the child cannot harm the parent, and has objects of its own.
static void alone_in_child(void *object)
{
    int status = process_child(touch, object);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_EQ(bump_large_usable(object), 0);
    CHECK_EQ(bump_large_free(object), 0);
    char *own = alloc(3 * MIB, BUMP_LARGE_ZERO);
    CHECK(own != (char *)object);
    CHECK_EQ(pattern_nonzero(own, 3 * MIB), 3 * MIB);
    memset(own, 'c', 3 * MIB);
    release(own);
}

static void fork_keeps_files_apart(void)
{
    char *object = alloc(3 * MIB, 0);
    pattern_fill(object, 3 * MIB, 6);
    set_fork_copy(false);
    CHECK(process_passed(process_child(alone_in_child, object)));
    CHECK_EQ(pattern_mismatch(object, 3 * MIB, 6), 3 * MIB);
    release(object);
}

static int to_child[2], to_parent[2];

static void copy_in_child(void *object)
{
    char byte = 0;
    CHECK_EQ(pattern_mismatch(object, 3 * MIB, 6), 3 * MIB);
    memset(object, 'c', 3 * MIB);
    REQUIRE(write(to_parent[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1);
    CHECK(((char *)object)[0] == 'c' && ((char *)object)[3 * MIB - 1] == 'c');
    char *own = alloc(3 * MIB, BUMP_LARGE_ZERO);
    CHECK(own != (char *)object);
    CHECK_EQ(pattern_nonzero(own, 3 * MIB), 3 * MIB);
    release(own);
    release(object);
    CHECK_EQ(class_of(3 * MIB).live_regions, 0);
}

static void fork_copies_if_asked_to(void)
{
    char byte = 0, *object = alloc(3 * MIB, 0), *free_one = alloc(3 * MIB, 0);
    int status = 0;
    memset(free_one, 'f', 3 * MIB);
    release(free_one); // dirty, and no business of the child's
    pattern_fill(object, 3 * MIB, 6);
    set_fork_copy(true);
    REQUIRE(pipe(to_child) == 0 && pipe(to_parent) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        check_failures = 0;
        copy_in_child(object);
        _exit(check_end());
    }
    REQUIRE(read(to_parent[0], &byte, 1) == 1);
    CHECK_EQ(pattern_mismatch(object, 3 * MIB, 6), 3 * MIB);
    memset(object, 'p', 3 * MIB);
    REQUIRE(write(to_child[1], &byte, 1) == 1 && waitpid(child, &status, 0) == child);
    CHECK(process_passed(status));
    CHECK(object[0] == 'p' && object[3 * MIB - 1] == 'p');
    set_fork_copy(false);
    release(object);
}

static void ends(void)
{
    CHECK_EQ(rmdir(folder), 0); // the files never had names
}

CHECK_MAIN(a_folder_that_is_not_there, objects_are_objects, malloc_takes_them,
           space_is_had_and_given_back, dirty_files_have_a_budget, no_mapping_each,
           fork_keeps_files_apart, fork_copies_if_asked_to, ends)
