// SPDX-License-Identifier: MIT
// os: each call that can be made to fail is, and has not been made then: its answer says so, errno
// and what it would have changed are as they were, and it works when it is made again.
#include "base/limits.h"
#include "fault_hook.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_map.h"
#include "os/os_posix.h"
#include "os/os_stdio.h"
#include "os/os_trap.h"
#include "unit.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SENTINEL = 4711 };
static size_t page;
static char name[64], folder[64];

// In this order: the arguments of a call have none.
#define KEPT(call) (errno = SENTINEL, kept((intptr_t)(call), __LINE__))

static intptr_t kept(intptr_t result, int line)
{
    CHECK_FMT(errno == SENTINEL, "line %d: errno became %d", line, errno);
    return result;
}

// The call refused at its n-th question of the kind, which it asks; the hook is off behind it.
#define REFUSED(kind, n, call) (fault_some(kind, n, 1), refused(kind, n, KEPT(call), __LINE__))

static intptr_t refused(enum bp_os_call kind, unsigned nth, intptr_t result, int line)
{
    CHECK_FMT(fault_plan.seen[kind] >= nth, "line %d: asked %u times", line, fault_plan.seen[kind]);
    bp_os_fault_hook = NULL;
    return result;
}

static char *made(size_t n_pages)
{
    void *address = NULL;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_map(n_pages * page, page, &address) == 0);
    bp_os_huge(address, n_pages * page, false);
    return address;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void named(const char *what)
{
    snprintf(folder, sizeof folder, P_tmpdir);
    snprintf(name, sizeof name, "%s/bump-fault-%d-%s", folder, (int)getpid(), what);
    CHECK(!is_there(name));
}

// --- questions ---

static void what_is_not_known_is_no_limit(void)
{
    struct rlimit limit = {8 * BP_GIB, RLIM_INFINITY};
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_EQ(bp_os_address_limit(), 8 * BP_GIB);
    CHECK((size_t)REFUSED(BP_OS_ASK, 1, bp_os_address_limit()) == SIZE_MAX);
    CHECK_EQ(REFUSED(BP_OS_ASK, 1, bp_os_cpu_count()), 1);
    CHECK_EQ(bp_os_cpu_count(), sysconf(_SC_NPROCESSORS_ONLN));
}

static void functions_are_not_found(void)
{
    CHECK_NULL((void *)REFUSED(BP_OS_ASK, 1, (intptr_t)bp_os_next_function("malloc")));
    CHECK_NOT_NULL((void *)KEPT((intptr_t)bp_os_next_function("malloc")));
    bool loaded = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL) != NULL;
    const char *function = "_ZSt15get_new_handlerv";
    CHECK_NULL((void *)REFUSED(BP_OS_ASK, 1, (intptr_t)bp_os_cxx_function(function)));
    CHECK_EQ(KEPT((intptr_t)bp_os_cxx_function(function)) != 0, loaded);
    CHECK_NULL((void *)KEPT((intptr_t)bp_os_cxx_function("bp_no_such_function")));
}

static void addresses_say_nothing(void)
{
    struct bp_os_module module = {name, NULL, NULL};
    struct bp_os_symbol symbol = {name, NULL, 0};
    const void *address = (const void *)(size_t)fopen;
    CHECK(!REFUSED(BP_OS_ASK, 1, bp_os_symbol_at(address, &symbol)));
    CHECK_PTR(symbol.name, name);
    CHECK(KEPT(bp_os_symbol_at(address, &symbol)) && symbol.file != NULL);
    CHECK(!REFUSED(BP_OS_ASK, 1, bp_os_is_readable(name)));
    CHECK(KEPT(bp_os_is_readable(name)));
    if (!bp_os_module_at(address, &module))
        return; // this C library knows of none
    module.begin = name;
    CHECK(!REFUSED(BP_OS_ASK, 1, bp_os_module_at(address, &module)));
    CHECK_PTR(module.begin, name);
}

static void descriptors_have_no_identity(void)
{
    int descriptor = open("/dev/null", O_RDONLY);
    CHECK_EQ(REFUSED(BP_OS_ASK, 1, (intptr_t)bp_os_identity(descriptor)), 0);
    CHECK(KEPT((intptr_t)bp_os_identity(descriptor)) != 0);
}

static void nothing_is_resident(void)
{
    char *base = made(2);
    size_t n_bytes = 1;
    base[0] = 1;
    CHECK_EQ(REFUSED(BP_OS_ASK, 1, bp_os_resident(base, 2 * page, &n_bytes)), ENOMEM);
    CHECK_EQ(n_bytes, 0);
}

