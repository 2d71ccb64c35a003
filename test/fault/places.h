// SPDX-License-Identifier: MIT
// Where each small object is: in use, free in its span, in a magazine of a depot or a heap, or
// ahead of a run's cursor; and in one of these places alone.
#ifndef FAULT_PLACES_H
#define FAULT_PLACES_H

#include <stdint.h>

// For one look at all of them.
void places_begin(void);
// The object is an object of the class, and was found nowhere else.
void place_note(const void *object, unsigned class_index);
// So many from there on, one behind the other.
void places_note_run(const char *from, const char *until, unsigned class_index);
// Those of depots, heaps and the scripts' blocks; the chains are as long as they count.
void places_note_all(void);
void places_end(void);

#endif
