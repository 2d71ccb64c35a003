// SPDX-License-Identifier: MIT
// Windows: threads, waiting, environment, messages, the C runtime behind us. Nothing beyond
// kernel32 is imported, so that no program needs another library for us.
#define WIN32_LEAN_AND_MEAN
#include "base/attr.h"
#include "base/bits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_windows.h"
#include "os/thread_local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum {
    WORKER_STACK_BYTES = 256 << 10,
    BED_COUNT = 64,   // a power of two
    ENV_CHARS = 4096, // of all entries that are ours
};

// --- functions that may be absent ---

void *bp_os_kernel_function(bp_atomic_ptr *cell, const char *name)
{
    static char absent;
    void *known = bp_load_ptr_relaxed(cell);
    if (!known) {
        HMODULE kernel = GetModuleHandleA("kernel32.dll");
        known = kernel ? (void *)(size_t)GetProcAddress(kernel, name) : NULL;
        bp_store_ptr_relaxed(cell, known ? known : &absent);
    }
    return known == &absent ? NULL : known;
}

bool bp_os_is_wine(void)
{
    enum { UNKNOWN, NO, YES };
    static bp_atomic_u32 known;
    uint32_t answer = bp_load_u32_relaxed(&known);
    if (answer == UNKNOWN) {
        DWORD saved = GetLastError();
        HMODULE ntdll = GetModuleHandleA("ntdll.dll");
        answer = ntdll && GetProcAddress(ntdll, "wine_get_version") ? YES : NO;
        bp_store_u32_relaxed(&known, answer);
        SetLastError(saved);
    }
    return answer == YES;
}

// --- what the process may use ---

unsigned bp_os_cpu_count(void)
{
    DWORD_PTR own = 0, all = 0;
    DWORD saved = GetLastError();
    bool known = !bp_os_injected_fault(BP_OS_ASK) &&
                 GetProcessAffinityMask(GetCurrentProcess(), &own, &all) && own;
    SetLastError(saved);
    return known ? (unsigned)__builtin_popcountll(own) : 1;
}

// The job object that the process is in: what containers limit.
void bp_os_quota_read(const char *root, struct bp_os_quota *quota)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION job;
    DWORD saved = GetLastError();
    (void)root;
    memset(&job, 0, sizeof(job));
    *quota = (struct bp_os_quota){.memory_bytes = SIZE_MAX, .cpu_count = bp_os_cpu_count()};
    if (!bp_os_injected_fault(BP_OS_ASK) &&
        QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &job, sizeof(job),
                                  NULL)) {
        DWORD limits = job.BasicLimitInformation.LimitFlags;
        if (limits & JOB_OBJECT_LIMIT_PROCESS_MEMORY)
            quota->memory_bytes = job.ProcessMemoryLimit;
        if (limits & JOB_OBJECT_LIMIT_JOB_MEMORY)
            quota->memory_bytes = bp_min(quota->memory_bytes, job.JobMemoryLimit);
    }
    SetLastError(saved);
}

// The kernel has a secret for every process, and kernel32 hides pointers by it; generators of
// random numbers are in other libraries. The heap's place is random too; the mix does not tell what
// it was.
uint64_t bp_os_random(void)
{
    uint64_t secret = (size_t)EncodePointer(NULL);
    uint64_t place = (size_t)GetProcessHeap() >> 16;
    uint64_t mixed = (secret ^ secret >> 29 ^ place) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
    return mixed ^ mixed >> 32;
}

// --- waiting: a parking lot (F. Pizlo, "Locking in WebKit", 2016) on what Vista brought.
// WaitOnAddress would do, but lives in a library that programs do not link by themselves. ---

static struct bed {
    SRWLOCK lock;
    CONDITION_VARIABLE woken;
} beds[BED_COUNT]; // all zero is how both are initialised

static struct bed *bed_of(const bp_atomic_u32 *cell)
{
    return &beds[((size_t)cell >> 2) * 0x9e3779b97f4a7c15u >> 32 & (BED_COUNT - 1)];
}

// A process that exits has one thread left, and its DLLs are still called. The others were ended
// wherever they were: nobody will give a lock that they held, so to wait for it is to hang. Windows
// ends a process that waits for a critical section then, and by this status.
#define STATUS_OF_NO_RETURN 0xc000004bu // STATUS_THREAD_IS_TERMINATING
typedef unsigned char NTAPI teller(void);
static teller *shutdown_teller; // RtlDllShutdownInProgress, since boot

