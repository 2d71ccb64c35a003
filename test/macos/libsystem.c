// SPDX-License-Identifier: MIT
#include "libsystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

// --- numbers that differ ---

static int mac_getrlimit(int resource, struct rlimit *ret_limit)
{
    int code = getrlimit(resource == 5 ? RLIMIT_AS : RLIMIT_CPU, ret_limit);
    if (code == 0 && ret_limit->rlim_cur == RLIM_INFINITY)
        ret_limit->rlim_cur = ((rlim_t)1 << 63) - 1;
    return code;
}

static int mac_clock_gettime(int clock, struct timespec *ret_now)
{
    (void)clock;
    return clock_gettime(CLOCK_MONOTONIC, ret_now);
}

// glibc allocates for keys beyond the 32nd, macOS for none: so a few are made before anybody's.
enum { KEYS = 4 };
static pthread_key_t keys[KEYS];
static void (*destructors[KEYS])(void *);
static unsigned keys_used;

#define DESTRUCTOR(n)                                                                              \
    static void destroy_##n(void *value)                                                           \
    {                                                                                              \
        if (destructors[n])                                                                        \
            destructors[n](value);                                                                 \
    }
DESTRUCTOR(0)
DESTRUCTOR(1)
DESTRUCTOR(2)
DESTRUCTOR(3)

static __attribute__((constructor(101))) void keys_make(void)
{
    static void (*const trampolines[KEYS])(void *) = {destroy_0, destroy_1, destroy_2, destroy_3};
    for (int i = 0; i < KEYS; i++) {
        if (pthread_key_create(&keys[i], trampolines[i]))
            abort();
    }
}

static int mac_key_create(unsigned long *ret_key, void (*destructor)(void *))
{
    if (keys_used == KEYS)
        return EAGAIN;
    destructors[keys_used] = destructor;
    *ret_key = keys[keys_used++];
    return 0;
}

static void *mac_getspecific(unsigned long key)
{
    return pthread_getspecific((pthread_key_t)key);
}

static int mac_setspecific(unsigned long key, const void *value)
{
    return pthread_setspecific((pthread_key_t)key, value);
}

static int mac_sigmask(int how, const unsigned *set, unsigned *ret_before)
{
    sigset_t mine, before;
    (void)how;
    if (set && *set)
        sigfillset(&mine);
    else
        sigemptyset(&mine);
    int code = pthread_sigmask(SIG_SETMASK, &mine, &before);
    if (ret_before)
        *ret_before = 0;
    return code;
}

static int mac_sigfillset(unsigned *set)
{
    *set = ~0u;
    return 0;
}

static int mac_setdetachstate(pthread_attr_t *attributes, int state)
{
    return pthread_attr_setdetachstate(attributes, state == 2 ? PTHREAD_CREATE_DETACHED
                                                              : PTHREAD_CREATE_JOINABLE);
}

static int mac_ulock_wait(uint32_t operation, void *address, uint64_t value, uint32_t timeout_us)
{
    struct timespec timeout = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
    (void)operation;
    return (int)syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, (uint32_t)value,
                        timeout_us ? &timeout : NULL, NULL, 0);
}

static int mac_ulock_wake(uint32_t operation, void *address, uint64_t value)
{
    (void)operation, (void)value;
    return (int)syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int mac_sysctlbyname(const char *name, void *ret_value, size_t *n_bytes, void *value,
                            size_t value_bytes)
{
    (void)value, (void)value_bytes;
    if (strcmp(name, "hw.activecpu") != 0 || *n_bytes < sizeof(int))
        return -1;
    *(int *)ret_value = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return 0;
}

// On arm64 Apple passes what follows the dots on the stack, where the ninth word of Linux's is.
#if defined(__aarch64__)
#define DOTS        long r2, long r3, long r4, long r5, long r6, long r7, long value
#define DOTS_UNUSED (void)r2, (void)r3, (void)r4, (void)r5, (void)r6, (void)r7
#else
#define DOTS        long value
#define DOTS_UNUSED (void)0
#endif

static int mac_open(const char *path, long flags, DOTS)
{
    int translated = (flags & 1   ? O_WRONLY
                      : flags & 2 ? O_RDWR
                                  : O_RDONLY) |
                     (flags & 0x200 ? O_CREAT : 0) | (flags & 0x400 ? O_TRUNC : 0) | O_CLOEXEC;
    DOTS_UNUSED;
    return open(path, translated, (mode_t)value);
}

struct mac_hole {
    uint32_t flags, reserved;
    int64_t offset, length;
};

// As APFS has it: whole blocks alone.
static int punch(int file, const struct mac_hole *hole)
{
    if ((hole->offset | hole->length) & 4095) {
        errno = EINVAL;
        return -1;
    }
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole->offset, hole->length);
}

