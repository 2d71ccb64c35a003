// SPDX-License-Identifier: MIT
// A picture of what a process's reservation holds: every chunk, and every slot.
#ifndef BUMPRUN_MAP_H
#define BUMPRUN_MAP_H

#include "target.h"

// False: the process has ended.
bool map_draw(const struct target *target, const char *path);

#endif
