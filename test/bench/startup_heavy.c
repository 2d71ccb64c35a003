// SPDX-License-Identifier: MIT
// Preloaded by startup_test.py: a library with a start-up whose price is known. 4 MiB, which are
// 1,024 faults of 4 KiB pages, and 100 ms of processor time: what a busy machine adds to a short
// program is less than half of that.
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HEAVY_BYTES = 4 << 20, HEAVY_MS = 100 };

static long cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void touch_pages(void)
{
    char *at = mmap(NULL, HEAVY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || madvise(at, HEAVY_BYTES, MADV_NOHUGEPAGE))
        _exit(99);
    for (long i = 0; i < HEAVY_BYTES; i += sysconf(_SC_PAGESIZE))
        at[i] = 1;
}

__attribute__((constructor)) static void start_heavily(void)
{
    long start = cpu_ms();
    touch_pages();
    while (cpu_ms() < start + HEAVY_MS)
        ;
}
