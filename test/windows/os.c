// SPDX-License-Identifier: MIT
// The OS layer's contract (os/os.h) on Windows, function by function.
#include "check.h"

#include "base/limits.h"
#include "os/os.h"
#include "os/os_file.h"
#include "os/os_map.h"

#include <windows.h>

static bool all_are(const char *p, size_t n_bytes, char value)
{
    for (size_t i = 0; i < n_bytes; i++) {
        if (p[i] != value)
            return false;
    }
    return true;
}

static DWORD state_of(const void *p)
{
    MEMORY_BASIC_INFORMATION info;
    REQUIRE(VirtualQuery(p, &info, sizeof info) != 0);
    return info.State;
}

static void pages_change_state(void)
{
    bool zero = true;
    void *base;
    REQUIRE(bp_os_reserve(BP_GIB, BP_GIB, &base) == 0);
    CHECK_ALIGNED(base, BP_GIB);
    CHECK((size_t)base + BP_GIB <= BP_ADDRESS_MAX);
    char *p = (char *)base + 4096;
    CHECK_EQ(state_of(p), MEM_RESERVE);
    CHECK_EQ(bp_os_commit(p, 65536), 0);
    CHECK(state_of(p) == MEM_COMMIT && all_are(p, 65536, 0));
    memset(p, 7, 65536);
    CHECK_EQ(bp_os_commit(p - 4096, 65536), 0); // half of it again: keeps what is there
    CHECK(all_are(p, 65536, 7));
    CHECK_EQ(bp_os_purge(p, 4096), 0); // the contents are lost, the charge stays
    CHECK(state_of(p) == MEM_COMMIT && all_are(p + 4096, 61440, 7));
    p[0] = 1;
    CHECK_EQ(bp_os_discard(p, 4096, &zero), 0); // the same, and it says so
    CHECK(!zero && state_of(p) == MEM_COMMIT && all_are(p + 4096, 61440, 7));
    bp_os_reuse(p, 4096);
    p[0] = 1;
    CHECK_EQ(bp_os_decommit(p, 65536), 0);
    CHECK_EQ(state_of(p), MEM_RESERVE);
    CHECK_EQ(bp_os_commit(p, 65536), 0);
    CHECK(all_are(p, 65536, 0));
    CHECK_EQ(bp_os_unmap(base, BP_GIB), 0);
    CHECK_EQ(state_of(base), MEM_FREE);
}

static void refusals_are_codes(void)
{
    void *base = NULL;
    errno = 3;
    SetLastError(4711);
    CHECK(bp_os_reserve((size_t)1 << 60, 65536, &base) != 0 && !base);
    CHECK_EQ(bp_os_reserve(SIZE_MAX - 65535, BP_GIB, &base), ENOMEM);
    CHECK(bp_os_commit((void *)65536, 65536) != 0);
    CHECK(bp_os_unmap(__extension__(void *) refusals_are_codes, 65536) != 0); // an image
    CHECK_EQ(bp_os_move(&base, &base, 1, true), ENOTSUP);
    CHECK(!bp_os_can_move() && bp_os_charges_commit());
    CHECK_EQ(errno, 3);
    CHECK_EQ(GetLastError(), 4711);
}

static void mappings(void)
{
    for (size_t align = 4096; align <= 64 * BP_MIB; align *= 4) {
        void *p, *same;
        REQUIRE(bp_os_map(300 * BP_KIB, align, &p) == 0);
        CHECK_ALIGNED(p, align);
        CHECK(all_are(p, 300 * BP_KIB, 0));
        memset(p, 5, 300 * BP_KIB);
        CHECK_EQ(bp_os_remap(p, 300 * BP_KIB, 400 * BP_KIB, &same), ENOSYS);
        CHECK_EQ(bp_os_remap(p, 300 * BP_KIB, 100 * BP_KIB, &same), 0);
        CHECK_PTR(same, p);
        CHECK(all_are(p, 100 * BP_KIB, 5));
        CHECK_EQ(state_of((char *)p + 100 * BP_KIB), MEM_RESERVE);
        CHECK_EQ(bp_os_unmap(p, 100 * BP_KIB), 0);
        CHECK_EQ(state_of(p), MEM_FREE);
    }
}

