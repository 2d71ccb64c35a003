// SPDX-License-Identifier: MIT
// The macOS library with its assertions, whose n-th call of a kind the system refuses: once, and
// from then on. A request then answers NULL and ENOMEM or finds another way, what lives stays
// whole, and all is well when the system is. Each run is a process. Usage: fault_test DYLIB
#include "check.h"
#include "image.h"
#include "libsystem.h"
#include "os/os.h"
#include "prng.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 60, STEPS = 500, RUN_CLEAN = 42, RUNS_MOST = 5000, RUN_SECONDS = 60 };

static struct image image;
static void *(*mac_malloc)(size_t);
static void *(*mac_calloc)(size_t, size_t);
static void *(*mac_realloc)(void *, size_t);
static void (*mac_free)(void *);
static size_t (*mac_purge)(void);

static struct {
    int kind; // -1: any
    unsigned nth;
    bool for_good;
} fault;
static unsigned seen, hits;

static int refuse(enum bp_os_call call)
{
    if (!fault.nth || (fault.kind >= 0 && fault.kind != (int)call))
        return 0;
    unsigned at = __atomic_add_fetch(&seen, 1, __ATOMIC_RELAXED);
    bool due = at == fault.nth || (fault.for_good && at > fault.nth);
    hits += due;
    return due ? ENOMEM : 0;
}

// --- what a program does ---

static struct block {
    unsigned char *at;
    size_t n_bytes;
} blocks[BLOCKS];

static size_t told_bytes(const struct block *it)
{
    return it->n_bytes < 5000 ? it->n_bytes : 5000;
}

static void check_block(const struct block *it)
{
    if (it->at)
        CHECK_EQ(pattern_mismatch(it->at, told_bytes(it), it->n_bytes), told_bytes(it));
}

static void block_begins(struct block *it, void *at, size_t n_bytes)
{
    CHECK_FMT(at || (fault.nth && hits), "%zu bytes are refused", n_bytes);
    if (!at)
        return;
    *it = (struct block){at, n_bytes};
    pattern_fill(it->at, told_bytes(it), n_bytes);
}

static void take(struct block *it, size_t n_bytes, bool zero)
{
    void *at = zero ? mac_calloc(1, n_bytes) : mac_malloc(n_bytes);
    if (at && zero)
        CHECK_EQ(pattern_nonzero(at, n_bytes), n_bytes);
    block_begins(it, at, n_bytes);
}

static void give(struct block *it)
{
    check_block(it);
    mac_free(it->at);
    it->at = NULL;
}

static void resize(struct block *it, size_t n_bytes)
{
    void *at = mac_realloc(it->at, n_bytes);
    if (!at)
        check_block(it);
    size_t told = told_bytes(it);
    if (at && n_bytes >= told)
        CHECK_EQ(pattern_mismatch(at, told, it->n_bytes), told);
    block_begins(it, at, n_bytes);
}

static void mix(uint64_t seed, size_t most_bytes)
{
    struct prng rng = {seed};
    for (int i = 0; i < STEPS; i++) {
        struct block *it = &blocks[prng_below(&rng, BLOCKS)];
        size_t n_bytes = prng_size(&rng, most_bytes) + 1;
        if (!it->at)
            take(it, n_bytes, i % 3 == 0);
        else if (i % 4)
            give(it);
        else
            resize(it, n_bytes);
    }
}

static void *mixes(void *seed)
{
    mix((uintptr_t)seed, 30000);
    return NULL;
}

static void script(void)
{
    pthread_t thread;
    mix(1, 30000);
    mix(2, 3000000);
    mac_purge();
    REQUIRE(pthread_create(&thread, NULL, mixes, (void *)(uintptr_t)3) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    mix(4, 3000000);
    for (int i = 0; i < BLOCKS; i++)
        give(&blocks[i]);
    mac_purge();
}

// --- runs ---

static void hook_install(const struct image *loaded)
{
    int (**hook)(enum bp_os_call) =
        (int (**)(enum bp_os_call))image_symbol(loaded, "bp_os_fault_hook");
    REQUIRE(hook != NULL);
    *hook = refuse;
}

static void load(const char *dylib)
{
    image_before_constructors = hook_install;
    image_load(&image, dylib, libsystem_resolve);
    *(void **)&mac_malloc = image_replacement(&image, libsystem_resolve("malloc"));
    *(void **)&mac_calloc = image_replacement(&image, libsystem_resolve("calloc"));
    *(void **)&mac_realloc = image_replacement(&image, libsystem_resolve("realloc"));
    *(void **)&mac_free = image_replacement(&image, libsystem_resolve("free"));
    *(void **)&mac_purge = image_symbol(&image, "bump_purge");
    REQUIRE(mac_malloc && mac_calloc && mac_realloc && mac_free && mac_purge);
}

static int run_here(const char *dylib)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(RUN_SECONDS);
    load(dylib);
    script();
    unsigned hit = hits;
    fault.nth = 0;
    script();
    return check_failures ? CHECK_FAIL : hit ? CHECK_PASS : RUN_CLEAN;
}

// All n until a run is clean, with gaps between large ones; how many runs.
static unsigned run_all_n(const char *dylib)
{
    unsigned runs = 0;
    int status = 0;
    for (fault.nth = 1; runs < RUNS_MOST; fault.nth += runs < 6 ? 1 : runs / 2) {
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0)
            _exit(run_here(dylib));
        REQUIRE(waitpid(child, &status, 0) == child);
        runs++;
        if (WIFEXITED(status) && WEXITSTATUS(status) == RUN_CLEAN)
            return runs;
        CHECK_FMT(status == 0, "kind %d, n %u, %s: wait status 0x%x", fault.kind, fault.nth,
                  fault.for_good ? "for good" : "once", (unsigned)status);
        if (status)
            return runs;
    }
    return runs;
}

int main(int argc, char **argv)
{
    unsigned runs[BP_OS_CALL_COUNT + 1] = {0};
    REQUIRE(argc == 2);
    check_begin();
    for (fault.kind = -1; fault.kind < BP_OS_CALL_COUNT; fault.kind++) {
        for (int way = 0; way < 2; way++) {
            fault.for_good = way;
            runs[fault.kind + 1] += run_all_n(argv[1]);
        }
    }
    CHECK(runs[BP_OS_THREAD + 1] > 2 && runs[BP_OS_ASK + 1] > 2);
    CHECK(runs[BP_OS_COMMIT + 1] > 6 || runs[BP_OS_MAP + 1] > 6);
    return check_end();
}
