// SPDX-License-Identifier: MIT
// Opens a library that is found by this one's RUNPATH alone.
#include "opener.h"

#include <dlfcn.h>

void *open_deep(const char *name)
{
    void *volatile handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND); // no tail call
    return handle;
}