static void guards_stand_on_both_sides(void)
{
    enum { N_BYTES = 3 * 65536 };
    char *p, *none = NULL;
    REQUIRE(bp_os_map_guarded(N_BYTES, (void **)&p) == 0);
    CHECK_EQ(state_of(p - 1), MEM_RESERVE);
    CHECK_EQ(state_of(p + N_BYTES), MEM_RESERVE);
    CHECK(all_are(p, N_BYTES, 0));
    memset(p, 5, N_BYTES);
    CHECK_EQ(bp_os_unmap_guarded(p, N_BYTES), 0);
    CHECK(state_of(p - 1) == MEM_FREE && state_of(p + N_BYTES) == MEM_FREE);
    CHECK(bp_os_map_guarded((size_t)1 << 60, (void **)&none) != 0 && !none);
}

static void what_can_be_read_is_known(void)
{
    char *p;
    DWORD before;
    SetLastError(4711);
    REQUIRE(bp_os_map_guarded(3 * 4096, (void **)&p) == 0);
    CHECK(bp_os_is_readable(p) && bp_os_is_readable(&before) && bp_os_is_readable("constant"));
    CHECK(!bp_os_is_readable(p - 1) && !bp_os_is_readable(p + 3 * 4096)); // reserved
    CHECK(!bp_os_is_readable(NULL) && !bp_os_is_readable((void *)((size_t)1 << 62)));
    CHECK_EQ(bp_os_range_protect(p, 4096, 0), 0);
    REQUIRE(VirtualProtect(p + 4096, 4096, PAGE_READWRITE | PAGE_GUARD, &before));
    CHECK(!bp_os_is_readable(p) && !bp_os_is_readable(p + 4096) && bp_os_is_readable(p + 8192));
    CHECK_EQ(bp_os_unmap_guarded(p, 3 * 4096), 0);
    CHECK(!bp_os_is_readable(p)); // free
    CHECK_EQ(GetLastError(), 4711);
}

static void resident_is_what_was_touched(void)
{
    enum { PAGES = 3000 };
    char *p;
    size_t n_bytes = 1;
    REQUIRE(bp_os_map(PAGES * 4096, 65536, (void **)&p) == 0);
    SetLastError(4711);
    for (size_t i = 0; i < PAGES; i += 3)
        p[i * 4096] = 'x';
    CHECK_EQ(bp_os_resident(p, PAGES * 4096, &n_bytes), 0);
    if (GetProcAddress(GetModuleHandleA("ntdll"), "wine_get_version"))
        CHECK(n_bytes >= PAGES / 3 * 4096); // to wine 8, what is committed is there
    else
        CHECK_EQ(n_bytes, PAGES / 3 * 4096);
    CHECK_EQ(GetLastError(), 4711);
    CHECK_EQ(bp_os_unmap(p, PAGES * 4096), 0);
}

// Comes first: see random_of_another.
static void this_may_be_the_other(void)
{
    if (strstr(GetCommandLineA(), "\" random"))
        ExitProcess((DWORD)bp_os_random());
}

// What a process started as `os random` has to say: the low half, as its status.
static DWORD random_of_another(void)
{
    char command[MAX_PATH + 16] = "\"";
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD status = 0;
    size_t length = 1 + GetModuleFileNameA(NULL, command + 1, MAX_PATH);
    memcpy(command + length, "\" random", sizeof "\" random");
    REQUIRE(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    CHECK_EQ(WaitForSingleObject(process.hProcess, 60000), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &status));
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return status;
}

static void every_process_has_its_random_number(void)
{
    uint64_t number = bp_os_random();
    CHECK(number != 0 && bp_os_random() == number);
    DWORD others[] = {random_of_another(), random_of_another()};
    CHECK(others[0] != (DWORD)number && others[1] != (DWORD)number && others[0] != others[1]);
}

