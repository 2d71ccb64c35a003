// SPDX-License-Identifier: MIT
// BUMPALLOC_RESERVE sets the size of the reservation; an address limit makes it smaller, never
// makes the program fail.
#include "maps.h"
#include "prng.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define TIB ((size_t)1 << 40)

struct setting {
    const char *value;  // NULL: not set
    size_t limit;       // RLIMIT_AS; 0: none
    size_t least, most; // bytes of address space that the process then has
};

// Above the reservation itself a small program has some MiB, and the library's tables. Under a
// limit the greater part is left to others: Node and Ruby reserve for code, heaps and fibers.
static const struct setting settings[] = {
    {NULL, 0, 16 * TIB, 17 * TIB},         {"1T", 0, TIB, TIB + 64 * GIB},
    {"8t", 0, 8 * TIB, 9 * TIB},           {"1G", 0, GIB, 2 * GIB},
    {"2097152K", 0, 2 * GIB, 3 * GIB},     {"256M", 0, 256 * MIB, GIB},
    {"67108864", 0, 64 * MIB, 256 * MIB},  {"0", 0, 0, 64 * MIB},
    {NULL, 4 * GIB, GIB, GIB + 512 * MIB}, {NULL, 512 * MIB, 64 * MIB, 512 * MIB},
    {NULL, 64 * MIB, 0, 64 * MIB},         {"1T", 512 * MIB, 64 * MIB, 512 * MIB},
    {"256M", 4 * GIB, 256 * MIB, GIB},
};
enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

static char *self_path;

// In the process with the setting: the allocator works, and has taken that much.
static int report(const struct setting *s)
{
    struct prng rng = {1};
    unsigned char *blocks[200];
    for (int i = 0; i < 200; i++) {
        size_t size = prng_size(&rng, 100000) + 1;
        blocks[i] = malloc(size);
        REQUIRE(blocks[i] != NULL);
        blocks[i][0] = blocks[i][size - 1] = (unsigned char)i;
    }
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(blocks[i][0], i);
        free(blocks[i]);
    }
    size_t n_bytes = (size_t)maps_status_kib("VmSize") << 10;
    if (check_library())
        CHECK_FMT(n_bytes >= s->least && n_bytes <= s->most, "%zu MiB, expected %zu to %zu",
                  n_bytes / MIB, s->least / MIB, s->most / MIB);
    return check_end();
}

__attribute__((noreturn)) static void start(const struct setting *s)
{
    char number[16];
    snprintf(number, sizeof number, "%d", (int)(s - settings));
    struct rlimit limit = {s->limit, s->limit};
    if (s->limit)
        REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    if (s->value)
        REQUIRE(setenv("BUMPALLOC_RESERVE", s->value, 1) == 0);
    execl(self_path, self_path, number, (char *)NULL);
    _exit(CHECK_FAIL);
}

static void run_setting(const struct setting *s)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        start(s);
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_FMT(status == 0, "wait status 0x%x with %s under %zu MiB", status,
              s->value ? s->value : "nothing", s->limit / MIB);
}

int main(int argc, char **argv)
{
    check_begin();
    if (argc > 1)
        return report(&settings[atoi(argv[1]) % SETTING_COUNT]);
    self_path = realpath("/proc/self/exe", NULL);
    REQUIRE(self_path != NULL);
    unsetenv("BUMPALLOC_RESERVE");
    for (int i = 0; i < SETTING_COUNT; i++)
        run_setting(&settings[i]);
    free(self_path);
    return check_end();
}
