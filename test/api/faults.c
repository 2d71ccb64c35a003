// SPDX-License-Identifier: MIT
// Every system call that regions, streams and arenas make is made to fail in turn, once and for
// good: a failed call changes nothing, and the same call succeeds when the system is well again.
#include "api.h"

#include "os/os.h"

#include <sys/stat.h>

static unsigned seen, nth, hits, file_hits;
static bool for_good;

static int answer(enum bp_os_call call)
{
    seen++;
    bool due = nth && (seen == nth || (for_good && seen > nth));
    hits += due;
    file_hits += due && call == BP_OS_FILE;
    return due ? ENOMEM : 0;
}

static void arm(unsigned which, bool lasting)
{
    seen = 0;
    nth = which;
    for_good = lasting;
    bp_os_fault_hook = answer;
}

static void disarm(void)
{
    nth = 0;
}

static void check_region(struct bump_region *region, size_t wanted)
{
    unsigned char *base = bump_region_base(region);
    struct bump_region before = *region;
    int code = bump_region_resize(region, wanted);
    if (code) {
        CHECK_EQ(code, -ENOMEM);
        CHECK_EQ(bump_region_size(region), bump_region_size(&before));
        CHECK_EQ(bump_region_committed(region), bump_region_committed(&before));
        unsigned armed = nth;
        disarm();
        CHECK_EQ(bump_region_resize(region, wanted), 0);
        nth = armed;
    }
    size_t kept = bump_region_size(&before) < wanted ? bump_region_size(&before) : wanted;
    CHECK(is_filled(base, kept, 7));
    CHECK(is_filled(base + kept, wanted - kept, 0));
    memset(base, 7, wanted);
}

