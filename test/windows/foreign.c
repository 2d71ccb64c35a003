// SPDX-License-Identifier: MIT
// Functions of the C runtime that return memory for the caller to free. Whoever's it is, free has
// to find that out: nothing of ours is lost, and the runtime's heap stays sound and does not grow.
#define _GNU_SOURCE
#include "check.h"

#include "api/stats.h"
#include "bumpalloc/bumpalloc.h"

#include <direct.h>
#include <intrin.h>
#include <malloc.h>
#include <mbstring.h>
#include <wchar.h>
#include <windows.h>

enum { ROUNDS = 300 };

static size_t used_bytes(void)
{
    static struct bp_stats stats;
    bp_stats_gather(&stats);
    return stats.used_bytes;
}

// What all heaps of the process hold that are not ours.
static size_t foreign_bytes(void)
{
    HANDLE heaps[64];
    DWORD count = GetProcessHeaps(64, heaps);
    size_t total = 0;
    for (DWORD i = 0; i < count && i < 64; i++) {
        PROCESS_HEAP_ENTRY entry = {.lpData = NULL};
        CHECK(HeapValidate(heaps[i], 0, NULL));
        while (HeapWalk(heaps[i], &entry))
            total += entry.wFlags & PROCESS_HEAP_ENTRY_BUSY ? entry.cbData : 0;
    }
    return total;
}

static int foreign_count;

static void *seen(void *p)
{
    REQUIRE(p != NULL);
    foreign_count += !bump_owns(p);
    CHECK(_msize(p) > 0);
    return p;
}

static char *printed(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    CHECK(vasprintf(&text, format, args) > 0);
    va_end(args);
    return text;
}

static void every_function(void)
{
    free(seen(_getcwd(NULL, 0)));
    free(seen(_wgetcwd(NULL, 0)));
    free(seen(_fullpath(NULL, "x\\y", 0)));
    free(seen(_wfullpath(NULL, L"x\\y", 0)));
    free(seen(getcwd(NULL, 0)));
    free(seen(_getdcwd(0, NULL, 0)));
    free(seen(_wgetdcwd(0, NULL, 0)));
    free(seen(tempnam(NULL, "bump")));
    free(seen(_mbsdup((const unsigned char *)"text")));
    free(seen(_tempnam(NULL, "bump")));
    free(seen(_wtempnam(NULL, L"bump")));
    free(seen(printed("%d bytes", 1234)));
    char *text = seen(_getcwd(NULL, 0));
    size_t length = strlen(text);
    text = realloc(text, 100000); // by the runtime, or into ours
    CHECK_EQ(strlen(text), length);
    free(text);
#if defined(_UCRT)
    size_t count;
    if (_dupenv_s(&text, &count, "PATH") == 0 && text)
        free(seen(text));
    wchar_t *wide;
    if (_wdupenv_s(&wide, &count, L"PATH") == 0 && wide)
        free(seen(wide));
#endif
    void *inside =
        __mingw_aligned_malloc(1000, 256); // of a block that mingw's code has from malloc
    CHECK(bump_owns(inside));
    __mingw_aligned_free(inside);
    inside = _mm_malloc(1000, 256);
    CHECK(bump_owns(inside));
    _mm_free(inside);
}

static void nothing_is_lost(void)
{
    every_function(); // what the runtime keeps for itself after the first call
    foreign_count = 0;
    size_t used = used_bytes(), foreign = foreign_bytes();
    for (int i = 0; i < ROUNDS; i++)
        every_function();
    CHECK_EQ(used_bytes(), used);
    CHECK_EQ(foreign_bytes(), foreign);
    CHECK_FMT(foreign_count >= ROUNDS, "only %d were foreign: no test of foreign blocks",
              foreign_count);
}

// argv and environ of the C runtime's startup code, if it is ours, must be freed by nobody.
static void streams_work(void)
{
    FILE *file = tmpfile();
    REQUIRE(file != NULL);
    for (int i = 0; i < 10000; i++)
        fprintf(file, "%d\n", i);
    rewind(file);
    int sum = 0, value;
    while (fscanf(file, "%d", &value) == 1)
        sum += value;
    CHECK_EQ(sum, 49995000);
    fclose(file);
}

CHECK_MAIN(nothing_is_lost, streams_work)
