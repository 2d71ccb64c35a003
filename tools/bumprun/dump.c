// SPDX-License-Identifier: MIT
// bumprun dump PID, bumprun trim PID.
#define _GNU_SOURCE
#include "bumprun.h"

#include "api/format.h"
#include "target.h"
#include "thread/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char dump_usage[] =
    "usage: bumprun dump [--text|--json|--prometheus|--xml] [-o FILE] PID\n"
    "\n"
    "Prints all statistics of a process that runs under libbumpalloc. The process is not stopped,\n"
    "and does nothing for it: its records are read as a debugger would read them. \"moving\" is 1 "
    "if\n"
    "it allocated meanwhile.\n"
    "\n"
    "  --text, --json, --prometheus, --xml    the format; text if none is named\n"
    "  -o FILE                                write there, not to stdout\n";

static const char trim_usage[] =
    "usage: bumprun trim [--wait SECONDS] PID\n"
    "\n"
    "Asks a process to give its free memory back, as malloc_trim(0) does, and waits until it has.\n"
    "It does so in its next slow call of malloc or free; a process that runs with\n"
    "BUMPALLOC_BACKGROUND=1 does so within a second although it is idle. Exit status 3: not yet, "
    "it\n"
    "will do so later.\n"
    "\n"
    "  --wait SECONDS    how long to wait (default: 2)\n";

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static enum bp_stats_mode format_of(const char *word)
{
    static const char *const words[] = {"", "--text", "--json", "--prometheus", "--xml"};
    for (unsigned i = BP_STATS_TEXT; i <= BP_STATS_XML; i++) {
        if (strcmp(word, words[i]) == 0)
            return (enum bp_stats_mode)i;
    }
    return BP_STATS_NONE;
}

static int stats_put(const struct bp_stats *stats, enum bp_stats_mode format, const char *path)
{
    int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    if (file < 0)
        die(EXIT_FAILED, "%s: %s", path, strerror(errno));
    struct bp_sink sink = bp_sink_to(file);
    bp_stats_write(&sink, stats, format);
    bool done = bp_sink_flush(&sink);
    if (path && close(file) != 0)
        done = false;
    if (!done)
        die(EXIT_FAILED, "%s: cannot be written", path ? path : "stdout");
    return EXIT_DONE;
}

int dump_main(int argc, char **argv)
{
    enum bp_stats_mode format = BP_STATS_TEXT, named;
    const char *path = NULL, *pid = NULL;
    for (int at = 1; at < argc; at++) {
        if (is_help(argv[at]))
            return fputs(dump_usage, stdout) < 0;
        if ((named = format_of(argv[at])))
            format = named;
        else if (strcmp(argv[at], "-o") == 0 && at + 1 < argc)
            path = argv[++at];
        else if (!pid && argv[at][0] != '-')
            pid = argv[at];
        else
            die(EXIT_USAGE, "dump: %s? (bumprun dump --help)", argv[at]);
    }
    if (!pid)
        die(EXIT_USAGE, "dump: no PID (bumprun dump --help)");
    static struct bp_stats stats;
    struct snapshot snapshot = {0};
    struct target target;
    target_find(pid, &target);
    if (!snapshot_take(&target, &snapshot, false))
        die(EXIT_FAILED, "process %s has ended", pid);
    snapshot_stats(&snapshot, &stats);
    snapshot_free(&snapshot);
    return stats_put(&stats, format, path);
}

static size_t process_bytes(const struct target *target)
{
    struct snapshot snapshot = {0};
    struct resident resident = {0};
    if (snapshot_take(target, &snapshot, false))
        target_resident(target, &snapshot, &resident);
    snapshot_free(&snapshot);
    return resident.process_bytes;
}

static int trim(const struct target *target, double seconds)
{
    size_t before = process_bytes(target);
    if (!target_ask(target, BP_OUTSIDE_TRIM, NULL, seconds)) {
        say("process %d has made no slow call of malloc or free yet: it will trim in its next one",
            (int)target->pid);
        return EXIT_PENDING;
    }
    size_t after = process_bytes(target);
    printf("released %s, RSS %s, was %s\n", human_bytes((double)target_released_bytes(target)).text,
           human_bytes((double)after).text, human_bytes((double)before).text);
    return EXIT_DONE;
}

int trim_main(int argc, char **argv)
{
    const char *pid = NULL, *value;
    struct target target;
    double seconds = 2;
    for (int at = 1; at < argc; at++) {
        if (is_help(argv[at]))
            return fputs(trim_usage, stdout) < 0;
        if ((value = flag_value(argc, argv, &at, "--wait")))
            seconds = seconds_of(value, "--wait");
        else if (!pid && argv[at][0] != '-')
            pid = argv[at];
        else
            die(EXIT_USAGE, "trim: %s? (bumprun trim --help)", argv[at]);
    }
    if (!pid)
        die(EXIT_USAGE, "trim: no PID (bumprun trim --help)");
    target_find(pid, &target);
    return trim(&target, seconds);
}