static void region_script(unsigned flags)
{
    static const size_t sizes[] = {1, 5000, 3 * MIB, MIB, 2 * MIB, 0, 100, 9 * MIB, 4 * MIB, 1};
    struct bump_region region = {0};
    if (bump_region_create(&region, 10 * MIB, BUMP_PROT_READ_WRITE, flags)) {
        CHECK_NULL(bump_region_base(&region));
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_region(&region, sizes[i]);
    bump_region_destroy(&region);
}

static void plain_region(void)
{
    region_script(0);
}

static void strict_region(void)
{
    region_script(BUMP_REGION_STRICT);
}

static void lax_exact_region(void)
{
    region_script(BUMP_REGION_LAX | BUMP_REGION_EXACT);
}

static void file_region(void)
{
    struct bump_region region = {0};
    static const size_t sizes[] = {1, 5000, 3 * MIB, MIB, 2 * MIB, 0, 9 * MIB, 1};
    if (bump_region_open(&region, NULL, 10 * MIB, BUMP_PROT_READ_WRITE, BUMP_REGION_TEMPORARY)) {
        CHECK_NULL(bump_region_base(&region));
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_region(&region, sizes[i]);
    bump_region_destroy(&region);
}

static void protected_region(void)
{
    struct bump_region region = {0};
    if (bump_region_create(&region, 10 * MIB, BUMP_PROT_READ_WRITE, 0))
        return;
    if (bump_region_commit(&region, 300000) == 0) {
        unsigned char *base = bump_region_base(&region);
        memset(base, 7, 300000);
        bump_region_protect(&region, 0, page_bytes(), BUMP_PROT_READ);
        int code = bump_region_resize(&region, 200001);
        CHECK_EQ(bump_region_size(&region), code ? 300000 : 200001);
        CHECK(is_filled(base, bump_region_size(&region), 7));
        code = bump_region_decommit(&region, 0, page_bytes());
        CHECK(is_filled(base, page_bytes(), code ? 7 : 0));
    }
    bump_region_destroy(&region);
}

static void arena_script(unsigned flags)
{
    struct bump_arena arena = {0};
    if (bump_arena_create(&arena, 2 * MIB, flags)) {
        CHECK_NULL(arena.region.base);
        return;
    }
    for (int i = 0; i < 60; i++) {
        size_t n_bytes = (size_t)(i % 10) * 30000 + 1, used = bump_arena_used(&arena);
        char *object = bump_arena_calloc(&arena, 1, n_bytes, 16);
        if (object) {
            CHECK(is_filled(object, n_bytes, 0));
            memset(object, 1, n_bytes);
        } else {
            CHECK_EQ(bump_arena_used(&arena), used);
        }
        if (i % 20 == 19)
            bump_arena_reset(&arena);
        else if (object && i % 7 == 6 && !bump_arena_resize(&arena, object, n_bytes, 2 * n_bytes))
            CHECK(is_filled(object, n_bytes, 1));
    }
    bump_arena_destroy(&arena);
}

static void plain_arena(void)
{
    arena_script(0);
}

static void chained_arena(void)
{
    arena_script(BUMP_ARENA_CHAIN | BUMP_ARENA_STRICT);
}

static void shared_arena(void)
{
    arena_script(BUMP_ARENA_SHARED);
}

static void strict_shared_arena(void)
{
    arena_script(BUMP_ARENA_SHARED | BUMP_ARENA_STRICT);
}

static void stream(void)
{
    struct bump_region region = {0};
    struct bump_stream stream = {0};
    if (bump_region_create(&region, 2 * MIB, BUMP_PROT_READ_WRITE, 0))
        return;
    CHECK_EQ(bump_stream_open(&stream, &region, BUMP_STREAM_OWN), 0);
    static char block[100000];
    memset(block, 5, sizeof block);
    for (int i = 0; i < 15; i++) {
        size_t length = bump_stream_length(&stream), at = bump_stream_tell(&stream);
        int64_t done = bump_stream_write(&stream, block, sizeof block);
        size_t moved = done < 0 ? 0 : sizeof block;
        CHECK(done == -ENOMEM || done == (int64_t)sizeof block);
        CHECK_EQ(bump_stream_length(&stream), length + moved);
        CHECK_EQ(bump_stream_tell(&stream), at + moved);
    }
    CHECK(is_filled(bump_region_base(&region), bump_stream_length(&stream), 5));
    bump_stream_close(&stream);
}

static char path[64]; // of a file that is there, of so many bytes
enum { FILE_BYTES = 20000 };

// A file that was there before: whatever is refused, its first bytes stay, and it is closed.
static void named_region(void)
{
    struct bump_region region = {0};
    struct stat status;
    REQUIRE(truncate(path, FILE_BYTES) == 0);
    if (bump_region_open(&region, path, 2 * MIB, BUMP_PROT_READ_WRITE, 0)) {
        CHECK_NULL(bump_region_base(&region));
        REQUIRE(stat(path, &status) == 0);
        CHECK(status.st_size >= FILE_BYTES);
        return;
    }
    CHECK_EQ(bump_region_size(&region), FILE_BYTES);
    bump_region_resize(&region, 100000);
    size_t n_bytes = bump_region_size(&region);
    unsigned hits_before = file_hits; // whether a cut mapping goes does not matter
    int code = bump_region_sync(&region);
    CHECK_EQ(code != 0, file_hits > hits_before);
    unsigned armed = nth;
    disarm();
    CHECK(!code || bump_region_sync(&region) == 0);
    CHECK(stat(path, &status) == 0 && (size_t)status.st_size == n_bytes);
    nth = armed;
    hits_before = file_hits;
    code = bump_region_destroy(&region);
    CHECK_EQ(code != 0, file_hits > hits_before);
    CHECK(code || (stat(path, &status) == 0 && (size_t)status.st_size == n_bytes));
}

// A FILE on a stream is there, or is not and says so.
static void stream_file(void)
{
    struct bump_region region = {0};
    struct bump_stream stream = {0};
    FILE *file = NULL;
    if (bump_region_create(&region, MIB, BUMP_PROT_READ_WRITE, 0))
        return;
    CHECK_EQ(bump_stream_open(&stream, &region, BUMP_STREAM_OWN), 0);
    unsigned hits_before = hits;
    int code = bump_stream_file(&stream, "w+", &file);
    CHECK(code == 0 || (code == -ENOMEM && hits > hits_before));
    CHECK_EQ(file == NULL, code != 0);
    if (file)
        CHECK_EQ(fclose(file), 0);
    bump_stream_close(&stream);
}

// What is resident is told, or why not.
static void resident(void)
{
    const struct bump_resident none = {77, 77, 77};
    struct bump_resident told = none;
    void *slot = NULL;
    if (bump_large_alloc(MIB, 0, &slot))
        return;
    memset(slot, 1, MIB);
    unsigned hits_before = hits;
    int code = bump_stats_resident(&told);
    CHECK_EQ(code, hits > hits_before ? -ENOMEM : 0);
    CHECK(code ? !memcmp(&told, &none, sizeof told) : told.slot_bytes >= MIB);
    bump_large_free(slot);
    bump_large_purge(SIZE_MAX);
}

static void written(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    unsigned hits_before = hits;
    int code = bump_stats_write(nowhere, BUMP_STATS_JSON);
    CHECK_EQ(code, hits > hits_before ? -ENOMEM : 0);
    close(nowhere);
}

// One array that grows by an allocator, and shrinks: what it holds stays, whatever is refused.
static void vector_script(struct bump_allocator from)
{
    size_t n_bytes = 100;
    char *vector = bump_allocator_alloc(&from, n_bytes, 16);
    if (!vector)
        return;
    memset(vector, 3, n_bytes);
    for (size_t wanted = 300; wanted < MIB; wanted *= 3) {
        char *moved = bump_allocator_resize(&from, vector, n_bytes, wanted, 16);
        vector = moved ? moved : vector;
        CHECK(is_filled(vector, moved && wanted < n_bytes ? wanted : n_bytes, 3));
        n_bytes = moved ? wanted : n_bytes;
        memset(vector, 3, n_bytes);
        moved = bump_allocator_resize(&from, vector, n_bytes, n_bytes / 2, 16);
        vector = moved ? moved : vector;
        n_bytes = moved ? n_bytes / 2 : n_bytes;
        CHECK(is_filled(vector, n_bytes, 3));
    }
    bump_allocator_free(&from, vector, n_bytes, 16);
}

static void arena_vector(void)
{
    struct bump_arena arena = {0};
    if (bump_arena_create(&arena, 4 * MIB, BUMP_ARENA_CHAIN))
        return;
    vector_script(bump_arena_allocator(&arena));
    bump_arena_destroy(&arena);
}

static void region_vector(void)
{
    struct bump_region region = {0};
    if (bump_region_create(&region, 4 * MIB, BUMP_PROT_READ_WRITE, 0))
        return;
    vector_script(bump_region_allocator(&region));
    bump_region_destroy(&region);
}

static size_t mapped_bytes(void)
{
    static char text[256];
    size_t pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY);
    REQUIRE(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    pages = strtoul(text, NULL, 10);
    close(fd);
    return pages * page_bytes();
}

// The lowest that is free: higher if some are left open.
static int next_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY);
    REQUIRE(descriptor >= 0 && close(descriptor) == 0);
    return descriptor;
}

