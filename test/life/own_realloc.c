// SPDX-License-Identifier: MIT
// A program with a malloc of its own that has the four names of C89 and no more. reallocarray is
// the library's (or the C library's) then, and has to be made of the program's realloc, since its
// free gets what comes of it.
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(16) char pool[16 << 20];
static size_t used;
static long n_live;

static bool is_of_pool(const void *object)
{
    return (const char *)object >= pool && (const char *)object < pool + sizeof(pool);
}

// 16 bytes in front of an object are its size.
void *malloc(size_t n_bytes)
{
    if (n_bytes > sizeof(pool) - used - 32) {
        errno = ENOMEM;
        return NULL;
    }
    char *start = pool + used;
    memcpy(start, &n_bytes, sizeof(n_bytes));
    used += 16 + (n_bytes + 15) / 16 * 16;
    n_live++;
    return start + 16;
}

void free(void *object)
{
    if (!object)
        return;
    if (!is_of_pool(object))
        abort();
    n_live--;
}

void *calloc(size_t count, size_t n_bytes)
{
    return malloc(count * n_bytes); // nothing is used twice
}

void *realloc(void *object, size_t n_bytes)
{
    size_t had = 0;
    void *moved = malloc(n_bytes);
    if (!object || !moved)
        return moved;
    memcpy(&had, (char *)object - 16, sizeof(had));
    memcpy(moved, object, had < n_bytes ? had : n_bytes);
    free(object);
    return moved;
}

static void test_same_pool(void)
{
    long before = n_live;
    char *text = reallocarray(NULL, 10, 10);
    REQUIRE(text != NULL);
    CHECK(is_of_pool(text));
    strcpy(text, "of the pool");
    text = reallocarray(text, 1000, 10);
    REQUIRE(text != NULL);
    CHECK(is_of_pool(text));
    CHECK_STR(text, "of the pool");
    free(text);
    CHECK_FMT(n_live == before, "%ld", n_live);
}

static void test_overflow(void)
{
    void *volatile object = malloc(10); // volatile: a compiler warns of what is tested here
    volatile size_t count = SIZE_MAX / 2;
    errno = 0;
    CHECK(reallocarray(object, count, 3) == NULL);
    CHECK_FMT(errno == ENOMEM, "%d", errno);
    free(object);
}

int main(void)
{
    check_begin();
    test_same_pool();
    test_overflow();
    return check_end();
}
