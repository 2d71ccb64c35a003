// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "measure.h"

#include "bumprun.h"
#include "library.h"
#include "timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void redirect(int descriptor, const char *path, int flags)
{
    int file = open(path, flags);
    if (file < 0)
        die(EXIT_CANNOT, "%s: %s", path, strerror(errno));
    dup2(file, descriptor);
    close(file);
}

__attribute__((noreturn)) static void become(const struct job *job, const char *preload, int report)
{
    redirect(STDIN_FILENO, job->input ? job->input : "/dev/null", O_RDONLY);
    if (*preload && !library_preload(preload))
        die(EXIT_CANNOT, "the loader cannot read a path with a space or colon: %s", preload);
    if (!job->show_output) {
        redirect(STDOUT_FILENO, "/dev/null", O_WRONLY);
        redirect(STDERR_FILENO, "/dev/null", O_WRONLY);
    }
    execvp(job->program, job->argv);
    int code = errno;
    if (write(report, &code, sizeof(code)) != sizeof(code))
        _exit(EXIT_CANNOT);
    _exit(EXIT_NO_EXEC);
}

static double seconds_in(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

// Looks at the child until it has ended.
static void watch(pid_t child, double start, struct timeline *line)
{
    siginfo_t end = {.si_pid = 0};
    while (waitid(P_PID, (id_t)child, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && !end.si_pid) {
        timeline_look(line, child, now() - start);
        usleep((useconds_t)(line->interval_seconds * 1e6));
    }
}

static struct measurement collect(pid_t child, double start, struct timeline *line)
{
    struct rusage usage;
    int status = 0;
    if (line)
        watch(child, start, line);
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR)
            die(EXIT_FAILED, "wait: %s", strerror(errno));
    }
    struct measurement it;
    it.figure[FIGURE_SECONDS] = now() - start;
    it.figure[FIGURE_CPU_SECONDS] = seconds_in(usage.ru_utime) + seconds_in(usage.ru_stime);
    it.figure[FIGURE_PEAK_BYTES] = (double)usage.ru_maxrss * 1024;
    it.figure[FIGURE_FAULTS] = (double)(usage.ru_minflt + usage.ru_majflt);
    it.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return it;
}

struct measurement measure(const struct job *job, const char *preload, struct timeline *line)
{
    int report[2], code = 0;
    if (pipe2(report, O_CLOEXEC) != 0)
        die(EXIT_FAILED, "pipe: %s", strerror(errno));
    double start = now();
    pid_t child = fork();
    if (child < 0)
        die(EXIT_FAILED, "fork: %s", strerror(errno));
    if (child == 0)
        become(job, preload, report[1]);
    close(report[1]);
    bool failed = read(report[0], &code, sizeof(code)) == sizeof(code);
    close(report[0]);
    struct measurement it = collect(child, start, failed ? NULL : line);
    if (failed)
        die(EXIT_NO_EXEC, "%s: %s", job->program, strerror(code));
    return it;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double quantile(const double *sorted, unsigned count, double share)
{
    double at = share * (double)(count - 1);
    unsigned below = (unsigned)at;
    unsigned above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

double median_of(double *values, unsigned count)
{
    qsort(values, count, sizeof(values[0]), by_value);
    return quantile(values, count, 0.5);
}

double noise_of(double *values, unsigned count)
{
    double median = median_of(values, count);
    double spread = quantile(values, count, 0.75) - quantile(values, count, 0.25);
    return median > 0 ? spread / 2 / median : 0;
}
