// SPDX-License-Identifier: MIT
// A program of the MSVC ABI. Exit status: 0 all is well, 2 nothing is routed to the library (and
// all still works), otherwise the number of the check that failed.
#include <string.h>
#include <windows.h>

#include "runtime.h"

#include <bumpalloc/bumpalloc.h>

RUNTIME void *malloc(size_t n_bytes);
RUNTIME void free(void *pointer);
RUNTIME void *calloc(size_t count, size_t n_bytes);
RUNTIME void *realloc(void *pointer, size_t n_bytes);
RUNTIME size_t _msize(void *pointer);
RUNTIME void *_recalloc(void *pointer, size_t count, size_t n_bytes);
RUNTIME void *_aligned_malloc(size_t n_bytes, size_t align);
RUNTIME void _aligned_free(void *pointer);
RUNTIME char *_strdup(const char *text);
#if defined(_DLL)
RUNTIME char *_getcwd(char *buffer, int n_bytes);
#else
API void *HeapAlloc(HANDLE, DWORD, SIZE_T);
void *crt_buffer(size_t n_bytes);
#endif
API DWORD WaitForSingleObject(HANDLE, DWORD);

static int check_number = 10;
#define CHECK(truth)                                                                               \
    do {                                                                                           \
        check_number++;                                                                            \
        if (!(truth))                                                                              \
            return check_number;                                                                   \
    } while (0)

static DWORD work(void *bad)
{
    for (size_t i = 1; i < 5000; i++) {
        char *p = malloc(i * 13 % 70000 + 1);
        p[0] = 1;
        p = realloc(p, i * 29 % 70000 + 1);
        *(int *)bad += p[0] != 1;
        free(p);
    }
    return 0;
}

static int foreign(void)
{
#if defined(_DLL)
    char *folder = _getcwd(NULL, 0);
    CHECK(folder && !bump_owns(folder));
    CHECK(_msize(folder) > strlen(folder));
    free(folder);
#else
    char *p = HeapAlloc(GetProcessHeap(), 0, 100);
    p[99] = 7;
    CHECK(_msize(p) == 100);
    p = realloc(p, 200);
    CHECK(p[99] == 7);
    free(p);
    p = crt_buffer(100);
    CHECK(bump_owns(p));
    free(p);
#endif
    return 0;
}

static int routed(void)
{
    int bad = 0;
    char *p = calloc(3, 100);
    CHECK(bump_owns(p) && p[299] == 0);
    p = _recalloc(p, 5, 100);
    CHECK(bump_owns(p) && p[499] == 0 && _msize(p) >= 500);
    free(p);
    p = _strdup("text");
    CHECK(bump_owns(p) && strcmp(p, "text") == 0);
    free(p);
    p = _aligned_malloc(1000, 4096);
    CHECK(bump_owns(p) && ((size_t)p & 4095) == 0);
    _aligned_free(p);
    for (int i = 0; i < 20; i++) {
        HANDLE thread = CreateThread(NULL, 0, work, &bad, 0, NULL);
        CHECK(thread && WaitForSingleObject(thread, 30000) == 0);
        CloseHandle(thread);
    }
    CHECK(!bad);
    return foreign();
}

int main(void)
{
    char *p = malloc(100);
    int ours = bump_owns(p);
    if (!p || (memset(p, 1, 100), p[99] != 1))
        return 1;
    free(p);
    return ours ? routed() : 2;
}