// Large pages take a privilege that few have: what counts is that a refusal is one.
static void huge_mappings_or_a_refusal(void)
{
    void *p = NULL;
    CHECK(bp_os_map_huge(4096, 4096, &p) != 0 && !p);
    if (bp_os_map_huge(4 * BP_MIB, 4096, &p) == 0) {
        memset(p, 1, 4 * BP_MIB);
        CHECK_EQ(bp_os_unmap(p, 4 * BP_MIB), 0);
    } else {
        CHECK_NULL(p);
    }
}

static void ranges_have_any_protection(void)
{
    MEMORY_BASIC_INFORMATION info;
    char *p;
    REQUIRE(bp_os_range_reserve(BP_MIB, 65536, true, (void **)&p) == 0);
    CHECK_EQ(bp_os_range_protect(p, 65536, BP_OS_PROT_READ | BP_OS_PROT_WRITE), 0);
    CHECK_EQ(bp_os_populate(p, 65536, true), 0);
    memset(p, 5, 65536);
    CHECK_EQ(bp_os_range_protect(p, 4096, 0), 0);
    REQUIRE(VirtualQuery(p, &info, sizeof info) != 0);
    CHECK(info.Protect == PAGE_NOACCESS && info.RegionSize == 4096);
    CHECK_EQ(bp_os_range_protect(p, 8192, BP_OS_PROT_READ), 0);
    REQUIRE(VirtualQuery(p, &info, sizeof info) != 0);
    CHECK(info.Protect == PAGE_READONLY && info.RegionSize == 8192);
    CHECK(all_are(p, 65536, 5));
    CHECK_EQ(bp_os_range_release(p, 65536, true), 0);
    CHECK_EQ(state_of(p), MEM_RESERVE);
    CHECK_EQ(bp_os_unmap(p, BP_MIB), 0);
}

static void files_come_and_go(void)
{
    char folder[MAX_PATH], pattern[MAX_PATH + 32];
    WIN32_FIND_DATAA found;
    intptr_t file;
    size_t n_bytes = 1;
    REQUIRE(GetTempPathA(sizeof folder, folder) != 0);
    REQUIRE(bp_os_file_temporary(folder, &file) == 0);
    snprintf(pattern, sizeof pattern, "%sbumpalloc-*", folder);
    HANDLE search = FindFirstFileA(pattern, &found);
    CHECK(search != INVALID_HANDLE_VALUE);
    FindClose(search);
    CHECK_EQ(bp_os_file_allocate(file, 0, 5000), 0);
    CHECK_EQ(bp_os_file_size(file, &n_bytes), 0);
    CHECK_EQ(n_bytes, 5000);
    CHECK_EQ(bp_os_file_cut(file, 100), 0);
    CHECK_EQ(bp_os_file_size(file, &n_bytes), 0);
    CHECK_EQ(n_bytes, 100);
    CHECK_EQ(bp_os_file_map(folder, 4096, file, 0, BP_OS_PROT_READ), EINVAL);
    CHECK_EQ(bp_os_file_close(file), 0);
    CHECK(FindFirstFileA(pattern, &found) == INVALID_HANDLE_VALUE);
    CHECK_EQ(bp_os_file_temporary("Z:\\no\\such\\folder", &file), ENOENT);
    char deep[2 * MAX_PATH] = "C:\\";
    memset(deep + 3, 'x', sizeof deep - 4);
    CHECK_EQ(bp_os_file_temporary(deep, &file), ENAMETOOLONG);
    REQUIRE(SetEnvironmentVariableA("TMP", deep));
    int code = bp_os_file_temporary(NULL, &file); // wine has its own answer
    CHECK(code == ENAMETOOLONG || code == ENOENT);
    REQUIRE(SetEnvironmentVariableA("TMP", folder));
    CHECK_EQ(bp_os_file_open("Z:\\no\\such\\file", false, &file), ENOENT);
}

