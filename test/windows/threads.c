// SPDX-License-Identifier: MIT
// The ends of threads and of the process: what is freed before the library's own teardown, after
// it, before the C runtime is up, and by functions that run at exit.
#include "check.h"

#include "api/stats.h"
#include "bumpalloc/bumpalloc.h"
#include "thread/registry.h"

#include <process.h>
#include <windows.h>

enum { ROUNDS = 200, BLOCKS = 500 };

static size_t used_bytes(void)
{
    static struct bp_stats stats;
    bp_stats_gather(&stats);
    return stats.used_bytes;
}

// --- around everyone's start and end: the loader calls these in the order of their sections ---

static void *before_runtime; // allocated when the runtime was not up
static LONG before_teardown, after_teardown;

static void work(void)
{
    void *p = malloc(1000), *large = malloc(200000);
    if (p && large && bump_owns(p) && bump_owns(large))
        memset(large, 1, 200000);
    else
        abort();
    free(p);
    free(large);
}

static void NTAPI first(void *image, DWORD reason, void *reserved)
{
    (void)image, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        before_runtime = malloc(123);
    work();
    if (reason == DLL_THREAD_DETACH)
        InterlockedIncrement(&before_teardown);
}

// Behind the library's .CRT$XLY.
static void NTAPI last(void *image, DWORD reason, void *reserved)
{
    (void)image, (void)reserved;
    if (reason != DLL_THREAD_DETACH)
        return;
    if (bp_heap_tls != &bp_heap_ended)
        abort();
    work();
    if (bp_heap_tls != &bp_heap_ended)
        abort();
    InterlockedIncrement(&after_teardown);
}

__attribute__((section(".CRT$XLA1"), used)) static const PIMAGE_TLS_CALLBACK at_first = first;
__attribute__((section(".CRT$XLYZ"), used)) static const PIMAGE_TLS_CALLBACK at_last = last;

__attribute__((constructor)) static void constructed(void)
{
    work();
}

__attribute__((destructor)) static void destructed(void)
{
    work();
}

static void before_the_runtime(void)
{
    CHECK(before_runtime && bump_owns(before_runtime));
    free(before_runtime);
    CHECK(atexit(work) == 0);
}

// --- threads that come and go ---

static void *handed[BLOCKS];

static unsigned __stdcall allocates(void *argument)
{
    (void)argument;
    for (int i = 0; i < BLOCKS; i++) {
        handed[i] = malloc((size_t)i * 7 + 1);
        if (handed[i])
            memset(handed[i], 1, (size_t)i * 7 + 1);
    }
    return 0;
}

static DWORD WINAPI frees(void *argument)
{
    (void)argument;
    for (int i = 0; i < BLOCKS; i++)
        free(handed[i]);
    ExitThread(0);
}

static void join(HANDLE thread)
{
    REQUIRE(thread != NULL);
    CHECK_EQ(WaitForSingleObject(thread, 30000), WAIT_OBJECT_0);
    CloseHandle(thread);
}

static void come_and_go(void)
{
    join((HANDLE)_beginthreadex(NULL, 0, allocates, NULL, 0, NULL));
    join(CreateThread(NULL, 0, frees, NULL, 0, NULL));
    size_t used = used_bytes();
    uint32_t records = bp_registry_count();
    LONG before = before_teardown;
    for (int i = 0; i < ROUNDS; i++) {
        join((HANDLE)_beginthreadex(NULL, 0, allocates, NULL, 0, NULL));
        join(CreateThread(NULL, 0, frees, NULL, 0, NULL));
    }
    CHECK_EQ(used_bytes(), used);
    CHECK_FMT(bp_registry_count() <= records + 2, "%u heaps before, %u after", records,
              bp_registry_count());
    CHECK_EQ(before_teardown - before, 2 * ROUNDS);
    CHECK_EQ(after_teardown, before_teardown);
}

CHECK_MAIN(before_the_runtime, come_and_go)
