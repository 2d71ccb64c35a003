// SPDX-License-Identifier: MIT
// A sandbox denies madvise, munmap and mremap: free still keeps errno and blocks their contents.
#include "conform.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { MAGIC = 4242 };

static bool deny_giving_back(void)
{
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void free_keeps_errno(void)
{
    static const size_t sizes[] = {100, 5000, 30000, 200000, 3 * MIB, 40 * MIB};
    enum { N = 64, N_SIZES = sizeof sizes / sizeof sizes[0] };
    static char *blocks[N];
    for (size_t i = 0; i < N; i++) {
        blocks[i] = malloc(sizes[i % N_SIZES]);
        REQUIRE(blocks[i]);
        touch(blocks[i], sizes[i % N_SIZES]);
    }
    for (size_t i = 0; i < N; i++) {
        errno = MAGIC;
        free(blocks[i]);
        CHECK_EQ(errno, MAGIC);
    }
    malloc_trim(0);
    errno = MAGIC;
    free(malloc(opaque(50)));
    CHECK_EQ(errno, MAGIC);
}

// Dirty memory that could not be given back must not come out of calloc as it is.
static void calloc_still_clears(void)
{
    for (size_t n_bytes = 100; n_bytes < 64 * MIB; n_bytes = n_bytes * 3 + 1) {
        unsigned char *p = malloc(n_bytes);
        REQUIRE(p);
        memset(p, 0xff, n_bytes);
        free(p);
        p = calloc(1, n_bytes);
        REQUIRE(p);
        CHECK_EQ(pattern_nonzero(p, n_bytes), n_bytes);
        free(p);
    }
}

// Without mremap a block that grows has to be copied.
static void realloc_still_copies(void)
{
    char *p = malloc(2 * MIB);
    REQUIRE(p);
    pattern_fill(p, 2 * MIB, 5);
    for (size_t n_bytes = 3 * MIB; n_bytes < 100 * (size_t)MIB; n_bytes *= 2) {
        char *moved = realloc(p, n_bytes);
        REQUIRE(moved);
        p = moved;
        CHECK_EQ(pattern_mismatch(p, 2 * MIB, 5), 2 * MIB);
    }
    free(p);
}

int main(void)
{
    check_begin();
    if (!deny_giving_back())
        check_skip("no seccomp here");
    free_keeps_errno();
    calloc_still_clears();
    realloc_still_copies();
    return check_end();
}