static bool is_last_thread(void)
{
    return shutdown_teller && shutdown_teller();
}

// The value is looked at under the bed's lock, which the waker takes after it changed the value.
static void sleep_ms(bp_atomic_u32 *cell, uint32_t value, uint32_t timeout_ms)
{
    struct bed *bed = bed_of(cell);
    DWORD saved = GetLastError();
    if (is_last_thread())
        TerminateProcess(GetCurrentProcess(), STATUS_OF_NO_RETURN);
    AcquireSRWLockExclusive(&bed->lock);
    if (bp_load_u32_relaxed(cell) == value)
        SleepConditionVariableSRW(&bed->woken, &bed->lock, timeout_ms, 0);
    ReleaseSRWLockExclusive(&bed->lock);
    SetLastError(saved);
}

void bp_os_wait(bp_atomic_u32 *cell, uint32_t value)
{
    if (!bp_os_injected_fault(BP_OS_WAIT))
        sleep_ms(cell, value, INFINITE);
}

void bp_os_wait_ms(bp_atomic_u32 *cell, uint32_t value, uint32_t timeout_ms)
{
    if (!bp_os_injected_fault(BP_OS_NAP))
        sleep_ms(cell, value, timeout_ms);
}

// All sleepers of the bed: they may wait for different cells.
void bp_os_wake(bp_atomic_u32 *cell)
{
    struct bed *bed = bed_of(cell);
    if (is_last_thread()) // a bed may have been locked by one that was ended
        return;
    AcquireSRWLockExclusive(&bed->lock);
    ReleaseSRWLockExclusive(&bed->lock);
    WakeAllConditionVariable(&bed->woken);
}

void bp_os_yield(void)
{
    SwitchToThread();
}

// Wine 8 has the function, but it does nothing.
int bp_os_barrier_all(void)
{
    int code = bp_os_injected_fault(BP_OS_BARRIER);
    if (code || bp_os_is_wine())
        return code ? code : ENOSYS;
    FlushProcessWriteBuffers();
    return 0;
}

uint32_t bp_os_now_ms(void)
{
    return GetTickCount();
}

// Whole seconds apart, so that the product of ticks and nanoseconds does not overflow.
uint64_t bp_os_now_ns(void)
{
    LARGE_INTEGER count, per_second;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&per_second);
    uint64_t ticks = (uint64_t)count.QuadPart, second = (uint64_t)per_second.QuadPart;
    return ticks / second * 1000000000 + ticks % second * 1000000000 / second;
}

// --- threads ---

static DWORD WINAPI thread_main(void *fn)
{
    (__extension__(void (*)(void)) fn)();
    return 0;
}

int bp_os_thread_start(void (*fn)(void))
{
    DWORD saved = GetLastError();
    int code = bp_os_injected_fault(BP_OS_THREAD);
    if (code)
        return code;
    HANDLE thread = CreateThread(NULL, WORKER_STACK_BYTES, thread_main, __extension__(void *) fn,
                                 STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread)
        CloseHandle(thread);
    SetLastError(saved);
    return thread ? 0 : EAGAIN;
}

static void (*exit_function)(void *);
static BP_USED BP_THREAD_LOCAL void *exit_word;
#define exit_argument BP_THREAD_LOCAL_AT(exit_word)

static void NTAPI on_thread_event(void *image, DWORD reason, void *reserved);

// Threads that end call into this image, and its blocks may outlive whoever loaded it: as a DLL it
// stays. Boot holds no lock of ours, and on the way into an image it has the loader's.
int bp_os_thread_exit_register(void (*fn)(void *))
{
    DWORD saved = GetLastError();
    HMODULE self, ntdll = GetModuleHandleA("ntdll.dll");
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                       __extension__(const char *) on_thread_event, &self);
    if (ntdll)
        shutdown_teller = (teller *)(size_t)GetProcAddress(ntdll, "RtlDllShutdownInProgress");
    SetLastError(saved);
    exit_function = fn;
    return 0;
}

int bp_os_thread_exit_arm(void *argument)
{
    exit_argument = argument;
    return 0;
}

void *bp_os_thread_exit_argument(void)
{
    return exit_argument;
}

