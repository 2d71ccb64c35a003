// SPDX-License-Identifier: MIT
// A program that has the C runtime's allocator loads a DLL with the library in it: threads that
// were there before have heaps in it, it stays when it is unloaded, and the exit does not wait for
// threads that the exit has ended.
#include "check.h"

#include <windows.h>

enum { THREADS = 8, PATIENCE_MS = 20000, STATUS_OF_NO_RETURN = 0xc000004b };

static const char *path;
static HMODULE plugin;
static HANDLE go;
static void *(*obtain)(size_t);
static void (*release)(void *);
static bool (*owns)(const void *);
static bool (*work)(void);
static void (*hold)(void);

static void *found(const char *name)
{
    void *function = (void *)(size_t)GetProcAddress(plugin, name);
    REQUIRE(function != NULL);
    return function;
}

static void load(void)
{
    plugin = LoadLibraryA(path);
    REQUIRE(plugin != NULL);
    obtain = (void *(*)(size_t))found("plugin_obtain");
    release = (void (*)(void *))found("plugin_release");
    owns = (bool (*)(const void *))found("plugin_owns");
    work = (bool (*)(void))found("plugin_work");
    hold = (void (*)(void))found("plugin_hold_at_exit");
}

static DWORD WINAPI works(void *when)
{
    if (when)
        WaitForSingleObject(when, INFINITE);
    CHECK(work());
    return 0;
}

static void start(HANDLE threads[THREADS], void *when)
{
    for (int i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, works, when, 0, NULL);
}

static void join(HANDLE threads[THREADS])
{
    CHECK_EQ(WaitForMultipleObjects(THREADS, threads, TRUE, PATIENCE_MS), WAIT_OBJECT_0);
    for (int i = 0; i < THREADS; i++)
        CloseHandle(threads[i]);
}

static void threads_from_before_and_after(void)
{
    HANDLE before[THREADS], after[THREADS];
    go = CreateEventA(NULL, TRUE, FALSE, NULL);
    start(before, go);
    load();
    SetEvent(go);
    join(before);
    start(after, NULL);
    join(after);
}

// Each image's blocks are its own. msvcrt's are in nobody's reservation.
static void two_heaps(void)
{
    void *theirs = obtain(100), *mine = malloc(100);
    CHECK(owns(theirs) && !owns(mine));
    free(mine);
    release(theirs);
}

static DWORD WINAPI holds(void *ready)
{
    hold();
    SetEvent(ready);
    Sleep(INFINITE);
    return 0;
}

// Its threads end after it was let go, its blocks are used after it.
static void it_stays(void)
{
    HANDLE threads[THREADS];
    char *block = obtain(70000);
    memset(block, 5, 70000);
    ResetEvent(go);
    start(threads, go);
    CHECK(FreeLibrary(plugin));
    SetEvent(go);
    join(threads);
    CHECK(GetModuleHandleA("plugin.dll") == plugin);
    CHECK(block[0] == 5 && block[69999] == 5);
    release(block);
}

// As another process: it leaves with a thread that holds a lock of the library's.
static void leave(void)
{
    HANDLE ready = CreateEventA(NULL, TRUE, FALSE, NULL);
    load();
    CloseHandle(CreateThread(NULL, 0, holds, ready, 0, NULL));
    WaitForSingleObject(ready, INFINITE);
    exit(0);
}

static void the_exit_ends(void)
{
    char self[MAX_PATH], command[2 * MAX_PATH + 16];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD status = 0;
    REQUIRE(GetModuleFileNameA(NULL, self, sizeof self) < sizeof self);
    snprintf(command, sizeof command, "\"%s\" \"%s\" leave", self, path);
    REQUIRE(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    CHECK_EQ(WaitForSingleObject(process.hProcess, PATIENCE_MS), WAIT_OBJECT_0);
    TerminateProcess(process.hProcess, 1);
    CHECK(GetExitCodeProcess(process.hProcess, &status));
    CHECK_EQ(status, STATUS_OF_NO_RETURN);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
}

int main(int argc, char **argv)
{
    REQUIRE(argc >= 2);
    path = argv[1];
    if (argc > 2)
        leave();
    threads_from_before_and_after();
    two_heaps();
    it_stays();
    the_exit_ends();
    return check_end();
}
