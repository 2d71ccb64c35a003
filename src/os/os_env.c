// SPDX-License-Identifier: MIT
#include "os/os.h"

#include <string.h>

const char *bp_os_env(const char *name)
{
    size_t length = strlen(name);
    unsigned cursor = 0;
    const char *entry;
    while ((entry = bp_os_env_next(name, &cursor))) {
        if (entry[length] == '=')
            return entry + length + 1;
    }
    return NULL;
}