// What could not be tried is not known to be missing.
static void moves_are_tried_again(void)
{
    char *source = made(1), *target = made(1);
    source[0] = 's';
    fault_some(BP_OS_ASK, 1, 1);
    CHECK(KEPT(bp_os_move(target, source, page, true)) != 0);
    CHECK_EQ(source[0] * 256 + target[0], 's' * 256);
    CHECK_EQ(fault_plan.seen[BP_OS_ASK], 1);
    CHECK_EQ(REFUSED(BP_OS_ASK, 2, bp_os_move(target, source, page, true)), ENOMEM);
    CHECK_EQ(source[0] * 256 + target[0], 's' * 256);
    CHECK_EQ(KEPT(bp_os_move(target, source, page, true)), 0);
    CHECK_EQ(source[0] * 256 + target[0], 's');
    CHECK_EQ(REFUSED(BP_OS_ASK, 1, bp_os_commit_try(page)), ENOMEM);
    CHECK_EQ(KEPT(bp_os_commit_try(page)), 0);
}

// --- files ---

static void nothing_is_written(void)
{
    char text[4] = "old";
    named("write");
    int file = bp_os_create(name);
    REQUIRE(file >= 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_write(file, "new", 3)), ENOMEM);
    CHECK_EQ(lseek(file, 0, SEEK_END), 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_keep(file)), -1);
    int again = (int)KEPT(bp_os_keep(file));
    CHECK(again > file && close(again) == 0);
    CHECK_EQ(KEPT(bp_os_write(file, "old", 3)), 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_create(name)), -1);
    CHECK(pread(file, text, 3, 0) == -1 && errno == EBADF); // it is for writing alone
    struct stat status;
    CHECK(stat(name, &status) == 0 && status.st_size == 3);
    CHECK(unlink(name) == 0 && close(file) == 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_create(name)), -1);
    CHECK(!is_there(name));
}

static void small_files_are_refused(void)
{
    char text[8] = "";
    unsigned next = unit_open_files();
    named("path");
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_path_write(name, "text", 4)), ENOMEM);
    CHECK(!is_there(name));
    CHECK_EQ(REFUSED(BP_OS_FILE, 2, bp_os_path_write(name, "text", 4)), ENOMEM);
    CHECK_EQ(unit_open_files(), next);
    CHECK_EQ(KEPT(bp_os_path_read(name, text, 8)), 0);
    CHECK_EQ(KEPT(bp_os_path_write(name, "text", 4)), 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_path_read(name, text, 8)), 0);
    CHECK_STR(text, "");
    CHECK_EQ(KEPT(bp_os_path_read(name, text, 8)), 4);
    CHECK_EQ(unit_open_files(), next);
    unlink(name);
}

static int64_t says(void *cookie, char *buffer, size_t n_bytes)
{
    *buffer = *(char *)cookie;
    return n_bytes > 0;
}

static void streams_are_refused(void)
{
    static const struct bp_os_stdio_calls calls = {says, NULL, NULL};
    char letter = 'y';
    FILE *file = stderr;
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_stdio_open(&letter, &calls, "r", &file)), ENOMEM);
    CHECK_PTR(file, stderr);
    REQUIRE(KEPT(bp_os_stdio_open(&letter, &calls, "r", &file)) == 0);
    CHECK_EQ(getc(file), 'y');
    fclose(file);
}

static void files_are_not_made(void)
{
    intptr_t file = -1;
    unsigned next = unit_open_files();
    named("made");
    CHECK_EQ(REFUSED(BP_OS_MAP, 1, bp_os_file_open(name, true, &file)), ENOMEM);
    CHECK(file == -1 && !is_there(name));
    CHECK_EQ(REFUSED(BP_OS_MAP, 1, bp_os_file_temporary(NULL, &file)), ENOMEM);
    CHECK_EQ(file, -1);
    CHECK_EQ(unit_open_files(), next);
}

