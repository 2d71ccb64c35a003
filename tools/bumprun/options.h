// SPDX-License-Identifier: MIT
// The library's own table of options (core/options.h) as flags of bumprun: BUMPALLOC_PURGE_FLOOR
// is --purge-floor. Values are checked as the library would check them.
#ifndef BUMPRUN_OPTIONS_H
#define BUMPRUN_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

// The flags, with their meanings, for --help.
void options_print(FILE *stream);
// The table, tab by tab: variable, flag, values, default, meaning.
void options_list(FILE *stream);
// If argv[*at] is a flag of the table: puts its variable into the environment, and *at stands on
// the last word of it. False: it is none. A bad value ends the program.
bool options_take(int argc, char **argv, int *at);

#endif
