// SPDX-License-Identifier: MIT
// Windows: how a heap that is not counted (thread/counted.h) comes by an object to guard now and
// then, at no cost in between. Invariants:
//  1. A window is open for one class of a heap at a time, or none. While it is, malloc's keys of
//     that class alone lead to its counted bin, which is filled with as many objects, at random, as
//     go before the one that is guarded; then it is closed. So the object is any of those that
//     follow, also one that lives for a moment.
//  2. A window is opened by a slow path of the class, after slow paths for `guard_every` objects.
//     How many objects went between two, freed and taken again without leaving the hot path, is
//     not known, which is why it costs nothing. It is estimated: by the time since the last one,
//     but not less than the magazine that this one is about, nor more than 32 of them.
//  3. A window of a class that nobody needs any more is closed when others want it.
// The owner's alone.
#ifndef BP_THREAD_WINDOW_H
#define BP_THREAD_WINDOW_H

#include "thread/heap.h"

enum { BP_WINDOW_OBJECTS = 64 };

// Once for each small object that comes the slow way: is it to be guarded? May open a window, so
// that it comes from there.
bool bp_window_is_due(struct bp_heap *heap, unsigned class_index);
// What the window holds goes back.
void bp_window_close(struct bp_heap *heap);

#endif
