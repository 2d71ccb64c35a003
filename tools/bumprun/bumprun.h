// SPDX-License-Identifier: MIT
// What the files of bumprun share: the subcommands, and how it speaks. Subcommands return the exit
// status. Messages go to stderr as "bumprun: ..."; results go to stdout.
#ifndef BUMPRUN_H
#define BUMPRUN_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PENDING = 3,   // a request that the process has not seen yet
    EXIT_CANNOT = 125,  // the program cannot be preloaded, or bumprun cannot start it
    EXIT_NO_EXEC = 126, // as a shell's
    EXIT_NO_FILE = 127,
};

struct command {
    const char *name;
    int (*main)(int argc, char **argv); // argv[0] is the subcommand
    const char *arguments;
    const char *meaning;
};

int run_main(int argc, char **argv); // no subcommand: [options] PROGRAM ARGS
int compare_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int dump_main(int argc, char **argv);
int profile_main(int argc, char **argv);
int map_main(int argc, char **argv);
int trim_main(int argc, char **argv);

// Prints "bumprun: " and a line.
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
__attribute__((noreturn, format(printf, 2, 3))) void die(int status, const char *format, ...);

// If argv[*at] is --NAME VALUE or --NAME=VALUE, its value, and *at stands on the last word of it.
const char *flag_value(int argc, char **argv, int *at, const char *name);
// A whole number of the range, or a line and EXIT_USAGE.
long number_of(const char *text, const char *what, long least, long most);
double seconds_of(const char *text, const char *what);

// "12.3M", at most 6 characters.
struct human {
    char text[12];
};
struct human human_bytes(double n_bytes);

// Allocates, or ends the program.
void *allocate(size_t n_bytes);

#endif
