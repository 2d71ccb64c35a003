// SPDX-License-Identifier: MIT
// The allocator itself is loaded into a program that runs already, used beside the program's
// own malloc, and closed again while threads that used it still live.
// Usage: dlopen_self LIBBUMPALLOC
#include "life.h"

#include <pthread.h>

enum { THREADS = 4 };

struct allocator {
    void *(*malloc)(size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
};

static struct allocator ours;
static pthread_barrier_t used, closed;

static void *find(void *handle, const char *name)
{
    void *address = dlsym(handle, name);
    CHECK_FMT(address != NULL, "%s", name);
    REQUIRE(address != NULL);
    return address;
}

static void find_all(void *handle)
{
    ours.malloc = (void *(*)(size_t))find(handle, "malloc");
    ours.realloc = (void *(*)(void *, size_t))find(handle, "realloc");
    ours.free = (void (*)(void *))find(handle, "free");
}

static void use(uint64_t seed)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        struct life_block b = {ours.malloc(life_sizes[i]), life_sizes[i], seed};
        REQUIRE(b.start != NULL);
        life_fill(&b);
        b.start = ours.realloc(b.start, b.size * 2);
        REQUIRE(b.start != NULL);
        size_t part = b.size < LIFE_PART ? b.size : LIFE_PART;
        CHECK_EQ(pattern_mismatch(b.start + b.size - part, part, seed), part);
        ours.free(b.start);
    }
}

// Mixed up: what the program's malloc handed out, the library takes as well.
static void free_foreign(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        struct life_block b;
        life_alloc(&b, life_sizes[i], i);
        life_intact(&b);
        ours.free(b.start);
    }
}

static void *run_thread(void *seed)
{
    use((uintptr_t)seed);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    life_workload((uintptr_t)seed, 1);
    return NULL; // the library's end-of-thread hook runs after dlclose
}

static void start_threads(pthread_t *threads)
{
    pthread_barrier_init(&used, NULL, THREADS + 1);
    pthread_barrier_init(&closed, NULL, THREADS + 1);
    for (long i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_thread, (void *)(i + 1)) == 0);
    pthread_barrier_wait(&used);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    check_begin();
    REQUIRE(argc == 2);
    life_watchdog(30);
    life_workload(1, 2);
    void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        check_print("%s", dlerror());
    REQUIRE(handle != NULL);
    CHECK_NOT_NULL(dlsym(handle, "bump_version"));
    find_all(handle);
    use(2);
    free_foreign();
    start_threads(threads);
    CHECK_EQ(dlclose(handle), 0);
    pthread_barrier_wait(&closed);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    life_workload(3, 2);
    return check_end();
}
