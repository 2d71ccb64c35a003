// SPDX-License-Identifier: MIT
// unit.h where there is no fork: a case runs in a process of its own, which is this program again,
// told by its environment which function to run before main.
#ifndef UNIT_WINDOWS_H
#define UNIT_WINDOWS_H

#include "check.h"
#include "prng.h"

#include <windows.h>

#include <psapi.h>

enum { UNIT_SECONDS = 60, UNIT_TEXT = 4096 };
#define UNIT_VARIABLE "UNIT_CASE"

struct unit_case {
    const char *name;
    void (*run)(void);
};

// A crash is an exit status, and no matter for a debugger.
static LONG WINAPI unit_crash(EXCEPTION_POINTERS *what)
{
    TerminateProcess(GetCurrentProcess(), what->ExceptionRecord->ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}

// Cases that rest on what this system lacks are left out by name, in test/windows/meson.build,
// which says why. A name that no case has is a failure: the list is to be as short as it can.
static const char *unit_left_out; // the rest of the list, in the order of the cases

static inline bool unit_leave_out(const char *name)
{
    size_t length = strlen(name);
    if (!unit_left_out || strncmp(unit_left_out, name, length) != 0 ||
        (unit_left_out[length] && unit_left_out[length] != ' '))
        return false;
    unit_left_out += length + (unit_left_out[length] == ' ');
    return true;
}

static inline void unit_all_were_left_out(void)
{
    if (unit_left_out && *unit_left_out) {
        check_print("no case to leave out: %s", unit_left_out);
        _exit(CHECK_FAIL);
    }
}

__attribute__((constructor)) static void unit_child(void)
{
    const char *place = getenv(UNIT_VARIABLE);
    if (!place) {
        unit_left_out = getenv("UNIT_LEAVE_OUT");
        atexit(unit_all_were_left_out);
        return;
    }
    SetUnhandledExceptionFilter(unit_crash);
    char *image = (char *)GetModuleHandleA(NULL);
    void (*run)(void) = (void (*)(void))(void *)(image + strtoull(place, NULL, 10));
    run();
    _exit(check_end());
}

static inline HANDLE unit_start(void (*fn)(void), HANDLE error)
{
    char path[1024], place[32];
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = error;
    snprintf(place, sizeof place, "%llu",
             (unsigned long long)((char *)(void *)fn - (char *)GetModuleHandleA(NULL)));
    REQUIRE(GetModuleFileNameA(NULL, path, sizeof path) < sizeof path);
    SetEnvironmentVariableA(UNIT_VARIABLE, place);
    REQUIRE(CreateProcessA(path, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process));
    SetEnvironmentVariableA(UNIT_VARIABLE, NULL);
    CloseHandle(process.hThread);
    return process.hProcess;
}

static inline int unit_wait(HANDLE child)
{
    DWORD status = 0;
    if (WaitForSingleObject(child, UNIT_SECONDS * 1000) != WAIT_OBJECT_0)
        TerminateProcess(child, 124);
    WaitForSingleObject(child, INFINITE);
    GetExitCodeProcess(child, &status);
    CloseHandle(child);
    return (int)status;
}

// The exit status of a process that runs fn.
static inline int unit_fork(void (*fn)(void))
{
    return unit_wait(unit_start(fn, GetStdHandle(STD_ERROR_HANDLE)));
}

// abort of either C runtime.
static inline bool unit_aborted(int status)
{
    return status == 3;
}

static inline bool unit_is_mapped(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof info) && info.State != MEM_FREE;
}

static inline bool unit_is_resident(const void *address)
{
    PSAPI_WORKING_SET_EX_INFORMATION page = {.VirtualAddress = (void *)(uintptr_t)address};
    REQUIRE(K32QueryWorkingSetEx(GetCurrentProcess(), &page, sizeof page));
    return page.VirtualAttributes.Valid;
}

static inline int unit_sink(void)
{
    return (int)(intptr_t)CreateFileA("NUL", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
}

static inline unsigned unit_open_files(void)
{
    DWORD count = 0;
    REQUIRE(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

static inline int setenv(const char *name, const char *value, int replace)
{
    (void)replace;
    return SetEnvironmentVariableA(name, value) ? 0 : -1;
}

static inline void unit_expect_pass(const char *name, void (*fn)(void))
{
    if (unit_leave_out(name))
        return;
    int status = unit_fork(fn);
    CHECK_FMT(status == CHECK_PASS, "%s: exit status 0x%x", name, (unsigned)status);
}

// What a failed assertion of the checks build does.
static inline void unit_expect_trap(const char *name, void (*fn)(void))
{
    int status = unit_fork(fn);
    CHECK_FMT((DWORD)status == EXCEPTION_ILLEGAL_INSTRUCTION, "%s: exit status 0x%x", name,
              (unsigned)status);
}

// The exit status of a process that runs fn, and all that it wrote to stderr.
static inline int unit_capture(void (*fn)(void), char ret_text[UNIT_TEXT])
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    HANDLE reader, writer;
    DWORD length = 0, n = 0;
    REQUIRE(CreatePipe(&reader, &writer, &inherit, 0));
    HANDLE child = unit_start(fn, writer);
    CloseHandle(writer);
    while (length < UNIT_TEXT - 1 &&
           ReadFile(reader, ret_text + length, UNIT_TEXT - 1 - length, &n, NULL) && n)
        length += n;
    ret_text[length] = 0;
    CloseHandle(reader);
    return unit_wait(child);
}

// Can the page be read, or written?
static inline bool unit_can(const void *address, bool to_write)
{
    MEMORY_BASIC_INFORMATION info;
    REQUIRE(VirtualQuery(address, &info, sizeof info));
    return info.State == MEM_COMMIT &&
           (info.Protect == PAGE_READWRITE || (!to_write && info.Protect == PAGE_READONLY));
}

#endif
