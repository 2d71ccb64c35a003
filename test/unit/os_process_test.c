// SPDX-License-Identifier: MIT
// os: facts about the process, its threads and its messages.
#include "base/limits.h"
#include "os/os.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { SET_VMA = 0x53564d41, SET_VMA_ANON_NAME = 0 }; // Linux; not in every libc's headers

extern char **environ;

static void knows_the_machine(void)
{
    cpu_set_t set;
    CHECK_EQ(bp_os_page_bytes(), sysconf(_SC_PAGESIZE));
    CHECK_EQ(bp_os_page_bytes(), sysconf(_SC_PAGESIZE));
    REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
    CHECK_EQ(bp_os_cpu_count(), CPU_COUNT(&set));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &set) && CPU_COUNT(&set) > 1)
            CPU_CLR(cpu, &set);
    }
    REQUIRE(sched_setaffinity(0, sizeof set, &set) == 0);
    CHECK_EQ(bp_os_cpu_count(), 1);
}

// Milliseconds, within the coarse clock's tick.
static void knows_the_time(void)
{
    struct timespec nap = {0, 50 * 1000 * 1000};
    errno = 4711;
    uint32_t before = bp_os_now_ms();
    nanosleep(&nap, NULL);
    uint32_t passed = bp_os_now_ms() - before;
    CHECK_FMT(passed >= 30 && passed < 5000, "%u ms", passed);
    CHECK_EQ(errno, 4711);
}

static void knows_the_address_limit(void)
{
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_EQ(bp_os_address_limit(),
             limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)limit.rlim_cur);
    limit.rlim_cur = 8 * BP_GIB;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_EQ(bp_os_address_limit(), 8 * BP_GIB);
}

static void reads_the_environment(void)
{
    char *entries[] = {
        (char *)"LONGER=no", (char *)"LONG=yes",  (char *)"LONG=second",  (char *)"EMPTY=",
        (char *)"BARE",      (char *)"EQUAL=a=b", (char *)"xLONG=before", NULL};
    environ = entries;
    errno = 4711;
    CHECK_STR(bp_os_env("LONG"), "yes");
    CHECK_STR(bp_os_env("LONGER"), "no");
    CHECK_STR(bp_os_env("EMPTY"), "");
    CHECK_STR(bp_os_env("EQUAL"), "a=b");
    CHECK_NULL(bp_os_env("LON"));
    CHECK_NULL(bp_os_env("BARE"));
    CHECK_NULL(bp_os_env("ABSENT"));
    environ = NULL;
    CHECK_NULL(bp_os_env("LONG"));
    CHECK_EQ(errno, 4711);
}

static void write_twice(void)
{
    errno = 4711;
    bp_os_write_error("one\n", 4);
    bp_os_write_error("two, cut", 3);
    CHECK_EQ(errno, 4711);
}

static void write_nowhere(void)
{
    close(STDERR_FILENO);
    errno = 4711;
    bp_os_write_error("one\n", 4);
    _exit(errno == 4711 ? CHECK_PASS : CHECK_FAIL);
}

static void writes_errors(void)
{
    char text[UNIT_TEXT];
    CHECK_EQ(unit_capture(write_twice, text), 0);
    CHECK_STR(text, "one\ntwo");
    unit_expect_pass("write_nowhere", write_nowhere);
}

static void aborts(void)
{
    unit_expect_signal("bp_os_abort", bp_os_abort, SIGABRT);
}

static bp_atomic_u32 cell;

static void *sleeper(void *ret_rounds)
{
    for (; bp_load_u32_relaxed(&cell) == 1; ++*(int *)ret_rounds)
        bp_os_wait(&cell, 1);
    return NULL;
}

static void waits_and_wakes(void)
{
    pthread_t thread;
    int rounds = 0;
    struct timespec nap = {0, 20 * 1000 * 1000};
    bp_store_u32_relaxed(&cell, 1);
    errno = 4711;
    bp_os_wait(&cell, 2); // returns at once, or the case never ends
    bp_os_wake(&cell);
    bp_os_yield();
    CHECK_EQ(errno, 4711);
    REQUIRE(pthread_create(&thread, NULL, sleeper, &rounds) == 0);
    nanosleep(&nap, NULL);
    bp_store_u32_relaxed(&cell, 0);
    bp_os_wake(&cell);
    REQUIRE(pthread_join(thread, NULL) == 0);
    CHECK_FMT(rounds < 50, "%d rounds: it did not sleep", rounds);
}

static void *ended_with;
static int ended_count;

static void at_thread_end(void *argument)
{
    ended_with = argument;
    ended_count++;
}

static void *thread_body(void *argument)
{
    if (argument)
        CHECK_EQ(bp_os_thread_exit_arm(argument), 0);
    return NULL;
}

static void run_thread(void *argument)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, thread_body, argument) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
}

static void notices_thread_ends(void)
{
    int token;
    REQUIRE(bp_os_thread_exit_register(at_thread_end) == 0);
    run_thread(NULL);
    CHECK_EQ(ended_count, 0);
    run_thread(&token);
    CHECK_EQ(ended_count, 1);
    CHECK_PTR(ended_with, &token);
}

static char fork_log[16];

static void at_prepare(void)
{
    strcat(fork_log, "p");
}

static void at_parent(void)
{
    strcat(fork_log, "r");
}

static void at_child(void)
{
    strcat(fork_log, "c");
}

