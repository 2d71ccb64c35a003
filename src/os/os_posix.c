// SPDX-License-Identifier: MIT
// What every POSIX system does alike: threads, fork, environment, limits, messages.
#define _GNU_SOURCE
#include "os/os_posix.h"
#include "base/bits.h"
#include "base/limits.h"
#include "os/fault.h"
#include "os/os.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <crt_externs.h>
#else
#include <sys/auxv.h>
#endif

enum { WORKER_STACK_BYTES = 256 << 10 }; // thread-local storage of a program's libraries included

int (*bp_os_fault_hook)(enum bp_os_call call);

#if defined(__APPLE__)
#define environ         (*_NSGetEnviron())
#define IS_PRIVILEGED() issetugid()
#define COARSE_CLOCK    CLOCK_MONOTONIC_RAW_APPROX
#else
extern char **environ;
#define IS_PRIVILEGED() getauxval(AT_SECURE)
#if defined(CLOCK_MONOTONIC_COARSE)
#define COARSE_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define COARSE_CLOCK CLOCK_MONOTONIC
#endif
#endif

// Weak, so that a static program without these links: it has no next definition.
#pragma weak dlsym

static struct bp_os_exit_key exit_key;

// In steps that a small buffer on the stack has room for, whatever the system's page.
int bp_os_resident(void *addr, size_t n_bytes, size_t *ret_bytes)
{
    char of_page[1024];
    size_t page = (size_t)getpagesize(), step = sizeof(of_page) * page, sum = 0;
    int saved = errno, code = bp_os_injected_fault(BP_OS_ASK);
    for (size_t at = 0; at < n_bytes && !code; at += step) {
        size_t n = bp_min(n_bytes - at, step);
        code = mincore((char *)addr + at, n, (void *)of_page) ? errno : 0;
        for (size_t i = 0; i < n / page && !code; i++)
            sum += of_page[i] & 1 ? page : 0;
    }
    errno = saved;
    *ret_bytes = sum;
    return code;
}

size_t bp_os_address_limit(void)
{
    struct rlimit limit;
    int saved = errno;
    bool failed = bp_os_injected_fault(BP_OS_ASK) || getrlimit(RLIMIT_AS, &limit);
    errno = saved;
    return failed || limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)limit.rlim_cur;
}

#define RESERVE_VALGRIND_BYTES (4 * BP_GIB)

// Asks valgrind, if there is one: its client request RUNNING_ON_VALGRIND, which is five
// instructions that do nothing elsewhere (valgrind's manual, "The Client Request mechanism").
static bool is_under_valgrind(void)
{
    uintptr_t answer = 0;
    const uintptr_t request[6] = {0x1001, 0, 0, 0, 0, 0};
#if defined(__x86_64__)
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "=d"(answer)
                     : "a"(request), "0"(answer)
                     : "cc", "memory");
#elif defined(__aarch64__)
    register uintptr_t result __asm__("x3") = 0;
    register const uintptr_t *place __asm__("x4") = request;
    __asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\t"
                     "ror x12, x12, #61\n\torr x10, x10, x10"
                     : "+r"(result)
                     : "r"(place)
                     : "cc", "memory", "x12");
    answer = result;
#endif
    (void)request;
    return answer != 0;
}

// Memcheck keeps a record of every 64 KiB of addresses that are mapped, with memory behind them or
// not: 16 TiB would take it minutes and gigabytes.
size_t bp_os_reserve_default(void)
{
    return is_under_valgrind() ? RESERVE_VALGRIND_BYTES : BP_RESERVE_DEFAULT;
}

bool bp_os_charges_commit(void)
{
    return false;
}

// Walks environ itself: getenv is hooked by others, and may allocate there.
const char *bp_os_env_next(const char *prefix, unsigned *cursor)
{
    size_t length = strlen(prefix);
    if (IS_PRIVILEGED() || !environ)
        return NULL;
    while (environ[*cursor]) {
        const char *entry = environ[(*cursor)++];
        if (strncmp(entry, prefix, length) == 0)
            return entry;
    }
    return NULL;
}

// What a program may say about itself: "purge_floor=32M,thp=never". The library does not define it.
extern const char *bumpalloc_conf BP_WEAK BP_VISIBLE;

const char *bp_os_conf(void)
{
    return &bumpalloc_conf ? bumpalloc_conf : NULL;
}

