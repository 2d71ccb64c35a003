// SPDX-License-Identifier: MIT
// What a program is, and whether a preloaded library reaches it.
#ifndef BUMPRUN_PROGRAM_H
#define BUMPRUN_PROGRAM_H

#include <limits.h>

enum program_verdict {
    PROGRAM_FINE,
    PROGRAM_DOUBTFUL, // it runs with the library, but will hardly call it
    PROGRAM_CANNOT,   // the loader will not load it, or there is no loader
};

struct program {
    char path[PATH_MAX];        // found along PATH
    char interpreter[PATH_MAX]; // of a script: what is judged; else empty
    enum program_verdict verdict;
    char why[256];
};

// Finds and judges a program; ends bumprun as a shell does if there is none.
void program_look(const char *name, struct program *ret_program);
// Says why, if there is a reason; a program that cannot be reached ends bumprun unless forced.
void program_judge(const struct program *program, int forced);

#endif