static void files_stay_as_they_are(void)
{
    size_t n_bytes = 77;
    intptr_t file = -1, other = -1;
    char *base = made(1);
    REQUIRE(!bp_os_file_temporary(NULL, &file) && !bp_os_file_temporary(NULL, &other));
    REQUIRE(bp_os_file_allocate(file, 0, page) == 0 && pwrite((int)file, "x", 1, 0) == 1);
    CHECK_EQ(REFUSED(BP_OS_COMMIT, 1, bp_os_file_allocate(file, 0, 2 * page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_COMMIT, 1, bp_os_file_copy(file, other, 0, page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_file_cut(file, 0)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_PURGE, 1, bp_os_file_punch(file, 0, page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_file_size(file, &n_bytes)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_file_allocated(file, &n_bytes)), ENOMEM);
    CHECK_EQ(n_bytes, 77);
    CHECK(KEPT(bp_os_file_size(file, &n_bytes)) == 0 && n_bytes == page);
    CHECK(KEPT(bp_os_file_size(other, &n_bytes)) == 0 && n_bytes == 0);
    CHECK_EQ(REFUSED(BP_OS_MAP, 1, bp_os_file_map(base, page, file, 0, 3)), ENOMEM);
    CHECK_EQ(base[0], 0);
    REQUIRE(KEPT(bp_os_file_map(base, page, file, 0, 3)) == 0);
    CHECK_EQ(base[0], 'x');
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_file_sync(file, base, page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, 1, bp_os_file_close(file)), ENOMEM);
    CHECK(fcntl((int)file, F_GETFD) == -1); // closed all the same
}

// --- pages ---

static void pages_stay_as_they_are(void)
{
    char *base = made(2);
    void *same = NULL;
    CHECK_EQ(REFUSED(BP_OS_COMMIT, 1, bp_os_populate(base, 2 * page, true)), ENOMEM);
    CHECK(!unit_is_resident(base) && !unit_is_resident(base + page));
    base[0] = 'x';
    CHECK_EQ(REFUSED(BP_OS_COMMIT, 1, bp_os_range_protect(base, page, 0)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_DECOMMIT, 1, bp_os_range_release(base, page, true)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_PURGE, 1, bp_os_empty_pages(base, page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_PURGE, 1, bp_os_renew(base, page)), ENOMEM);
    CHECK(unit_writable(base) && base[0] == 'x');
    CHECK_EQ(REFUSED(BP_OS_RESERVE, 1, bp_os_range_reserve(page, page, true, &same)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_MAP, 1, bp_os_map_lax(page, &same)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_MAP, 1, bp_os_map_guarded(page, &same)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_MAP, 2, bp_os_map_guarded(page, &same)), ENOMEM);
    CHECK_NULL(same);
}

// What is lax is reserved again.
static void lax_pages_are_reserved(void)
{
    void *base = NULL;
    page = bp_os_page_bytes();
    REQUIRE(bp_os_reserve(2 * page, page, &base) == 0);
    CHECK_EQ(REFUSED(BP_OS_COMMIT, 1, bp_os_commit_lax(base, page)), ENOMEM);
    CHECK(unit_is_mapped(base) && !unit_readable(base));
    CHECK_EQ(KEPT(bp_os_commit_lax(base, page)), 0);
    CHECK(unit_writable(base));
}

// The lines of smaps about the mapping that begins there have the word.
static bool mapping_says(const void *start, const char *word)
{
    char line[512], address[32];
    bool inside = false, found = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    REQUIRE(maps != NULL);
    snprintf(address, sizeof address, "%zx-", (size_t)start);
    while (fgets(line, sizeof line, maps)) {
        if (strspn(line, "0123456789abcdef") > 7)
            inside = strncmp(line, address, strlen(address)) == 0;
        found = found || (inside && strstr(line, word));
    }
    fclose(maps);
    return found;
}

static void nothing_is_advised(void)
{
    char *base = made(8);
    base[0] = 1;
    CHECK(mapping_says(base, " nh"));
    REFUSED(BP_OS_ADVISE, 1, (bp_os_huge(base, 8 * page, true), 0));
    CHECK(mapping_says(base, " nh"));
    REFUSED(BP_OS_ADVISE, 1, (bp_os_dump(base, 8 * page, false), 0));
    CHECK(!mapping_says(base, " dd"));
    REFUSED(BP_OS_ADVISE, 1, (bp_os_name(base, 8 * page), 0));
    CHECK(!mapping_says(base, "[anon:bumpalloc]"));
    CHECK_EQ(REFUSED(BP_OS_ADVISE, 1, bp_os_prefetch(base, page)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_ADVISE, 1, bp_os_keep_from_fork(base, 8 * page)), ENOMEM);
    CHECK(!mapping_says(base, " dc"));
    CHECK_EQ(KEPT(bp_os_keep_from_fork(base, 8 * page)), 0);
    CHECK(mapping_says(base, " dc"));
}

// --- signals, forks, threads ---

static bool is_default(int number)
{
    struct sigaction now;
    REQUIRE(sigaction(number, NULL, &now) == 0);
    return !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

static void seen_nothing(const struct bp_os_trap *trap)
{
    (void)trap;
}

static void traps_are_refused(void)
{
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    CHECK_EQ(REFUSED(BP_OS_TRAP, 1, bp_os_trap_install(seen_nothing)), ENOMEM);
    CHECK(is_default(SIGSEGV) && is_default(SIGBUS));
    CHECK_EQ(REFUSED(BP_OS_TRAP, 2, bp_os_trap_install(seen_nothing)), ENOMEM);
    CHECK(is_default(SIGBUS));
    CHECK_EQ(KEPT(bp_os_trap_install(seen_nothing)), 0);
    CHECK(!is_default(SIGSEGV) && !is_default(SIGBUS));
}

static int calls;

static void count_call(void)
{
    calls++;
}

static void check_no_calls(void)
{
    CHECK_EQ(calls, 0);
}

static void check_two_calls(void)
{
    CHECK_EQ(calls, 2);
}

static void forks_are_not_noticed(void)
{
    CHECK_EQ(REFUSED(BP_OS_FORK, 1, bp_os_fork_register(count_call, count_call, count_call)),
             ENOMEM);
    unit_expect_pass("check_no_calls", check_no_calls);
    CHECK_EQ(calls, 0);
    CHECK_EQ(KEPT(bp_os_fork_register(count_call, count_call, count_call)), 0);
    unit_expect_pass("check_two_calls", check_two_calls);
    CHECK_EQ(calls, 2);
}

static void at_end(void *argument)
{
    *(int *)argument += 1;
}

static void *armed_body(void *argument)
{
    CHECK_EQ(REFUSED(BP_OS_THREAD, 1, bp_os_thread_exit_arm(argument)), ENOMEM);
    CHECK_NULL(bp_os_thread_exit_argument());
    return NULL;
}

static void start_nothing(void)
{
    calls++;
    for (;;)
        pause();
}

static void threads_are_not_made(void)
{
    pthread_t thread;
    int ends = 0;
    struct timespec nap = {0, 20 * 1000 * 1000};
    CHECK_EQ(REFUSED(BP_OS_THREAD, 1, bp_os_thread_exit_register(at_end)), ENOMEM);
    CHECK_EQ(KEPT(bp_os_thread_exit_arm(&ends)), EAGAIN);
    CHECK_EQ(KEPT(bp_os_thread_exit_register(at_end)), 0);
    REQUIRE(pthread_create(&thread, NULL, armed_body, &ends) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    CHECK_EQ(ends, 0);
    CHECK_EQ(REFUSED(BP_OS_THREAD, 1, bp_os_thread_start(start_nothing)), ENOMEM);
    nanosleep(&nap, NULL);
    CHECK_EQ(calls, 0);
}

// Who is not to sleep returns at once, or the case never ends.
static void sleeps_end_at_once(void)
{
    static bp_atomic_u32 cell;
    uint32_t before = bp_os_now_ms();
    REFUSED(BP_OS_WAIT, 1, (bp_os_wait(&cell, 0), 0));
    REFUSED(BP_OS_NAP, 1, (bp_os_wait_ms(&cell, 0, 60000), 0));
    CHECK(bp_os_now_ms() - before < 20000);
}

UNIT_MAIN(UNIT_CASE(what_is_not_known_is_no_limit), UNIT_CASE(functions_are_not_found),
          UNIT_CASE(addresses_say_nothing), UNIT_CASE(descriptors_have_no_identity),
          UNIT_CASE(nothing_is_resident), UNIT_CASE(moves_are_tried_again),
          UNIT_CASE(nothing_is_written), UNIT_CASE(small_files_are_refused),
          UNIT_CASE(streams_are_refused), UNIT_CASE(files_are_not_made),
          UNIT_CASE(files_stay_as_they_are), UNIT_CASE(pages_stay_as_they_are),
          UNIT_CASE(lax_pages_are_reserved), UNIT_CASE(nothing_is_advised),
          UNIT_CASE(traps_are_refused), UNIT_CASE(forks_are_not_noticed),
          UNIT_CASE(threads_are_not_made), UNIT_CASE(sleeps_end_at_once))
