// SPDX-License-Identifier: MIT
// bumprun: runs programs under libbumpalloc, and looks into those that run under it.
#include "bumprun.h"

#include "bumpalloc/bumpalloc.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

// One row a subcommand; a program of that name is run by `bumprun -- NAME`.
static const struct command commands[] = {
    {"compare", compare_main, "[options] PROGRAM [ARGS...]",
     "does it help? time and memory under each installed allocator"},
    {"stat", stat_main, "[options] PID", "what holds the memory of a process, as a live table"},
    {"dump", dump_main, "[options] PID", "all statistics of a process"},
    {"profile", profile_main, "[options] PID|FILE",
     "where it allocates: tables, flame graphs, pprof"},
    {"map", map_main, "[options] PID", "what the heap looks like, as a picture"},
    {"trim", trim_main, "[options] PID", "a process gives its free memory back"},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void usage(FILE *stream)
{
    fputs("usage: bumprun [options] PROGRAM [ARGS...]     runs it under libbumpalloc\n", stream);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "       bumprun %-8s%-28s%s\n", commands[i].name, commands[i].arguments,
                commands[i].meaning);
    fputs("\n"
          "  --help            this text; after a subcommand, that one's\n"
          "  --version         the version\n"
          "  --options         the library's options, with defaults and meanings\n"
          "  --library PATH    the library to preload, instead of the one beside bumprun\n"
          "  --secure          preload libbumpalloc-secure, which stands beside it\n"
          "  --force           run a program, too, that will not call the library\n"
          "  --NAME[=VALUE]    an option of the library, as below; -- ends them\n"
          "\n",
          stream);
    options_print(stream);
}

static int inform(const char *word)
{
    if (strcmp(word, "--version") == 0)
        return printf("bumprun %s\n", BUMP_VERSION) < 0;
    if (strcmp(word, "--options") == 0)
        options_list(stdout);
    else
        usage(stdout);
    return EXIT_DONE;
}

// What was printed last may only now meet a full disk, or that there is nowhere to print to.
static int finish(int status)
{
    if ((fflush(stdout) || ferror(stdout)) && status == EXIT_DONE)
        die(EXIT_FAILED, "stdout: cannot be written");
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--options") == 0)
        return finish(inform(argv[1]));
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish(commands[i].main(argc - 1, argv + 1));
    }
    return run_main(argc, argv);
}
