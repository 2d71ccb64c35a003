// SPDX-License-Identifier: MIT
// Stacks as a flame graph (Brendan Gregg, "The Flame Graph", 2016): callers below, what they called
// above them, as wide as the bytes that come from there. A click on a frame widens it.
#ifndef BUMPRUN_FLAME_H
#define BUMPRUN_FLAME_H

#include "heap_profile.h"

void flame_draw(struct heap_profile *profile, int type, const char *path, const char *title);

#endif
