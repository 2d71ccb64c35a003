// SPDX-License-Identifier: MIT
// BUMPALLOC_BACKGROUND=1: what idles goes back within two seconds and without a call; the worker is
// there only when it has something to do, has no timer at rest, and is there again after fork.
#include "memory.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static int thread_count(void)
{
    char text[2048] = "";
    int file = open("/proc/self/status", O_RDONLY);
    REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
    close(file);
    return (int)strtol(strstr(text, "Threads:") + 8, NULL, 10);
}

// Voluntary switches of the thread that is not the main one.
static long worker_switches(void)
{
    char name[64], text[4096] = "";
    long switches = -1;
    DIR *tasks = opendir("/proc/self/task");
    REQUIRE(tasks);
    for (struct dirent *it; (it = readdir(tasks));) {
        long id = strtol(it->d_name, NULL, 10);
        if (id <= 0 || id == getpid())
            continue;
        snprintf(name, sizeof name, "/proc/self/task/%ld/status", id);
        int file = open(name, O_RDONLY);
        REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
        close(file);
        switches = strtol(strstr(text, "\nvoluntary_ctxt_switches:") + 25, NULL, 10);
    }
    closedir(tasks);
    return switches;
}

static void gives_back(void)
{
    static const size_t sizes[] = {100, 4000, 200000, 8000000};
    for (int i = 0; i < 4; i++) {
        long before = rss_kib();
        struct blocks blocks = blocks_take(sizes[i], TOTAL);
        blocks_free(&blocks);
        CHECK_FMT(falls(before, 4096, 2000), "%zu: %ld KiB are left", sizes[i], rss_kib() - before);
    }
}

static pthread_barrier_t barrier;

static void *keep(void *arg)
{
    for (size_t n_bytes = 16; n_bytes < 1000000; n_bytes = n_bytes * 3 / 2) {
        struct blocks blocks = blocks_take(n_bytes, 4 << 20);
        blocks_free(&blocks);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    free(malloc((size_t)arg));
    return NULL;
}

static void takes_from_idle_threads(void)
{
    pthread_t thread;
    long before = rss_kib();
    pthread_barrier_init(&barrier, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, keep, (void *)100) == 0);
    pthread_barrier_wait(&barrier);
    CHECK_FMT(falls(before, 4096, 3000), "%ld KiB are left", rss_kib() - before);
    pthread_barrier_wait(&barrier);
    REQUIRE(pthread_join(thread, NULL) == 0);
}

static void sleeps_without_a_timer(void)
{
    sleep(5);
    long first = worker_switches(); // reading allocates a little, and may wake it
    sleep(4);
    first = worker_switches();
    usleep(1500000);
    long second = worker_switches();
    CHECK_FMT(second - first <= 4, "%ld switches while nothing happened", second - first);
}

static void is_there_after_fork(void)
{
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (thread_count() != 1)
            _exit(1);
        gives_back();
        _exit(thread_count() == 2 ? check_end() : 3);
    }
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

int main(void)
{
    check_begin();
    CHECK_EQ(thread_count(), 1);
    gives_back();
    CHECK_EQ(thread_count(), 2);
    takes_from_idle_threads();
    is_there_after_fork();
    sleeps_without_a_timer();
    return check_end();
}
