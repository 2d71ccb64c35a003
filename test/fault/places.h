// SPDX-License-Identifier: MIT
// Where each small object is: in use, free in its span, in a magazine of a depot or a heap, or
// ahead of a run's cursor; and in one of these places alone.
#ifndef FAULT_PLACES_H
#define FAULT_PLACES_H

#include <stdint.h>

// What an object can be.
enum place {
    PLACE_BLOCK,    // in use: the scripts' own
    PLACE_CHAIN,    // free, in its span
    PLACE_FRESH,    // never used, in a run that no heap has
    PLACE_MAGAZINE, // in a depot's
    PLACE_BIN,      // in a heap's: its own bin
    PLACE_SPARE,
    PLACE_STRAY,
    PLACE_RUN,
    PLACE_COUNTED, // in a counted heap's bin, or hidden behind it
    PLACE_OVERFLOW_BLOCK,
    PLACE_OVERFLOW_CHAIN,
    PLACE_OVERFLOW_FRESH,
    PLACE_COUNT,
};
extern const char *const place_names[PLACE_COUNT];

// For one look at all of them.
void places_begin(void);
// The object is an object of the class, and was found nowhere else.
void place_note(enum place place, const void *object, unsigned class_index);
// So many from there on, one behind the other.
void places_note_run(enum place place, const char *from, const char *until, unsigned class_index);
// The same for who knows of the object otherwise.
void place_count(enum place place);
// Those of depots, heaps and the scripts' blocks; the chains are as long as they count.
void places_note_all(void);
void places_end(void);

// A bit for each place that objects were seen in since this was called last.
uint32_t places_take_seen(void);

#endif
