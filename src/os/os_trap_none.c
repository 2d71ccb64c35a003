// SPDX-License-Identifier: MIT
#include "os/os_trap.h"

#include <errno.h>

int bp_os_trap_install(void (*seen)(const struct bp_os_trap *trap))
{
    (void)seen;
    return ENOSYS;
}
