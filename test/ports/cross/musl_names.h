// SPDX-License-Identifier: MIT
// Included before each test that is built for musl: what glibc declares and musl does not. The
// functions are the preloaded library's; on_exit is given the one use that the tests make of it.
#ifndef MUSL_NAMES_H
#define MUSL_NAMES_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME(name, type) (__extension__(type) dlsym(RTLD_DEFAULT, #name))
#define malloc_trim      NAME(malloc_trim, int (*)(size_t))
#define malloc_stats     NAME(malloc_stats, void (*)(void))
#define malloc_info      NAME(malloc_info, int (*)(int, FILE *))
#define pvalloc          NAME(pvalloc, void *(*)(size_t))

static void (*at_exit_function)(int, void *);
static void *at_exit_argument;

static inline void at_exit_call(void)
{
    at_exit_function(0, at_exit_argument);
}

static inline int on_exit(void (*function)(int, void *), void *argument)
{
    at_exit_function = function;
    at_exit_argument = argument;
    return atexit(at_exit_call);
}

#endif