static int mac_fcntl(int file, long command, DOTS)
{
    DOTS_UNUSED;
    if (command == 67)
        return fcntl(file, F_DUPFD_CLOEXEC, (int)value);
    if (command == 2)
        return fcntl(file, F_SETFD, (int)value);
    return command == 99 ? punch(file, (const struct mac_hole *)value) : -1;
}

struct mac_stat {
    int32_t device;
    uint16_t mode, links;
    uint64_t inode;
    char others[80];
    int64_t n_bytes, blocks;
    char more[32];
};
_Static_assert(offsetof(struct mac_stat, n_bytes) == 96, "as Apple has it");

static int mac_fstat(int file, struct mac_stat *ret_status)
{
    struct stat status;
    int code = fstat(file, &status);
    memset(ret_status, 0, sizeof(*ret_status));
    if (code == 0) {
        ret_status->device = (int32_t)status.st_dev;
        ret_status->inode = status.st_ino;
        ret_status->mode = (uint16_t)status.st_mode;
        ret_status->n_bytes = status.st_size;
        ret_status->blocks = status.st_blocks;
    }
    return code;
}

// macOS keeps /tmp there.
static int mac_mkstemp(char *pattern)
{
    static const char private[] = "/private/tmp/";
    size_t more = strncmp(pattern, private, sizeof(private) - 1) == 0 ? strlen("/private") : 0;
    return mkstemp(pattern + more);
}

static int mac_unlink(const char *path)
{
    static const char private[] = "/private/tmp/";
    size_t more = strncmp(path, private, sizeof(private) - 1) == 0 ? strlen("/private") : 0;
    return unlink(path + more);
}

// --- funopen, by what glibc has ---

struct mac_file {
    void *cookie;
    int (*read)(void *, char *, int);
    int (*write)(void *, const char *, int);
    int64_t (*seek)(void *, int64_t, int);
};

static ssize_t file_read(void *cookie, char *buffer, size_t n_bytes)
{
    const struct mac_file *file = cookie;
    return file->read ? file->read(file->cookie, buffer, (int)n_bytes) : -1;
}

static ssize_t file_write(void *cookie, const char *buffer, size_t n_bytes)
{
    const struct mac_file *file = cookie;
    int done = file->write ? file->write(file->cookie, buffer, (int)n_bytes) : -1;
    return done < 0 ? 0 : done;
}

static int file_seek(void *cookie, off64_t *offset, int origin)
{
    const struct mac_file *file = cookie;
    int64_t at = file->seek(file->cookie, *offset, origin);
    *offset = at < 0 ? *offset : at;
    return at < 0 ? -1 : 0;
}

static int file_close(void *cookie)
{
    free(cookie);
    return 0;
}

static FILE *mac_funopen(void *cookie, int (*reader)(void *, char *, int),
                         int (*writer)(void *, const char *, int),
                         int64_t (*seeker)(void *, int64_t, int), int (*closer)(void *))
{
    static const cookie_io_functions_t functions = {file_read, file_write, file_seek, file_close};
    struct mac_file *file = malloc(sizeof(*file));
    (void)closer;
    if (!file)
        return NULL;
    *file = (struct mac_file){cookie, reader, writer, seeker};
    return fopencookie(file, !reader ? "w" : writer ? "r+" : "r", functions);
}

static int mac_issetugid(void)
{
    return getauxval(AT_SECURE) != 0;
}

static char ***mac_environ(void)
{
    return &environ;
}

static void *mac_dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL; // no C++ runtime of macOS here
}

static void mac_bzero(void *at, size_t n_bytes)
{
    memset(at, 0, n_bytes);
}