int main(void)
{
    void (*const scripts[])(void) = {
        plain_region,        strict_region, lax_exact_region, file_region,
        protected_region,    plain_arena,   chained_arena,    shared_arena,
        strict_shared_arena, stream,        arena_vector,     region_vector,
        named_region,        stream_file,   resident,         written,
    };
    snprintf(path, sizeof path, P_tmpdir "/bump-faults-XXXXXX");
    int made = mkstemp(path);
    REQUIRE(made >= 0 && close(made) == 0);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        arm(0, false);
        scripts[i]();
        CHECK(seen > 1);
        size_t before = mapped_bytes();
        int descriptors = next_descriptor();
        bool clean = false;
        for (unsigned n = 1; !clean; n++) {
            unsigned hits_before = hits;
            for (int lasting = 0; lasting < 2; lasting++) {
                arm(0, false);
                bp_os_unmap_owed(); // or it is a call more, and the last is never refused
                arm(n, lasting);
                scripts[i]();
            }
            clean = hits == hits_before;
        }
        arm(0, false);
        bp_os_unmap_owed();
        CHECK_FMT(mapped_bytes() == before, "script %zu left %zu", i, mapped_bytes() - before);
        CHECK_EQ(next_descriptor(), descriptors);
    }
    unlink(path);
    return check_end();
}
