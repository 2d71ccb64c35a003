// SPDX-License-Identifier: MIT
#include "across.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void *of_constructor;

__attribute__((constructor)) static void construct(void)
{
    of_constructor = malloc(5000);
    if (of_constructor)
        memset(of_constructor, 1, 5000);
}

__attribute__((destructor)) static void destruct(void)
{
    free(of_constructor);
}

static void *across_malloc(size_t size)
{
    return malloc(size);
}

static void *across_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

static void *across_realloc(void *p, size_t size)
{
    return realloc(p, size);
}

static void *across_memalign(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

static void across_free(void *p)
{
    free(p);
}

static char *across_copy_text(const char *text)
{
    return strdup(text);
}

static void *across_malloc_address(void)
{
    return (void *)malloc;
}

const struct across across_table = {
    across_malloc, across_calloc,    across_realloc,        across_memalign,
    across_free,   across_copy_text, across_malloc_address,
};
