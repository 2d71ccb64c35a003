// SPDX-License-Identifier: MIT
// unit.h where there is no fork: a case runs in a process of its own, which is this program again,
// told by its environment which function to run before main.
#ifndef UNIT_WINDOWS_H
#define UNIT_WINDOWS_H

#include "check.h"
#include "prng.h"

#include <windows.h>

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

__attribute__((constructor)) static void unit_child(void)
{
    const char *place = getenv(UNIT_VARIABLE);
    if (!place)
        return;
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

static inline void unit_expect_pass(const char *name, void (*fn)(void))
{
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
