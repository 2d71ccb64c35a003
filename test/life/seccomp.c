// SPDX-License-Identifier: MIT
// A program locks itself up after its first allocation. From then on the allocator may only make
// the calls of the list below, in threads that ran before and at all sizes; any other call ends
// the process with SIGSYS.
#include "life.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { THREADS = 4, ROUNDS = 400, POOL = 64, HUGE = 40 << 20 };

static const int allowed[] = {
    // the allocator's
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_madvise,
    SYS_mremap,
    SYS_futex,
    // the program's own: messages, the end of threads and of the process
    SYS_read,
    SYS_write,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

static pthread_barrier_t step; // threads run, filter is on, work is done
static struct life_block pool[POOL];
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_up(void)
{
    struct sock_filter code[2 * ALLOWED + 2];
    unsigned n = 0;
    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < ALLOWED; i++) {
        code[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    struct sock_fprog program = {(unsigned short)n, code};
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        check_skip("no seccomp filters here");
}

static void report_call(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number, (void)context;
    check_print("system call %d, which is not on the list (address %p)", info->si_syscall,
                info->si_call_addr);
    _exit(CHECK_FAIL);
}

static void hand_over(struct life_block *b, size_t at)
{
    struct life_block mine = *b;
    pthread_mutex_lock(&pool_lock);
    *b = pool[at];
    pool[at] = mine;
    pthread_mutex_unlock(&pool_lock);
}

// Blocks of all sizes change hands; now and then one grows step by step into a huge one.
static void work(uint64_t seed)
{
    struct prng rng = {seed};
    for (int i = 0; i < ROUNDS; i++) {
        struct life_block b;
        for (size_t k = 0; k < LIFE_SIZE_COUNT; k++) {
            life_alloc(&b, prng_range(&rng, 1, life_sizes[k]), prng_next(&rng));
            hand_over(&b, prng_below(&rng, POOL));
            life_free(&b);
        }
        life_alloc(&b, prng_size(&rng, 4 << 20) + 1, i);
        life_free(&b);
    }
    for (size_t size = 1000; size < HUGE; size *= 3) {
        struct life_block b = {NULL, 0, 0};
        life_alloc(&b, size, seed);
        b.start = realloc(b.start, 3 * size);
        REQUIRE(b.start != NULL);
        memset(b.start + size, 1, 2 * size);
        life_free(&b);
    }
}

static void *run_thread(void *seed)
{
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    work((uintptr_t)seed);
    pthread_barrier_wait(&step);
    return NULL; // its last calls into the allocator come from its end
}

static void threads_work_behind_the_filter(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&step, NULL, THREADS + 1);
    for (long i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_thread, (void *)(i + 1)) == 0);
    pthread_barrier_wait(&step);
    free(malloc(1));
    struct sigaction action = {.sa_sigaction = report_call, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    lock_up();
    pthread_barrier_wait(&step);
    work(99);
    pthread_barrier_wait(&step);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < POOL; i++)
        life_free(&pool[i]);
}

int main(void)
{
    check_begin();
    life_watchdog(60);
    threads_work_behind_the_filter();
    return check_end();
}
