// SPDX-License-Identifier: MIT
// The profile's calls: on and off while threads run, files, what is refused, children of fork.
#include "bumpalloc/bumpalloc.h"
#include "check.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char path[] = "/tmp/bumpalloc-calls-XXXXXX";
static volatile int stop;

static long long file_bytes(const char *name)
{
    struct stat status;
    return stat(name, &status) ? -1 : (long long)status.st_size;
}

static void refused_before_start(void)
{
    errno = 77;
    CHECK_EQ(bump_profile_write(path), EINVAL);
    CHECK_EQ(errno, 77);
}

// A profile that nothing has fallen into yet is a profile.
static void nothing_sampled(void)
{
    CHECK_EQ(bump_profile_start((size_t)1 << 50), 0);
    CHECK_EQ(bump_profile_write(path), 0);
    CHECK(file_bytes(path) > 50);
    bump_profile_stop();
}

static void *churn(void *unused)
{
    void *object[64] = {NULL};
    for (unsigned i = 0; !stop; i++) {
        unsigned place = i * 2654435761u >> 26;
        size_t n_bytes = 1 + (i * 40503u & 0x3ff) * (i % 100 ? 1 : 100);
        object[place] =
            i & 1 ? realloc(object[place], n_bytes) : (free(object[place]), malloc(n_bytes));
        memset(object[place], 1, n_bytes);
    }
    for (unsigned i = 0; i < 64; i++)
        free(object[i]);
    return unused;
}

// Threads that never leave the hot path by themselves notice, and nothing breaks.
static void on_and_off_under_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < 40; i++) {
        CHECK_EQ(bump_profile_start(i % 2 ? 512 : 65536), 0);
        usleep(5000);
        CHECK_EQ(bump_profile_write(path), 0);
        bump_profile_stop();
        usleep(2000);
    }
    CHECK(file_bytes(path) > 500);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void file_errors(void)
{
    CHECK_EQ(bump_profile_write("/nonexistent/profile"), ENOENT);
    CHECK_EQ(bump_profile_write("/"), EISDIR);
}

static void process_number(void)
{
    char name[64], expected[64];
    snprintf(name, sizeof name, "%s-%%p", path);
    snprintf(expected, sizeof expected, "%s-%d", path, (int)getpid());
    CHECK_EQ(bump_profile_write(name), 0);
    CHECK(file_bytes(expected) > 0);
    unlink(expected);
}

static void child_of_fork(void)
{
    CHECK_EQ(bump_profile_start(256), 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (int i = 0; i < 10000; i++)
            free(malloc(100 + (size_t)i % 1000));
        _exit(bump_profile_write(path) ? CHECK_FAIL : check_end());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    bump_profile_stop();
}

// A sampled object is as good as any: all of its usable bytes, aligned, resized with its contents.
static void sampled_objects_work(void)
{
    CHECK_EQ(bump_profile_start(1), 0);
    for (size_t n_bytes = 1; n_bytes < 5 << 20; n_bytes = n_bytes * 5 / 2 + 1) {
        unsigned char *object = calloc(1, n_bytes);
        REQUIRE(object);
        CHECK_ALIGNED(object, 16);
        CHECK_FMT(object[0] == 0 && object[n_bytes - 1] == 0, "size %zu", n_bytes);
        memset(object, 0x5a, n_bytes);
        object = realloc(object, 3 * n_bytes);
        REQUIRE(object);
        CHECK_FMT(object[0] == 0x5a && object[n_bytes - 1] == 0x5a, "size %zu", n_bytes);
        free(object);
        object = aligned_alloc(256, (n_bytes + 255) & ~(size_t)255);
        CHECK_ALIGNED(object, 256);
        free(object);
    }
    bump_profile_stop();
}

static void begin(void)
{
    int file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
}

static void end(void)
{
    unlink(path);
}

CHECK_MAIN(begin, refused_before_start, nothing_sampled, on_and_off_under_threads, file_errors,
           process_number, child_of_fork, sampled_objects_work, end)
