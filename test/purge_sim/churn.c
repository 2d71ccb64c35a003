// SPDX-License-Identifier: MIT
// What the recorder's test records: known amounts, at rest for 0.3 s each. Blocks of 64 KiB and a
// little less, so that they and their headers are whole units.
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 65536 - 16, COUNT = 2048 };

static void *blocks[COUNT];

static void rest(void)
{
    usleep(300000);
}

static void take(int first, int last)
{
    for (int i = first; i < last; i++)
        blocks[i] = malloc(BLOCK);
}

static void give(int first, int last)
{
    for (int i = first; i < last; i++)
        free(blocks[i]);
}

static void levels(void)
{
    take(0, 1024);
    rest();
    give(256, 1024);
    rest();
    take(256, 1280);
    rest();
    give(0, 1280);
    rest();
}

// Gone before a clock of milliseconds could tell.
static void peak(void)
{
    take(0, 16);
    rest();
    void *large = malloc(128 << 20);
    free(large);
    rest();
    give(0, 16);
}

// A MiB of each.
static void functions(void)
{
    enum { MIB = 1 << 20 };
    void *aligned = NULL;
    void *all[] = {malloc(MIB), calloc(1024, 1024), aligned_alloc(64, MIB), memalign(4096, MIB),
                   reallocarray(NULL, 2, MIB / 2)};
    char *grown = strdup("grows");
    grown = realloc(grown, 5 * MIB);
    grown = realloc(grown, MIB);
    if (posix_memalign(&aligned, 1024, MIB))
        exit(1);
    rest();
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]);
    free(grown);
    free(aligned);
    rest();
}

static void *churn(void *unused)
{
    void *mine[128];
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 128; i++)
            mine[i] = malloc(BLOCK);
        for (int i = 0; i < 128 && round < 99; i++)
            free(mine[i]);
    }
    rest();
    rest();
    for (int i = 0; i < 128; i++)
        free(mine[i]);
    return unused;
}

static void threads(void)
{
    pthread_t all[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&all[i], NULL, churn, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(all[i], NULL);
    rest();
}

static void forks(void)
{
    take(0, 16);
    if (fork() == 0) {
        take(16, 1024);
        _exit(0);
    }
    wait(NULL);
    rest();
    give(0, 16);
}

int main(int count, char **words)
{
    const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"levels", levels},
                 {"peak", peak},
                 {"functions", functions},
                 {"threads", threads},
                 {"fork", forks}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (count == 2 && strcmp(words[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    return 2;
}