// A file is mapped as a whole, and space is had by writing without changing what is there.
static void files_lie_behind_pages(void)
{
    void *base;
    intptr_t file;
    size_t n_bytes = 0;
    REQUIRE(bp_os_file_temporary(NULL, &file) == 0);
    REQUIRE(bp_os_reserve(64 * BP_MIB, BP_MIB, &base) == 0);
    REQUIRE(bp_os_file_attach(file, 64 * BP_MIB, BP_MIB, true, &base) == 0);
    CHECK_ALIGNED(base, BP_MIB);
    CHECK_EQ(bp_os_file_map(base, 64 * BP_MIB, file, 0, BP_OS_PROT_READ | BP_OS_PROT_WRITE), 0);
    char *p = base;
    memset(p + 100, 5, 100000);
    CHECK_EQ(bp_os_file_allocate(file, 0, 200000), 0);
    CHECK(p[99] == 0 && all_are(p + 100, 100000, 5) && all_are(p + 100100, 99900, 0));
    CHECK_EQ(bp_os_file_punch(file, 4096, 65536), 0);
    CHECK(all_are(p + 4096, 65536, 0) && p[4095] == 5 && p[4096 + 65536] == 5);
    CHECK_EQ(bp_os_range_protect(p, 4096, BP_OS_PROT_READ), 0);
    CHECK_EQ(bp_os_file_sync(file, p, 65536), 0);
    CHECK_EQ(bp_os_file_cut(file, 1000), EBUSY);
    CHECK_EQ(bp_os_unmap(p, 64 * BP_MIB), 0);
    CHECK_EQ(state_of(p), MEM_FREE);
    CHECK_EQ(bp_os_file_cut(file, 1000), 0);
    CHECK(bp_os_file_size(file, &n_bytes) == 0 && n_bytes == 1000);
    CHECK_EQ(bp_os_file_close(file), 0);
}

static void clocks_go_on(void)
{
    enum { STEPS = 100 };
    uint64_t start = bp_os_now_ns(), before = start;
    for (int i = 0; i < STEPS;) {
        uint64_t now = bp_os_now_ns();
        CHECK(now >= before);
        i += now > before;
        before = now;
    }
    CHECK_FMT(before - start < STEPS * 1000000ull, "%d steps in %llu ns", STEPS,
              (unsigned long long)(before - start));
    uint64_t slept_from = bp_os_now_ns();
    Sleep(60);
    uint64_t slept_ns = bp_os_now_ns() - slept_from;
    CHECK_FMT(slept_ns > 40000000 && slept_ns < 10000000000, "%llu ns",
              (unsigned long long)slept_ns);
}

static bp_atomic_u32 cell;
static bp_atomic_u32 awake;

static DWORD WINAPI sleeper(void *argument)
{
    (void)argument;
    while (!bp_load_u32_relaxed(&cell))
        bp_os_wait(&cell, 0);
    atomic_fetch_add(&awake, 1);
    return 0;
}

static void sleepers_are_woken(void)
{
    enum { SLEEPERS = 8 };
    HANDLE thread[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++)
        thread[i] = CreateThread(NULL, 0, sleeper, NULL, 0, NULL);
    Sleep(50);
    CHECK_EQ(bp_load_u32_relaxed(&awake), 0);
    bp_store_u32_relaxed(&cell, 1);
    bp_os_wake(&cell);
    CHECK_EQ(WaitForMultipleObjects(SLEEPERS, thread, TRUE, 10000), WAIT_OBJECT_0);
    CHECK_EQ(bp_load_u32_relaxed(&awake), SLEEPERS);
    uint32_t before = GetTickCount();
    bp_os_wait_ms(&cell, 1, 100);
    uint32_t slept_ms = GetTickCount() - before;
    CHECK_FMT(slept_ms >= 80 && slept_ms < 5000, "%u ms", slept_ms);
    bp_os_wait_ms(&cell, 0, 60000); // another value: no sleep
}

static bp_atomic_u32 ended;

static void at_end(void *argument)
{
    CHECK_NULL(bp_os_thread_exit_argument());
    CHECK_PTR(argument, &ended);
    atomic_fetch_add(&ended, 1);
}