// The loader calls what stands between .CRT$XLA and .CRT$XLZ, in order: Y comes after the C++
// runtimes' own, whose destructors may still free.
static void NTAPI on_thread_event(void *image, DWORD reason, void *reserved)
{
    (void)image, (void)reserved;
    void *argument = reason == DLL_THREAD_DETACH ? exit_argument : NULL;
    if (!argument || !exit_function)
        return;
    exit_argument = NULL;
    exit_function(argument);
}

BP_USED static const PIMAGE_TLS_CALLBACK thread_event __attribute__((section(".CRT$XLY"))) =
    on_thread_event;

int bp_os_fork_register(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    return ENOSYS;
}

// --- environment ---

// What a program may say about itself. Here a weak name that nobody defines is not 0 but out of
// reach: so it is defined, as weakly.
extern const char *bumpalloc_conf;
BP_WEAK const char *bumpalloc_conf = NULL;

const char *bp_os_conf(void)
{
    return bumpalloc_conf;
}

static char env_text[ENV_CHARS]; // entries, each ended by 0; an empty one ends them
static bool env_is_read;

static bool is_ascii(const WCHAR *entry, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (entry[i] > 126)
            return false;
    }
    return true;
}

// Takes one entry over if it fits and is plain ASCII, as all ours are.
static void env_add(const WCHAR *entry, size_t length, size_t *used)
{
    if (length + 2 > ENV_CHARS - *used || !is_ascii(entry, length))
        return;
    for (size_t i = 0; i < length; i++)
        env_text[*used + i] = (char)entry[i];
    *used += length + 1;
}

// By whoever boots the library, once; the block is a copy in the process's own heap.
static void env_read(void)
{
    static const WCHAR ours[] = L"BUMPALLOC_";
    enum { OURS_CHARS = sizeof(ours) / sizeof(ours[0]) - 1 };
    WCHAR *block = GetEnvironmentStringsW();
    size_t used = 0;
    env_is_read = true;
    for (const WCHAR *entry = block; entry && *entry;) {
        size_t length = (size_t)lstrlenW(entry);
        if (length > OURS_CHARS && memcmp(entry, ours, OURS_CHARS * sizeof(WCHAR)) == 0)
            env_add(entry, length, &used);
        entry += length + 1;
    }
    if (block)
        FreeEnvironmentStringsW(block);
}

const char *bp_os_env_next(const char *prefix, unsigned *cursor)
{
    size_t length = strlen(prefix);
    if (!env_is_read)
        env_read();
    while (*cursor < ENV_CHARS && env_text[*cursor]) {
        const char *entry = env_text + *cursor;
        *cursor += (unsigned)strlen(entry) + 1;
        if (strncmp(entry, prefix, length) == 0)
            return entry;
    }
    return NULL;
}

void bp_os_abort(void)
{
    abort();
}

// --- the C runtime behind us ---

extern void *const __imp__errno; // the runtime that this image uses exports it

// An image that has the runtime in itself (/MT): that runtime uses the process's heap.
static void *heap_checked(void *pointer)
{
    if (!HeapValidate(GetProcessHeap(), 0, pointer))
        bp_os_abort();
    return pointer;
}

static void heap_free(void *pointer)
{
    HeapFree(GetProcessHeap(), 0, heap_checked(pointer));
}

static void *heap_realloc(void *pointer, size_t n_bytes)
{
    return HeapReAlloc(GetProcessHeap(), 0, heap_checked(pointer), n_bytes);
}

static size_t heap_size(void *pointer)
{
    return HeapSize(GetProcessHeap(), 0, heap_checked(pointer));
}

static void *heap_function(const char *name)
{
    if (strcmp(name, "free") == 0)
        return __extension__(void *) heap_free;
    if (strcmp(name, "realloc") == 0)
        return __extension__(void *) heap_realloc;
    return strcmp(name, "_msize") == 0 ? __extension__(void *) heap_size : NULL;
}

// The runtime's functions stand in the DLL that errno comes from, if there is one.
void *bp_os_next_function(const char *name)
{
    HMODULE runtime = NULL;
    DWORD saved = GetLastError();
    void *function = NULL;
    DWORD how =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (bp_os_injected_fault(BP_OS_ASK))
        return NULL;
    if (strcmp(name, "malloc_usable_size") == 0)
        name = "_msize";
    if (GetModuleHandleExA(how, __imp__errno, &runtime))
        function = (void *)(size_t)GetProcAddress(runtime, name);
    SetLastError(saved);
    return function ? function : heap_function(name);
}

void *bp_os_cxx_function(const char *name)
{
    (void)name;
    return NULL;
}
