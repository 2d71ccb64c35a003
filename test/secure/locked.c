// SPDX-License-Identifier: MIT
// Memory that is locked: locked [no_marks]. Linux 6.13 and 6.14 set no guard marks there, so they
// end in a program that calls mlockall, and those that it has by then must go all the same: with
// no_marks later kernels are made to do so.
#include "check.h"
#include "prng.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    GUARD_INSTALL = 102,
    COUNT = 150,
    STEPS = 6000,
    SMALL_COUNT = 20000,
    LARGE_BYTES = 200000,
    PAGE = 4096
};

static struct block {
    unsigned char *start;
    size_t n_bytes;
} blocks[COUNT];

static struct prng rng = {7};

static size_t size_drawn(void)
{
    size_t most = prng_below(&rng, 4) ? 40000 : 600000;
    return 1 + prng_below(&rng, prng_below(&rng, 3) ? most : 2000);
}

static void block_free(struct block *it)
{
    CHECK_EQ(pattern_mismatch(it->start, it->n_bytes, it->n_bytes), it->n_bytes);
    free(it->start);
    it->start = NULL;
}

static void block_take(struct block *it)
{
    bool zeroed = prng_below(&rng, 2);
    it->n_bytes = size_drawn();
    it->start = zeroed ? calloc(1, it->n_bytes) : malloc(it->n_bytes);
    REQUIRE(it->start != NULL);
    if (zeroed)
        CHECK_EQ(pattern_nonzero(it->start, it->n_bytes), it->n_bytes);
    pattern_fill(it->start, it->n_bytes, it->n_bytes);
}

static void block_resize(struct block *it)
{
    size_t n_bytes = size_drawn(), kept = n_bytes < it->n_bytes ? n_bytes : it->n_bytes;
    unsigned char *resized = realloc(it->start, n_bytes);
    REQUIRE(resized != NULL);
    CHECK_EQ(pattern_mismatch(resized, kept / 8 * 8, it->n_bytes), kept / 8 * 8);
    *it = (struct block){resized, n_bytes};
    pattern_fill(resized, n_bytes, n_bytes);
}

// Each byte of each block is written.
static void churn(void)
{
    for (int i = 0; i < STEPS; i++) {
        struct block *it = &blocks[prng_below(&rng, COUNT)];
        if (!it->start)
            block_take(it);
        else if (prng_below(&rng, 3))
            block_free(it);
        else
            block_resize(it);
    }
    for (int i = 0; i < COUNT; i++) {
        if (blocks[i].start)
            block_free(&blocks[i]);
    }
}

// Chunks that were spans, and may be parts of large objects next.
static void leave_chunks(void)
{
    static void *small[SMALL_COUNT];
    for (int i = 0; i < SMALL_COUNT; i++)
        small[i] = malloc(1000);
    for (int i = 0; i < SMALL_COUNT; i++)
        free(small[i]);
}

#define LOAD(field)        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(value)      BPF_STMT(BPF_RET | BPF_K, value)

static bool marks_refuse(void)
{
    struct sock_filter filter[] = {
        LOAD(nr),
        IF(SYS_madvise, 0, 3),
        LOAD(args[2]),
        IF(GUARD_INSTALL, 0, 1),
        RETURN(SECCOMP_RET_ERRNO | EINVAL),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// How a child ends that writes behind a block: the signal, or 0.
static int signal_of_overflow(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        char *volatile p = malloc(LARGE_BYTES);
        ((volatile char *)p)[(LARGE_BYTES + PAGE - 1) / PAGE * PAGE] = 1;
        _exit(0);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(int argc, char **argv)
{
    check_begin();
    churn();
    leave_chunks();
    CHECK_EQ(signal_of_overflow(), SIGSEGV);
    if (argc > 1 && strcmp(argv[1], "no_marks") == 0 && !marks_refuse())
        check_skip("no filters for system calls here");
    if (mlockall(MCL_CURRENT | MCL_FUTURE))
        check_skip("memory cannot be locked here");
    churn();
    CHECK_EQ(signal_of_overflow(), SIGSEGV);
    churn();
    CHECK_EQ(signal_of_overflow(), SIGSEGV);
    return check_end();
}
