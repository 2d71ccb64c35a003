// SPDX-License-Identifier: MIT
// A program that was linked with the library rather than preloaded: all of libc uses it too.
#include "check.h"
#include "prng.h"

#include <bumpalloc/bumpalloc.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

static void version_is_told(void)
{
    CHECK(bump_version() && bump_version()[0] >= '0' && bump_version()[0] <= '9');
}

static void malloc_family(void)
{
    static const size_t sizes[] = {0, 1, 1000, 32768, 100000, 5 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *blocks[] = {malloc(sizes[i]),        calloc(1, sizes[i]),
                          memalign(64, sizes[i]),  aligned_alloc(128, sizes[i]),
                          valloc(sizes[i]),        pvalloc(sizes[i]),
                          realloc(NULL, sizes[i]), reallocarray(NULL, 1, sizes[i])};
        for (size_t k = 0; k < sizeof blocks / sizeof blocks[0]; k++) {
            CHECK_FMT(bump_owns(blocks[k]), "size %zu, function %zu: %p", sizes[i], k, blocks[k]);
            CHECK(malloc_usable_size(blocks[k]) >= sizes[i]);
            free(blocks[k]);
        }
    }
}

static void foreign_addresses(void)
{
    static int number;
    int local = 0;
    CHECK(!bump_owns(&number));
    CHECK(!bump_owns(&local));
    CHECK(!bump_owns(NULL));
    CHECK(!bump_owns("text"));
}

static void libc_uses_it(void)
{
    char input[] = "one line\n", *line = NULL, *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = fmemopen(input, sizeof input - 1, "r");
    REQUIRE(stream);
    CHECK(bump_owns(stream));
    CHECK_EQ(getline(&line, &n_bytes, stream), 9);
    CHECK(bump_owns(line));
    fclose(stream);
    CHECK_EQ(asprintf(&text, "%s %d", line, 7), 11);
    CHECK(bump_owns(text));
    char *copy = strdup(text);
    CHECK(bump_owns(copy));
    CHECK_STR(copy, "one line\n 7");
    free(copy);
    free(text);
    free(line);
}

static void child_allocates(void)
{
    char *p = malloc(10000);
    REQUIRE(p);
    pattern_fill(p, 10000, 4);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        p = realloc(p, 300000);
        char *q = calloc(1, 50000);
        bool ok = p && pattern_mismatch(p, 10000, 4) == 10000 && q && bump_owns(q);
        free(q);
        free(p);
        printf("the child prints\n");
        exit(ok ? 21 : 22);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_FMT(WIFEXITED(status) && WEXITSTATUS(status) == 21, "status 0x%x", (unsigned)status);
    CHECK_EQ(pattern_mismatch(p, 10000, 4), 10000);
    free(p);
}

static void *allocate_in_thread(void *unused)
{
    for (size_t i = 0; i < 5000; i++) {
        void *p = malloc(i * 7);
        CHECK(bump_owns(p));
        free(p);
    }
    return unused;
}

static void threads_allocate(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, allocate_in_thread, NULL) == 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

CHECK_MAIN(version_is_told, malloc_family, foreign_addresses, libc_uses_it, child_allocates,
           threads_allocate)