int bp_os_write(int descriptor, const char *text, size_t n_bytes)
{
    int saved = errno, code = bp_os_injected_fault(BP_OS_FILE);
    while (n_bytes > 0 && !code) {
        ssize_t written = write(descriptor, text, n_bytes);
        if (written <= 0 && errno != EINTR)
            code = errno ? errno : EIO;
        if (written > 0) {
            text += written;
            n_bytes -= (size_t)written;
        }
    }
    errno = saved;
    return code;
}

void bp_os_write_error(const char *text, size_t n_bytes)
{
    bp_os_write(STDERR_FILENO, text, n_bytes);
}

int bp_os_create(const char *path)
{
    int saved = errno;
    if (bp_os_injected_fault(BP_OS_FILE))
        return -1;
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    errno = saved;
    return descriptor;
}

void bp_os_close(int descriptor)
{
    int saved = errno;
    close(descriptor);
    errno = saved;
}

int bp_os_keep(int descriptor)
{
    enum { OUT_OF_THE_WAY = 500 };
    int saved = errno;
    if (bp_os_injected_fault(BP_OS_FILE))
        return -1;
    int kept = fcntl(descriptor, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    errno = saved;
    return kept;
}

uint64_t bp_os_identity(int descriptor)
{
    struct stat about;
    int saved = errno;
    bool failed = bp_os_injected_fault(BP_OS_ASK) || fstat(descriptor, &about);
    errno = saved;
    return failed ? 0 : ((uint64_t)about.st_dev << 40 ^ (uint64_t)about.st_ino) | (uint64_t)1 << 63;
}

void bp_os_abort(void)
{
    abort();
}

void bp_os_yield(void)
{
    sched_yield();
}

uint32_t bp_os_now_ms(void)
{
    struct timespec now = {0, 0};
    int saved = errno;
    clock_gettime(COARSE_CLOCK, &now);
    errno = saved;
    return (uint32_t)now.tv_sec * 1000 + (uint32_t)(now.tv_nsec / 1000000);
}

uint64_t bp_os_now_ns(void)
{
    struct timespec now = {0, 0};
    int saved = errno;
    clock_gettime(CLOCK_MONOTONIC, &now);
    errno = saved;
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int bp_os_exit_key_make(struct bp_os_exit_key *it, void (*fn)(void *))
{
    int code = bp_os_injected_fault(BP_OS_THREAD), saved = errno;
    if (!code)
        code = pthread_key_create(&it->key, fn);
    errno = saved;
    it->made = code == 0;
    return code;
}

int bp_os_exit_key_set(const struct bp_os_exit_key *it, void *argument)
{
    int code = bp_os_injected_fault(BP_OS_THREAD), saved = errno;
    if (code)
        return code;
    code = it->made ? pthread_setspecific(it->key, argument) : EAGAIN; // may allocate
    errno = saved;
    return code;
}

int bp_os_thread_exit_register(void (*fn)(void *))
{
    return bp_os_exit_key_make(&exit_key, fn);
}

int bp_os_thread_exit_arm(void *argument)
{
    return bp_os_exit_key_set(&exit_key, argument);
}

void *bp_os_thread_exit_argument(void)
{
    return exit_key.made ? pthread_getspecific(exit_key.key) : NULL;
}

static void *thread_main(void *fn)
{
    (__extension__(void (*)(void)) fn)();
    return NULL;
}

int bp_os_thread_start(void (*fn)(void))
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int saved = errno;
    if (bp_os_injected_fault(BP_OS_THREAD) || pthread_attr_init(&attributes))
        return ENOMEM;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&thread, &attributes, thread_main, __extension__(void *) fn);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    errno = saved;
    return code;
}

// By the library's own handle: a plugin's runtime is not in the global scope. dlopen is looked up
// too, because a static link warns of those who name it.
void *bp_os_cxx_function(const char *name)
{
    static const char *const runtimes[] = {"libstdc++.so.6", "libc++.so.1"};
    typedef void *opener(const char *, int);
    int saved = errno;
    bool asks = dlsym && !bp_os_injected_fault(BP_OS_ASK);
    void *opens = asks ? dlsym(RTLD_DEFAULT, "dlopen") : NULL;
    void *function = NULL;
    for (unsigned i = 0; opens && i < 2 && !function; i++) {
        void *handle = (__extension__(opener *) opens)(runtimes[i], RTLD_NOLOAD | RTLD_LAZY);
        function = handle ? dlsym(handle, name) : NULL;
    }
    errno = saved;
    return function;
}
