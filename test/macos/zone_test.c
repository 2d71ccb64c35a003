// SPDX-License-Identifier: MIT
// The macOS library in this process: what it interposes, its zone among the others, pointers that
// are not its own, fork. Usage: zone_test DYLIB
#include "check.h"
#include "image.h"
#include "libsystem.h"
#include "prng.h"

#include <pthread.h>
#include <sys/wait.h>

static struct image image;

typedef void *allocates(size_t);
typedef void frees(void *);
typedef void *zone_allocates(void *, size_t);
typedef void zone_frees(void *, void *);
typedef void *resizes(void *, size_t);
typedef void *zone_resizes(void *, void *, size_t);
typedef size_t sizes(const void *);

static struct bp_zone *our_zone(void)
{
    return libsystem_zone_at(0);
}

static void interposes_the_untyped_family_and_zones(void)
{
    static const char *const names[] = {"malloc",
                                        "calloc",
                                        "realloc",
                                        "reallocf",
                                        "valloc",
                                        "free",
                                        "vfree",
                                        "malloc_size",
                                        "malloc_good_size",
                                        "posix_memalign",
                                        "aligned_alloc",
                                        "strdup",
                                        "strndup",
                                        "realpath$DARWIN_EXTSN",
                                        "malloc_default_zone",
                                        "malloc_default_purgeable_zone",
                                        "malloc_zone_malloc",
                                        "malloc_zone_calloc",
                                        "malloc_zone_valloc",
                                        "malloc_zone_memalign",
                                        "malloc_zone_realloc",
                                        "malloc_zone_free",
                                        "malloc_zone_from_ptr",
                                        "malloc_zone_unregister"};
    CHECK_EQ(image.tuple_count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_FMT(image_replacement(&image, libsystem_resolve(names[i])) != NULL, "%s", names[i]);
}

static void zone_is_first_and_complete(void)
{
    struct bp_zone *zone = our_zone();
    CHECK_EQ(libsystem_zone_count(), 3);
    CHECK_STR(zone->zone_name, "bumpalloc");
    CHECK_STR(libsystem_zone_at(1)->zone_name, "system"); // it would own the system's pointers
    CHECK_STR(libsystem_zone_at(2)->zone_name, "purgeable");
    CHECK_EQ(zone->version, BP_ZONE_VERSION);
    CHECK(zone->size && zone->malloc && zone->calloc && zone->valloc && zone->free &&
          zone->realloc && zone->destroy && zone->batch_malloc && zone->batch_free &&
          zone->memalign && zone->free_definite_size && zone->pressure_relief &&
          zone->claimed_address && zone->try_free_default);
    struct bp_zone_introspection *it = zone->introspect;
    CHECK(it->enumerator && it->good_size && it->check && it->print && it->log && it->force_lock &&
          it->force_unlock && it->statistics && it->zone_locked && it->reinit_lock &&
          it->enable_discharge_checking && it->disable_discharge_checking && it->discharge &&
          it->print_task && it->task_statistics);
}

// The reservation is terabytes, and neither start nor fork may pay for its length.
static void costs_few_map_entries(void)
{
    CHECK(libsystem_pieces() < 16);
    CHECK(libsystem_closed_bytes() >= (size_t)1 << 30);
}

static void zone_serves(void)
{
    struct bp_zone *zone = our_zone();
    struct bp_zone_statistics statistics;
    void *batch[8];
    char *p = zone->malloc(zone, 1000);
    CHECK(zone->size(zone, p) >= 1000 && zone->claimed_address(zone, p));
    p = zone->realloc(zone, p, 100000);
    CHECK(zone->size(zone, p) >= 100000);
    zone->introspect->statistics(zone, &statistics);
    CHECK(statistics.size_in_use >= 100000);
    zone->free_definite_size(zone, p, 100000);
    CHECK_ALIGNED(p = zone->memalign(zone, 4096, 10), 4096);
    zone->free(zone, p);
    p = zone->calloc(zone, 100, 10);
    CHECK_EQ(pattern_nonzero(p, 1000), 1000);
    zone->try_free_default(zone, p);
    CHECK_EQ(zone->batch_malloc(zone, 48, batch, 8), 8);
    zone->batch_free(zone, batch, 8);
    CHECK_EQ(zone->introspect->good_size(zone, 33), 48);
    CHECK(zone->introspect->check(zone));
    CHECK_EQ(zone->size(zone, "text"), 0);
    CHECK_EQ(zone->size(zone, &statistics), 0);
    CHECK_EQ(zone->size(zone, NULL), 0);
    CHECK(!zone->claimed_address(zone, &statistics));
    zone->destroy(zone);
    zone->pressure_relief(zone, 0);
}

static void strings_are_ours(void)
{
    char *(*strdup_)(const char *) = image_replacement(&image, libsystem_resolve("strdup"));
    char *(*strndup_)(const char *, size_t) =
        image_replacement(&image, libsystem_resolve("strndup"));
    char *(*realpath_)(const char *, char *) =
        image_replacement(&image, libsystem_resolve("realpath$DARWIN_EXTSN"));
    char *copies[] = {strdup_("a text"), strndup_("a text", 3), realpath_("/usr/..", NULL)};
    static const char *const expected[] = {"a text", "a t", "/"};
    for (int i = 0; i < 3; i++) {
        CHECK_STR(copies[i], expected[i]);
        CHECK(our_zone()->size(our_zone(), copies[i]) > strlen(expected[i]));
        our_zone()->free(our_zone(), copies[i]);
    }
}

static void foreign_pointers_go_to_their_zone(void)
{
    frees *free_ = image_replacement(&image, libsystem_resolve("free"));
    resizes *realloc_ = image_replacement(&image, libsystem_resolve("realloc"));
    sizes *size_ = image_replacement(&image, libsystem_resolve("malloc_size"));
    unsigned before = libsystem_block_count();
    char *p = libsystem_malloc(100);
    memset(p, 'x', 100);
    CHECK_EQ(size_(p), 100);
    p = realloc_(p, 200);
    CHECK(libsystem_owns(p) && p[99] == 'x');
    free_(p);
    CHECK_EQ(libsystem_block_count(), before);
    int nobodys = 0;
    free_(&nobodys); // system libraries do, and count on nothing
    CHECK_EQ(size_(&nobodys), 0);
}

static void zones_are_told_apart(void)
{
    zone_allocates *malloc_ = image_replacement(&image, libsystem_resolve("malloc_zone_malloc"));
    zone_frees *free_ = image_replacement(&image, libsystem_resolve("malloc_zone_free"));
    zone_resizes *realloc_ = image_replacement(&image, libsystem_resolve("malloc_zone_realloc"));
    void *(*from_)(const void *) =
        image_replacement(&image, libsystem_resolve("malloc_zone_from_ptr"));
    void *(*default_)(void) = image_replacement(&image, libsystem_resolve("malloc_default_zone"));
    void *(*virtual_)(void) = libsystem_resolve("malloc_default_zone");
    struct bp_zone *system = libsystem_zone_at(1);
    void *ours = malloc_(virtual_(), 10), *theirs = malloc_(system, 10);
    CHECK_PTR(default_(), our_zone());
    CHECK_PTR(from_(ours), our_zone());
    CHECK_PTR(from_(theirs), system);
    CHECK_PTR(from_("text"), NULL);
    ours = realloc_(system, ours, 5000); // the wrong zone
    CHECK_PTR(from_(ours), our_zone());
    theirs = realloc_(system, theirs, 5000);
    CHECK(libsystem_owns(theirs));
    free_(system, ours);
    free_(system, theirs);
    void (*unregister_)(void *) =
        image_replacement(&image, libsystem_resolve("malloc_zone_unregister"));
    unregister_(our_zone());
    CHECK_EQ(libsystem_zone_count(), 3);
}

static bool stopping;

static void *churn(void *unused)
{
    allocates *malloc_ = image_replacement(&image, libsystem_resolve("malloc"));
    frees *free_ = image_replacement(&image, libsystem_resolve("free"));
    void *kept[64] = {NULL};
    for (unsigned i = 0; !__atomic_load_n(&stopping, __ATOMIC_RELAXED); i++) {
        free_(kept[i % 64]);
        kept[i % 64] = malloc_(i % 50000);
    }
    for (int i = 0; i < 64; i++)
        free_(kept[i]);
    return unused;
}

static int child_allocates(void)
{
    struct bp_zone *zone = our_zone();
    for (size_t i = 0; i < 2000; i++) {
        void *p = zone->malloc(zone, i * 37 % 70000);
        if (!p)
            return 1;
        zone->free(zone, p);
    }
    return zone->introspect->zone_locked(zone);
}

static void fork_among_threads(void)
{
    enum { THREADS = 3, FORKS = 40 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        int status = 0;
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            alarm(60);
            _exit(child_allocates());
        }
        waitpid(child, &status, 0);
        CHECK_FMT(status == 0, "fork %d: wait status 0x%x", i, (unsigned)status);
    }
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(!our_zone()->introspect->zone_locked(our_zone()));
}

int main(int count, char **arguments)
{
    check_begin();
    REQUIRE(count == 2);
    image_load(&image, arguments[1], libsystem_resolve);
    interposes_the_untyped_family_and_zones();
    zone_is_first_and_complete();
    costs_few_map_entries();
    zone_serves();
    strings_are_ours();
    foreign_pointers_go_to_their_zone();
    zones_are_told_apart();
    fork_among_threads();
    return check_end();
}
