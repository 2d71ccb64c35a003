// SPDX-License-Identifier: MIT
// Holds what it is told to, for whoever looks at it from outside. Commands on stdin, one a line,
// each answered by a line:
//   hold SIZE COUNT   allocates; objects are kept in one list
//   drop EVERY        frees every EVERYth of them
//   churn COUNT       so many pairs of malloc and free, in batches of 400: slow calls among them
//   busy THREADS      that many threads churn from now on
//   spin COUNT        pairs of malloc and free of one object: not one slow call
//   about             threads, open descriptors, system calls' worth of pending signals
//   end               exits
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

enum { OBJECTS_MAX = 1 << 20, BATCH = 400 };

static void **objects; // its own mapping, so that nothing else is allocated
static size_t object_count;
static pthread_t threads[16];

static void hold(size_t size, size_t count)
{
    for (size_t i = 0; i < count && object_count < OBJECTS_MAX; i++) {
        objects[object_count] = malloc(size);
        REQUIRE(objects[object_count] != NULL);
        memset(objects[object_count++], 1, size);
    }
}

static void drop(size_t every)
{
    size_t kept = 0;
    for (size_t i = 0; i < object_count; i++) {
        if (i % every == 0)
            free(objects[i]);
        else
            objects[kept++] = objects[i];
    }
    object_count = kept;
}

static void churn(size_t count)
{
    void *batch[BATCH];
    for (size_t done = 0; done < count; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            batch[i] = malloc(16 + (done + i) % 3000);
        for (size_t i = 0; i < BATCH; i++)
            free(batch[i]);
    }
}

static void spin(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *volatile object = malloc(100);
        free(object);
    }
}

static void *keep_busy(void *unused)
{
    for (;;)
        churn(100 * BATCH);
    return unused;
}

static size_t entries_of(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    REQUIRE(folder != NULL);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static void about(void)
{
    sigset_t pending;
    int signals = 0;
    sigpending(&pending);
    for (int i = 1; i < 64; i++) {
        struct sigaction action;
        bool handled = sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
        signals += handled || sigismember(&pending, i) == 1;
    }
    printf("threads %zu descriptors %zu signals %d\n", entries_of("/proc/self/task"),
           entries_of("/proc/self/fd"), signals);
}

static void obey(const char *line)
{
    size_t a = 0, b = 0;
    if (sscanf(line, "hold %zu %zu", &a, &b) == 2)
        hold(a, b);
    else if (sscanf(line, "drop %zu", &a) == 1)
        drop(a);
    else if (sscanf(line, "churn %zu", &a) == 1)
        churn(a);
    else if (sscanf(line, "spin %zu", &a) == 1)
        spin(a);
    else if (sscanf(line, "busy %zu", &a) == 1)
        for (size_t i = 0; i < a && i < 16; i++)
            REQUIRE(pthread_create(&threads[i], NULL, keep_busy, NULL) == 0);
    if (strncmp(line, "about", 5) == 0)
        about();
    else
        printf("done\n");
    fflush(stdout);
}

int main(void)
{
    char line[100];
    static char in[4096], out[4096];
    setvbuf(stdin, in, _IOFBF, sizeof in);
    setvbuf(stdout, out, _IOFBF, sizeof out);
    objects = mmap(NULL, OBJECTS_MAX * sizeof *objects, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(objects != MAP_FAILED);
    while (fgets(line, sizeof line, stdin) && strncmp(line, "end", 3) != 0)
        obey(line);
    return 0;
}
