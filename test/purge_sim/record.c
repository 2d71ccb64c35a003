// SPDX-License-Identifier: MIT
// Preloaded into a program: writes how many bytes it has in use over time, as a trace with no
// thinning (record.py does that). RECORD_TO=PREFIX: the trace of process N is PREFIX.N. Time is cut
// into windows of a millisecond; of each the lowest and highest use are written, and where it
// ended, so that a rise and fall within it is not lost. A child made by fork is not recorded
// until it executes another program.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { UNIT_BYTES = 65536, STEP_BYTES = 1 << 20, BEAT_MS = 100, EARLY_BYTES = 65536 };

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned)(size_t, size_t);
    void (*free)(void *);
    size_t (*usable)(void *);
} real;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int file = -1;
static uint64_t start_ms;
static size_t live, low, high, written;      // bytes: now; in this window; on the last line
static uint64_t window_ms, last_ms, beat_ms; // the window's; of the last call; of the last line
static bool low_is_first;                    // in this window
static char text[1 << 16];
static size_t text_length;

// --- the file ---

static void text_flush(void)
{
    for (size_t at = 0; at < text_length;) {
        ssize_t count = write(file, text + at, text_length - at);
        if (count < 0 && errno != EINTR)
            break;
        at += count > 0 ? (size_t)count : 0;
    }
    text_length = 0;
}

static char *decimal(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

static void number_add(uint64_t value, char after)
{
    char digits[24], *first = decimal(digits + sizeof(digits) - 1, value);
    size_t length = (size_t)(digits + sizeof(digits) - 1 - first);
    memcpy(text + text_length, first, length);
    text[text_length + length] = after;
    text_length += length + 1;
}

static void line_add(uint64_t ms, size_t used)
{
    if (text_length + 64 > sizeof(text))
        text_flush();
    number_add(ms, ' ');
    number_add(used, '\n');
    written = used;
    beat_ms = ms;
}

static void line_add_if_new(uint64_t ms, size_t used)
{
    size_t change = used > written ? used - written : written - used;
    size_t step = written / 100 < STEP_BYTES ? written / 100 : STEP_BYTES;
    if (change > (step > UNIT_BYTES ? step : UNIT_BYTES))
        line_add(ms, used);
}

// --- windows ---

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void window_close(uint64_t ms)
{
    line_add_if_new(window_ms, low_is_first ? low : high);
    line_add_if_new(window_ms, low_is_first ? high : low);
    line_add_if_new(last_ms, live);
    if (last_ms >= beat_ms + BEAT_MS)
        line_add(last_ms, live);
    low = high = live;
    window_ms = ms;
}

static void live_change(size_t more, size_t less)
{
    pthread_mutex_lock(&lock);
    uint64_t ms = file >= 0 ? now_ms() - start_ms : 0;
    if (file >= 0 && ms != window_ms)
        window_close(ms);
    live = live + more > less ? live + more - less : 0;
    if (live < low || live > high)
        low_is_first = live > high;
    low = live < low ? live : low;
    high = live > high ? live : high;
    last_ms = ms;
    pthread_mutex_unlock(&lock);
}

// --- the process ---

static void hold(void)
{
    pthread_mutex_lock(&lock);
}

static void go_on(void)
{
    pthread_mutex_unlock(&lock);
}

static void child_stop(void)
{
    close(file);
    file = -1;
    pthread_mutex_unlock(&lock);
}

static void file_open(void)
{
    char name[4096];
    const char *prefix = getenv("RECORD_TO");
    if (!prefix)
        return;
    snprintf(name, sizeof(name), "%s.%d", prefix, (int)getpid());
    int opened = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (opened < 0)
        return;
    // Out of the way of programs that close or count low descriptors.
    file = fcntl(opened, F_DUPFD_CLOEXEC, 500);
    close(opened);
}

__attribute__((constructor)) static void begin(void)
{
    pthread_atfork(hold, go_on, child_stop);
    pthread_mutex_lock(&lock);
    start_ms = now_ms();
    window_ms = last_ms = beat_ms = 0;
    low = high = live;
    file_open();
    if (file >= 0)
        line_add(0, live);
    pthread_mutex_unlock(&lock);
}

// Leaves the level as it is; what a destructor frees after this is not recorded.
__attribute__((destructor)) static void end(void)
{
    pthread_mutex_lock(&lock);
    if (file >= 0) {
        window_close(now_ms() - start_ms);
        line_add(window_ms, written);
        text_flush();
        close(file);
        file = -1;
    }
    pthread_mutex_unlock(&lock);
}

void _exit(int status)
{
    end();
    for (;;)
        syscall(SYS_exit_group, status);
}

// --- the functions ---

// For what the loader asks for while it looks up the real functions.
static char early[EARLY_BYTES];
static size_t early_length;

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void *early_alloc(size_t n_bytes)
{
    char *p = early + early_length;
    early_length += (n_bytes + 15) / 16 * 16;
    if (early_length > sizeof(early))
        abort();
    return p;
}

static bool is_ready(void)
{
    static bool looking;
    if (real.usable)
        return true;
    if (looking)
        return false;
    looking = true;
    *(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real.aligned = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real.free = dlsym(RTLD_NEXT, "free");
    *(void **)&real.usable = dlsym(RTLD_NEXT, "malloc_usable_size");
    looking = false;
    return real.usable;
}

static void *counted(void *p)
{
    if (p)
        live_change(real.usable(p), 0);
    return p;
}

void *malloc(size_t n_bytes)
{
    return is_ready() ? counted(real.malloc(n_bytes)) : early_alloc(n_bytes);
}

void *calloc(size_t count, size_t n_bytes)
{
    return is_ready() ? counted(real.calloc(count, n_bytes)) : early_alloc(count * n_bytes);
}

void free(void *p)
{
    if (!p || is_early(p) || !is_ready())
        return;
    live_change(0, real.usable(p));
    real.free(p);
}

static void *early_move(const void *p, size_t n_bytes)
{
    void *moved = malloc(n_bytes);
    size_t most = (size_t)(early + sizeof(early) - (const char *)p);
    if (moved)
        memcpy(moved, p, n_bytes < most ? n_bytes : most);
    return moved;
}

void *realloc(void *p, size_t n_bytes)
{
    if (!p || !is_ready())
        return malloc(n_bytes);
    if (is_early(p))
        return early_move(p, n_bytes);
    size_t before = real.usable(p);
    void *moved = real.realloc(p, n_bytes);
    if (moved || !n_bytes)
        live_change(moved ? real.usable(moved) : 0, before);
    return moved;
}

void *reallocarray(void *p, size_t count, size_t n_bytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, n_bytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, product);
}

void *aligned_alloc(size_t align, size_t n_bytes)
{
    return is_ready() ? counted(real.aligned(align, n_bytes)) : NULL;
}

void *memalign(size_t align, size_t n_bytes)
{
    return aligned_alloc(align, n_bytes);
}

int posix_memalign(void **ret_pointer, size_t align, size_t n_bytes)
{
    int saved = errno;
    void *p = aligned_alloc(align, n_bytes);
    errno = saved;
    if (!p)
        return ENOMEM;
    *ret_pointer = p;
    return 0;
}

size_t malloc_usable_size(void *p)
{
    return p && !is_early(p) && is_ready() ? real.usable(p) : 0;
}