// What the library only names, to replace it: each has an address of its own.
#define ONLY_NAMED(name)                                                                           \
    static void only_##name(void)                                                                  \
    {                                                                                              \
        abort_for(#name);                                                                          \
    }
static void abort_for(const char *name)
{
    fprintf(stderr, "%s is libSystem's, and was called\n", name);
    abort();
}
ONLY_NAMED(calloc)
ONLY_NAMED(realloc)
ONLY_NAMED(reallocf)
ONLY_NAMED(valloc)
ONLY_NAMED(free)
ONLY_NAMED(vfree)
ONLY_NAMED(malloc_good_size)
ONLY_NAMED(posix_memalign)
ONLY_NAMED(aligned_alloc)
ONLY_NAMED(strdup)
ONLY_NAMED(strndup)
ONLY_NAMED(fprintf)

static void stack_failed(void)
{
    abort_for("__stack_chk_fail");
}
static size_t stack_guard = 0x5aa5;

#define SAME(name)                                                                                 \
    {                                                                                              \
#name, (void *)(size_t)(name)                                                              \
    }
#define NAMED(name) OTHER(name, only_##name)

static const struct libsystem_function functions[] = {
    OTHER(__error, __errno_location),
    OTHER(__stack_chk_fail, stack_failed),
    OTHER(__stack_chk_guard, &stack_guard),
    OTHER(__ulock_wait, mac_ulock_wait),
    OTHER(__ulock_wake, mac_ulock_wake),
    OTHER(_NSGetEnviron, mac_environ),
    SAME(abort),
    OTHER(__bzero, mac_bzero),
    OTHER(bzero, mac_bzero),
    OTHER(clock_gettime, mac_clock_gettime),
    SAME(close),
    OTHER(open, mac_open),
    OTHER(fcntl, mac_fcntl),
    OTHER(fstat, mac_fstat),
    OTHER(fstat$INODE64, mac_fstat),
    SAME(fclose),
    SAME(ftruncate),
    SAME(fwrite),
    OTHER(funopen, mac_funopen),
    OTHER(mkstemp, mac_mkstemp),
    SAME(pread),
    SAME(pwrite),
    OTHER(unlink, mac_unlink),
    SAME(vsnprintf),
    SAME(getentropy),
    SAME(strcspn),
    SAME(strspn),
    SAME(strstr),
    SAME(strrchr),
    OTHER(dlsym, mac_dlsym),
    SAME(fputs),
    NAMED(fprintf),
    SAME(getpagesize),
    SAME(getpid),
    OTHER(getrlimit, mac_getrlimit),
    OTHER(issetugid, mac_issetugid),
    NAMED(calloc),
    NAMED(realloc),
    NAMED(reallocf),
    NAMED(valloc),
    NAMED(free),
    NAMED(vfree),
    NAMED(malloc_good_size),
    NAMED(posix_memalign),
    NAMED(aligned_alloc),
    NAMED(strdup),
    NAMED(strndup),
    OTHER(realpath$DARWIN_EXTSN, realpath),
    SAME(memchr),
    SAME(memcmp),
    SAME(memcpy),
    SAME(memmove),
    SAME(memset),
    SAME(pthread_attr_destroy),
    SAME(pthread_attr_init),
    OTHER(pthread_attr_setdetachstate, mac_setdetachstate),
    SAME(pthread_attr_setstacksize),
    SAME(pthread_create),
    OTHER(pthread_getspecific, mac_getspecific),
    OTHER(pthread_key_create, mac_key_create),
    OTHER(pthread_setspecific, mac_setspecific),
    OTHER(pthread_sigmask, mac_sigmask),
    SAME(sched_yield),
    OTHER(sigfillset, mac_sigfillset),
    SAME(strchr),
    SAME(strcmp),
    SAME(strlen),
    SAME(strncmp),
    SAME(strnlen),
    OTHER(sysctlbyname, mac_sysctlbyname),
    SAME(write),
    {NULL, NULL},
};

static void *find(const struct libsystem_function *table, const char *name)
{
    for (; table->name; table++) {
        if (strcmp(table->name, name) == 0)
            return table->function;
    }
    return NULL;
}

void *libsystem_resolve(const char *name)
{
    void *function = find(functions, name);
    if (!function)
        function = find(libsystem_memory_functions, name);
    return function ? function : find(libsystem_zone_functions, name);
}
