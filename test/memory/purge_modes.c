// SPDX-License-Identifier: MIT
// BUMPALLOC_PURGE. `never` runs in a process that is killed by its first madvise; `now` and a
// budget of nothing leave nothing; a budget of 64 MiB keeps that much.
#include "memory.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const size_t sizes[] = {100, 4000, 200000, 8000000};

// From the next exec on, madvise kills.
static void forbid_madvise(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void live(void)
{
    for (int i = 0; i < 4; i++) {
        struct blocks blocks = blocks_take(sizes[i], TOTAL);
        blocks_free(&blocks);
    }
    void *vector = NULL;
    for (size_t n_bytes = 1000; n_bytes < TOTAL; n_bytes += n_bytes / 2)
        vector = realloc(vector, n_bytes);
    vector = realloc(vector, TOTAL / 3);
    free(vector);
    malloc_trim(0);
}

static void leaves_at_most(long most_kib)
{
    for (int i = 0; i < 4; i++) {
        long before = rss_kib();
        struct blocks blocks = blocks_take(sizes[i], TOTAL);
        blocks_free(&blocks);
        CHECK_FMT(rss_kib() - before <= most_kib, "%zu: %ld KiB are left", sizes[i],
                  rss_kib() - before);
    }
}

static void keeps_at_least(long least_kib)
{
    long before = rss_kib();
    struct blocks blocks = blocks_take(4000, TOTAL / 2);
    blocks_free(&blocks);
    CHECK_FMT(rss_kib() - before >= least_kib, "%ld KiB are left", rss_kib() - before);
}

int main(int argc, char **argv)
{
    check_begin();
    REQUIRE(argc > 1);
    if (strcmp(argv[1], "never") == 0) {
        forbid_madvise();
        execl(argv[0], argv[0], "lives", (char *)NULL);
    } else if (strcmp(argv[1], "lives") == 0) {
        live();
    } else if (strcmp(argv[1], "keeps") == 0) {
        keeps_at_least(24 << 10);
    } else {
        leaves_at_most(4 << 10);
    }
    return check_end();
}
