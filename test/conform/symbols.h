// SPDX-License-Identifier: MIT
// Symbols that the system may lack; under the library the lack of one is a failure.
#ifndef TEST_SYMBOLS_H
#define TEST_SYMBOLS_H

#include "conform.h"

#include <link.h>

// Does the address belong to the object that defines bump_version?
static inline bool symbol_is_ours(const void *address)
{
    Dl_info ours, theirs;
    void *version = dlsym(RTLD_DEFAULT, "bump_version");
    return version && dladdr(version, &ours) && dladdr(address, &theirs) &&
           ours.dli_fbase == theirs.dli_fbase;
}

// The symbol as programs see it. NULL only where the system's allocator is on trial.
static inline void *symbol(const char *name)
{
    void *address = dlsym(RTLD_DEFAULT, name);
    if (check_library())
        CHECK_FMT(address && symbol_is_ours(address), "%s must come from the library", name);
    return address;
}

#endif