// The child may use streams at once, whatever the parent's threads were doing with theirs.
static void check_child_log(void)
{
    CHECK_STR(fork_log, "pc");
    FILE *stream = fopen("/dev/null", "w");
    REQUIRE(stream != NULL);
    CHECK(fprintf(stream, "x") == 1);
    CHECK_EQ(fflush(NULL), 0);
    CHECK_EQ(fclose(stream), 0);
}

static void notices_forks(void)
{
    REQUIRE(bp_os_fork_register(at_prepare, at_parent, at_child) == 0);
    unit_expect_pass("check_child_log", check_child_log);
    CHECK_STR(fork_log, "pr");
    CHECK_EQ(fflush(NULL), 0);
}

static void finds_the_next_function(void)
{
    CHECK_NOT_NULL(bp_os_next_function("malloc"));
    errno = 4711;
    CHECK_NULL(bp_os_next_function("bp_no_such_function"));
    CHECK_EQ(errno, 4711);
    CHECK_NULL(bp_os_cxx_function("bp_no_such_function"));
    // A C program has no such runtime, unless a sanitizer brought it.
    bool loaded = dlopen("libstdc++.so.6", RTLD_NOLOAD | RTLD_LAZY) != NULL;
    CHECK_EQ(bp_os_cxx_function("_ZSt15get_new_handlerv") != NULL, loaded);
}

// The lines of a file of /proc that follow the one of the mapping that begins there.
static bool mapping_says(const void *start, const char *file, const char *word)
{
    char line[512], address[32];
    bool inside = false, found = false;
    FILE *maps = fopen(file, "r");
    REQUIRE(maps != NULL);
    snprintf(address, sizeof address, "%zx-", (size_t)start);
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "-") && strspn(line, "0123456789abcdef-") > 12)
            inside = strncmp(line, address, strlen(address)) == 0;
        found = found || (inside && strstr(line, word));
    }
    fclose(maps);
    return found;
}

static void keeps_out_of_core_dumps(void)
{
    void *base = NULL;
    REQUIRE(bp_os_reserve(BP_MIB, BP_MIB, &base) == 0);
    CHECK(!mapping_says(base, "/proc/self/smaps", " dd"));
    errno = 4711;
    bp_os_dump(base, BP_MIB, false);
    CHECK_EQ(errno, 4711);
    CHECK(mapping_says(base, "/proc/self/smaps", " dd"));
    bp_os_dump(base, BP_MIB, true);
    CHECK(!mapping_says(base, "/proc/self/smaps", " dd"));
}

// Does this kernel have names for anonymous memory?
static bool names_exist(void *base)
{
    return prctl(SET_VMA, SET_VMA_ANON_NAME, base, BP_MIB, "probe") == 0;
}

// Kernels without leave it at that; errno is kept either way.
static void names_its_memory(void)
{
    void *base = NULL;
    REQUIRE(bp_os_reserve(BP_MIB, BP_MIB, &base) == 0);
    bool can = names_exist(base);
    errno = 4711;
    bp_os_name(base, BP_MIB);
    CHECK_EQ(errno, 4711);
    CHECK_EQ(mapping_says(base, "/proc/self/maps", "[anon:bumpalloc]"), can);
}

static void nothing(void)
{
}

// A thread that cannot be had is not the caller's business either: free starts the worker.
static void threads_are_refused(void)
{
    struct rlimit tight = {1, RLIM_INFINITY};
    if (SANITIZED)
        return; // it maps memory for itself on the way
    REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
    errno = 4711;
    int code = bp_os_thread_start(nothing);
    CHECK_EQ(errno, 4711);
    CHECK(code == ENOMEM || code == EAGAIN);
}

static char data[100];

static void *not_the_programs(void *unused)
{
    char *small = malloc(100), *large = malloc(BP_MIB); // an arena's, and a mapping
    CHECK(!bp_os_is_program(small) && !bp_os_is_program(large));
    free(small);
    free(large);
    return unused;
}

static void knows_the_programs_own_memory(void)
{
    pthread_t thread;
    char local[100];
    const void *library = (void *)((size_t)stdout & ~(size_t)15);
    if (bp_os_next_function("gnu_get_libc_version"))
        CHECK(bp_os_is_program(library));
    CHECK(bp_os_is_program(data) && bp_os_is_program("constant") && bp_os_is_program(local));
    CHECK(bp_os_is_program(bp_os_program_entry()) && bp_os_is_program(environ));
    CHECK(!bp_os_is_program(NULL) && !bp_os_is_program((void *)(size_t)-16));
    CHECK(!bp_os_is_program(sbrk(0)));
    not_the_programs(NULL);
    REQUIRE(pthread_create(&thread, NULL, not_the_programs, NULL) == 0);
    pthread_join(thread, NULL);
}

UNIT_MAIN(UNIT_CASE(knows_the_machine), UNIT_CASE(knows_the_time),
          UNIT_CASE(knows_the_address_limit), UNIT_CASE(reads_the_environment),
          UNIT_CASE(writes_errors), UNIT_CASE(aborts), UNIT_CASE(waits_and_wakes),
          UNIT_CASE(notices_thread_ends), UNIT_CASE(notices_forks),
          UNIT_CASE(finds_the_next_function), UNIT_CASE(keeps_out_of_core_dumps),
          UNIT_CASE(names_its_memory), UNIT_CASE(threads_are_refused),
          UNIT_CASE(knows_the_programs_own_memory))
