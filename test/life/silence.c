// SPDX-License-Identifier: MIT
// The allocator says nothing by itself: what a program writes to its standard streams is all that
// appears there, whatever happens to its memory. The one exception is a setting of the library's
// that makes no sense: one line names it.
#include "noise.h"

#include <sys/mman.h>
#include <sys/resource.h>

struct variant {
    const char *name;
    const char *variable; // set to value for the program
    const char *value;
    void (*run)(void);
    bool complains;
};

static char *self_path;

static void run_nothing(void)
{
}

static void run_threads(void)
{
    noise_start(3);
    life_workload(1, 20);
    noise_stop();
}

static void run_out_of_memory(void)
{
    struct rlimit limit = {(rlim_t)1 << 30, (rlim_t)1 << 30};
    const volatile size_t much = (size_t)1 << 60; // volatile: or the compiler sees it and warns
    CHECK_NULL(malloc(much));
    CHECK_NULL(calloc(much, much));
    REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
    char *volatile last = malloc(1);
    for (int i = 0; last && i < 1000; i++)
        last = malloc(10 << 20);
    CHECK_NULL(last);
}

static void run_burst(void)
{
    struct life_block blocks[100];
    for (size_t i = 0; i < 100; i++) {
        life_alloc(&blocks[i], (size_t)1 << 20, i);
        memset(blocks[i].start + LIFE_PART, 1, blocks[i].size - 2 * LIFE_PART);
    }
    for (size_t i = 0; i < 100; i++)
        life_free(&blocks[i]);
}

static void run_fork(void)
{
    pid_t child = fork();
    life_workload(2, 2);
    if (child == 0)
        _exit(check_end());
    life_wait(child);
}

// Its standard streams are closed, so files that it opens take their numbers.
static void run_without_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    REQUIRE(memfd_create("streams", 0) == 0 && dup(0) == 1 && dup(0) == 2);
    run_burst();
    life_workload(3, 5);
    if (lseek(0, 0, SEEK_END) != 0)
        _exit(CHECK_FAIL);
}

static const struct variant variants[] = {
    {"nothing", NULL, NULL, run_nothing, false},
    {"threads", NULL, NULL, run_threads, false},
    {"out of memory", NULL, NULL, run_out_of_memory, false},
    {"burst", NULL, NULL, run_burst, false},
    {"fork", NULL, NULL, run_fork, false},
    {"no streams", NULL, NULL, run_without_streams, false},
    {"unknown name", "BUMPALLOC_NO_SUCH_OPTION", "1", run_burst, true},
    {"small value", "BUMPALLOC_RESERVE", "1K", run_burst, false},
    {"no reservation", "BUMPALLOC_RESERVE", "0", run_threads, false},
    {"no size", "BUMPALLOC_RESERVE", "banana", run_burst, true},
    {"bad suffix", "BUMPALLOC_RESERVE", "1Q", run_burst, true},
    {"overflow", "BUMPALLOC_RESERVE", "99999999999999999999T", run_burst, true},
};
enum { VARIANT_COUNT = sizeof variants / sizeof variants[0] };

__attribute__((noreturn)) static void start(const struct variant *v, int out)
{
    char number[16];
    snprintf(number, sizeof number, "%d", (int)(v - variants));
    if (v->variable)
        setenv(v->variable, v->value, 1);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close(out);
    execl(self_path, self_path, number, (char *)NULL);
    _exit(CHECK_FAIL);
}

static bool is_one_line_naming(const char *said, const char *name)
{
    const char *end = strchr(said, '\n');
    return strstr(said, name) && end && end[1] == '\0';
}

static void check_silence(const struct variant *v)
{
    int ends[2];
    char said[512] = "";
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0)
        start(v, ends[1]);
    close(ends[1]);
    size_t n_bytes = 0;
    for (ssize_t n; (n = read(ends[0], said + n_bytes, sizeof said - 1 - n_bytes)) > 0;)
        n_bytes += (size_t)n;
    close(ends[0]);
    life_wait(child);
    if (v->complains && check_library())
        CHECK_FMT(is_one_line_naming(said, v->variable), "%s: it says: %s", v->name, said);
    else
        CHECK_FMT(n_bytes == 0, "%s: it says: %s", v->name, said);
}

int main(int argc, char **argv)
{
    check_begin();
    life_watchdog(60);
    if (argc > 1) {
        REQUIRE(atoi(argv[1]) < VARIANT_COUNT);
        variants[atoi(argv[1])].run();
        return check_end();
    }
    self_path = realpath("/proc/self/exe", NULL);
    REQUIRE(self_path != NULL);
    for (int i = 0; i < VARIANT_COUNT; i++)
        check_silence(&variants[i]);
    free(self_path);
    return check_end();
}