static DWORD WINAPI ends(void *argument)
{
    CHECK_NULL(bp_os_thread_exit_argument());
    if (argument)
        CHECK_EQ(bp_os_thread_exit_arm(argument), 0);
    CHECK_PTR(bp_os_thread_exit_argument(), argument);
    return 0;
}

static void started(void)
{
    bp_store_u32_relaxed(&cell, 2);
    bp_os_wake(&cell);
    ExitThread(0);
}

static void threads_end_and_start(void)
{
    CHECK_EQ(bp_os_thread_exit_register(at_end), 0);
    void *arguments[] = {&ended, NULL};
    for (int i = 0; i < 2; i++) {
        HANDLE thread = CreateThread(NULL, 0, ends, arguments[i], 0, NULL);
        CHECK_EQ(WaitForSingleObject(thread, 10000), WAIT_OBJECT_0);
        CloseHandle(thread);
    }
    CHECK_EQ(bp_load_u32_relaxed(&ended), 1);
    CHECK_EQ(bp_os_thread_start(started), 0);
    while (bp_load_u32_relaxed(&cell) != 2)
        bp_os_wait_ms(&cell, 1, 10000);
}

static void environment(void)
{
    SetEnvironmentVariableA("BUMPALLOC_PURGE", "now");
    SetEnvironmentVariableA("BUMPALLOC_LIMIT", "1G");
    SetEnvironmentVariableW(L"BUMPALLOC_THP", L"\x20ac"); // not ASCII: not ours
    CHECK_STR(bp_os_env("BUMPALLOC_PURGE"), "now");
    CHECK_STR(bp_os_env("BUMPALLOC_LIMIT"), "1G");
    CHECK_NULL(bp_os_env("BUMPALLOC_THP"));
    CHECK_NULL(bp_os_env("BUMPALLOC"));
    unsigned cursor = 0, count = 0;
    while (bp_os_env_next("BUMPALLOC_", &cursor))
        count++;
    CHECK_EQ(count, 2);
    struct bp_os_quota quota;
    bp_os_quota_read("", &quota);
    CHECK(quota.cpu_count >= 1 && quota.cpu_count <= 64 && quota.memory_bytes > BP_MIB);
}

static void the_runtime_behind(void)
{
    void (*release)(void *) = (void (*)(void *))bp_os_next_function("free");
    void *(*obtain)(size_t) = (void *(*)(size_t))bp_os_next_function("malloc");
    REQUIRE(release && obtain);
    CHECK_EQ((size_t)bp_os_next_function("malloc_usable_size"),
             (size_t)bp_os_next_function("_msize"));
    CHECK_NULL(bp_os_next_function("no_such_function"));
    release(obtain(10));
}

// Calls of this kind are refused, and counted.
static enum bp_os_call refused_kind;
static int refusals;

static int refuse(enum bp_os_call call)
{
    refusals += call == refused_kind;
    return call == refused_kind ? ENOMEM : 0;
}

// The call's answer while its kind is refused; the last error stays.
#define REFUSED(kind, call)                                                                        \
    (refusals = 0, refused_kind = kind, bp_os_fault_hook = refuse, SetLastError(4711),             \
     refused(call, __LINE__))

static intptr_t refused(intptr_t answer, int line)
{
    bp_os_fault_hook = NULL;
    CHECK_FMT(refusals == 1, "line %d: %d refusals", line, refusals);
    CHECK_FMT(GetLastError() == 4711, "line %d: last error %lu", line, GetLastError());
    return answer;
}

static void refused_files_stay_as_they_are(void)
{
    intptr_t file;
    size_t n_bytes = 77;
    char page[10] = "";
    REQUIRE(bp_os_file_temporary(NULL, &file) == 0);
    REQUIRE(bp_os_file_allocate(file, 0, 5000) == 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_file_cut(file, 100)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_file_size(file, &n_bytes)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_file_allocated(file, &n_bytes)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_file_sync(file, page, 10)), ENOMEM);
    CHECK_EQ(n_bytes, 77);
    CHECK(bp_os_file_size(file, &n_bytes) == 0 && n_bytes == 5000);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_file_close(file)), ENOMEM);
    CHECK(bp_os_file_size(file, &n_bytes) != 0); // closed all the same
}

