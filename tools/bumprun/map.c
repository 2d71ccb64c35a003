// SPDX-License-Identifier: MIT
// bumprun map: the picture of a live process's heap, or of a program's when it ends.
#define _GNU_SOURCE
#include "map.h"

#include "bumprun.h"
#include "library.h"
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: bumprun map [-o FILE] PID\n"
    "       bumprun map --at-exit [-o FILE] PROGRAM [ARGS...]\n"
    "\n"
    "Draws what holds a process's memory: every chunk and slot, what is in use, free, dirty and\n"
    "resident. The process is not stopped. The second form runs a program under the library, and\n"
    "draws what is left when it ends; its exit status is passed on.\n"
    "\n"
    "  --at-exit         run a program, and draw it when it ends\n"
    "  -o FILE           .svg or .html, for any browser (heap.svg)\n"
    "  --library PATH    the library to preload, instead of the one beside bumprun\n"
    "  --help            this text\n";

// --- at exit ---

static pid_t start_traced(char **argv, const char *library)
{
    pid_t child = fork();
    if (child < 0)
        die(EXIT_CANNOT, "fork: %s", strerror(errno));
    if (child > 0)
        return child;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        die(EXIT_CANNOT, "may not trace: %s", strerror(errno));
    raise(SIGSTOP);
    library_preload(library);
    execvp(argv[0], argv);
    die(errno == ENOENT ? EXIT_NO_FILE : EXIT_NO_EXEC, "%s: %s", argv[0], strerror(errno));
}

static void draw_at_end(pid_t child, const char *path)
{
    struct target target;
    char pid_text[24];
    snprintf(pid_text, sizeof(pid_text), "%d", (int)child);
    target_find(pid_text, &target);
    map_draw(&target, path);
}

// Passes signals on, but for those that tracing itself makes, until the program ends.
static int follow(pid_t child, const char *path)
{
    int status, sent = 0;
    bool exec_seen = false;
    while (waitpid(child, &status, 0) == child) {
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            return 128 + WTERMSIG(status);
        sent = WSTOPSIG(status);
        if (status >> 16 == PTRACE_EVENT_EXIT)
            draw_at_end(child, path);
        if (status >> 16 || (sent == SIGTRAP && !exec_seen))
            sent = 0;
        exec_seen = true;
        ptrace(PTRACE_CONT, child, NULL, (void *)(intptr_t)sent);
    }
    return EXIT_FAILED;
}

static int map_at_exit(char **argv, const char *path, const char *library_name)
{
    char library[PATH_MAX];
    int status;
    struct program program;
    library_find(library_name, library);
    program_look(argv[0], &program);
    program_judge(&program, 0);
    pid_t child = start_traced(argv, library);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CANNOT;
    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(intptr_t)PTRACE_O_TRACEEXIT);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    return follow(child, path);
}

// --- arguments ---

static void check_ending(const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *ending = strrchr(name, '.');
    if (ending && strcmp(ending, ".svg") != 0 && strcmp(ending, ".html") != 0)
        die(EXIT_USAGE, "map: -o %s: a picture is .svg or .html", path);
}

static int map_live(const char *pid_text, const char *path)
{
    struct target target;
    target_find(pid_text, &target);
    if (!map_draw(&target, path))
        die(EXIT_FAILED, "process %s has ended", pid_text);
    return EXIT_DONE;
}

int map_main(int argc, char **argv)
{
    const char *path = "heap.svg", *library = NULL, *pid = NULL, *value;
    bool at_exit = false;
    int at = 1;
    for (; at < argc && (argv[at][0] == '-' || (!at_exit && !pid)); at++) {
        if (argv[at][0] != '-') {
            pid = argv[at];
            continue;
        }
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            return fputs(usage, stdout) < 0;
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (strcmp(argv[at], "--at-exit") == 0)
            at_exit = true;
        else if ((value = flag_value(argc, argv, &at, "-o")))
            path = value;
        else if ((value = flag_value(argc, argv, &at, "--library")))
            library = value;
        else
            die(EXIT_USAGE, "map: %s? (bumprun map --help)", argv[at]);
    }
    if (at_exit == (pid != NULL) || at_exit == (at >= argc))
        die(EXIT_USAGE, "map: one PID, or --at-exit and a program (bumprun map --help)");
    check_ending(path);
    return at_exit ? map_at_exit(argv + at, path, library) : map_live(pid, path);
}
