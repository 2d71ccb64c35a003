// SPDX-License-Identifier: MIT
// bumprun [options] PROGRAM ARGS. bumprun becomes the program, so signals, exit status and process
// number are the program's own.
#define _GNU_SOURCE
#include "bumprun.h"
#include "library.h"
#include "options.h"
#include "program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct run {
    const char *library;
    int forced, secure;
};

// Where the program's name stands; argc if there is none.
static int take_flags(int argc, char **argv, struct run *run)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *value;
        if (strcmp(argv[at], "--") == 0)
            return at + 1;
        if (strcmp(argv[at], "--force") == 0)
            run->forced = 1;
        else if (strcmp(argv[at], "--secure") == 0)
            run->secure = 1;
        else if ((value = flag_value(argc, argv, &at, "--library")))
            run->library = value;
        else if (!options_take(argc, argv, &at))
            die(EXIT_USAGE, "%s: no such option (bumprun --help)", argv[at]);
    }
    return at;
}

int run_main(int argc, char **argv)
{
    struct run run = {NULL, 0, 0};
    struct program program;
    char library[PATH_MAX];
    int at = take_flags(argc, argv, &run);
    if (at >= argc)
        die(EXIT_USAGE, "no program to run (bumprun --help)");
    program_look(argv[at], &program);
    program_judge(&program, run.forced);
    library_find(run.library, library);
    if (run.secure)
        library_secure(library);
    if (!library_preload(library))
        die(EXIT_CANNOT, "the loader cannot read a path with a space or colon: %s", library);
    execvp(program.path, argv + at); // it has a slash: nothing is searched
    int status = errno == ENOENT ? EXIT_NO_FILE : EXIT_NO_EXEC;
    die(status, "%s: %s", program.path, strerror(errno));
}