static void refused_text_is_not_written(void)
{
    char folder[MAX_PATH], path[MAX_PATH + 32];
    size_t n_bytes = 77;
    intptr_t file;
    REQUIRE(GetTempPathA(sizeof folder, folder) != 0);
    snprintf(path, sizeof path, "%srefused-%lu", folder, GetCurrentProcessId());
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_create(path)), -1);
    CHECK_EQ(GetFileAttributesA(path), INVALID_FILE_ATTRIBUTES);
    int made = bp_os_create(path);
    REQUIRE(made >= 0);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_write(made, "text", 4)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_FILE, bp_os_keep(made)), -1);
    CHECK_EQ(REFUSED(BP_OS_ASK, (intptr_t)bp_os_identity(made)), 0);
    CHECK(bp_os_identity(made) != 0);
    bp_os_close(made);
    REQUIRE(bp_os_file_open(path, false, &file) == 0);
    CHECK(bp_os_file_size(file, &n_bytes) == 0 && n_bytes == 0);
    CHECK_EQ(bp_os_file_close(file), 0);
    CHECK(DeleteFileA(path));
}

static void refused_questions_say_nothing(void)
{
    char *p;
    size_t n_bytes = 77;
    struct bp_os_quota quota;
    REQUIRE(bp_os_map(4096, 4096, (void **)&p) == 0);
    p[0] = 1;
    CHECK_EQ(REFUSED(BP_OS_ASK, bp_os_resident(p, 4096, &n_bytes)), ENOMEM);
    CHECK_EQ(n_bytes, 0);
    CHECK_EQ(REFUSED(BP_OS_ASK, bp_os_commit_try(4096)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_ASK, bp_os_is_readable(p)), 0);
    CHECK_EQ(REFUSED(BP_OS_ASK, bp_os_cpu_count()), 1);
    CHECK_NULL((void *)REFUSED(BP_OS_ASK, (intptr_t)bp_os_next_function("free")));
    refused_kind = BP_OS_ASK;
    bp_os_fault_hook = refuse;
    bp_os_quota_read("", &quota);
    bp_os_fault_hook = NULL;
    CHECK(quota.cpu_count == 1 && quota.memory_bytes == SIZE_MAX);
    CHECK_EQ(bp_os_unmap(p, 4096), 0);
}

static void begin_nothing(void)
{
    CHECK(!"a refused thread");
    for (;;)
        Sleep(1000);
}

// A refused sleep ends at once, or this never does.
static void refused_threads_do_not_start(void)
{
    static bp_atomic_u32 zero;
    CHECK_EQ(REFUSED(BP_OS_THREAD, bp_os_thread_start(begin_nothing)), ENOMEM);
    CHECK_EQ(REFUSED(BP_OS_BARRIER, bp_os_barrier_all()), ENOMEM);
    DWORD before = GetTickCount();
    REFUSED(BP_OS_WAIT, (bp_os_wait(&zero, 0), 0));
    REFUSED(BP_OS_NAP, (bp_os_wait_ms(&zero, 0, 40000), 0));
    CHECK(GetTickCount() - before < 20000);
}

CHECK_MAIN(this_may_be_the_other, pages_change_state, refusals_are_codes, mappings,
           guards_stand_on_both_sides, what_can_be_read_is_known, resident_is_what_was_touched,
           every_process_has_its_random_number, huge_mappings_or_a_refusal,
           ranges_have_any_protection, files_come_and_go, files_lie_behind_pages, clocks_go_on,
           sleepers_are_woken, threads_end_and_start, environment, the_runtime_behind,
           refused_files_stay_as_they_are, refused_text_is_not_written,
           refused_questions_say_nothing, refused_threads_do_not_start)
