// SPDX-License-Identifier: MIT
// core: the lock excludes, sleeps, keeps its ranks in order, and survives fork.
#include "core/lock.h"
#include "unit.h"

#include <pthread.h>
#include <time.h>

// What clang would prove wrong before it runs.
#define WRONG_ON_PURPOSE BP_PROVE(no_thread_safety_analysis)

enum { THREADS = 4, ROUNDS = 50000, RANKS = BP_RANK_COUNT };

static struct bp_lock lock = BP_LOCK_INIT(BP_RANK_CHUNKS);
static struct bp_lock low = BP_LOCK_INIT(BP_RANK_COMMON_HEAP);
static struct bp_lock mid_1 = BP_LOCK_INIT(BP_RANK_DEPOT), mid_2 = BP_LOCK_INIT(BP_RANK_DEPOT);
static struct bp_lock high = BP_LOCK_INIT(BP_RANK_DIRECT);
static volatile long counter, inside;

static void nap(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000 * 1000};
    nanosleep(&time, NULL);
}

static void take_and_give(struct bp_lock *it)
{
    bp_lock_take(it);
    bp_lock_give(it);
}

static void states_change(void)
{
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 0);
    bp_lock_take(&lock);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 1);
    bp_lock_give(&lock);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 0);
}

static void *count_up(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        bp_lock_take(&lock);
        inside = inside + 1;
        counter = counter + inside; // more than one inside would count double
        inside = inside - 1;
        bp_lock_give(&lock);
    }
    return unused;
}

static void excludes(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, count_up, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ(counter, (long)THREADS * ROUNDS);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 0);
}

static void *take_once(void *ret_cpu_ns)
{
    struct timespec used;
    take_and_give(&lock);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    *(long *)ret_cpu_ns = used.tv_nsec + 1000000000 * used.tv_sec;
    return NULL;
}

// Who waits for long sleeps, says so in the state, and is woken.
static void sleeps(void)
{
    pthread_t threads[2];
    long cpu_ns[2];
    errno = 4711;
    bp_lock_take(&lock);
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, take_once, &cpu_ns[i]) == 0);
    for (int i = 0; bp_load_u32_relaxed(&lock.state) != 2 && i < 1000; i++)
        nap(1);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 2);
    nap(100);
    bp_lock_give(&lock);
    for (int i = 0; i < 2; i++) {
        REQUIRE(pthread_join(threads[i], NULL) == 0);
        CHECK_FMT(cpu_ns[i] < 50 * 1000 * 1000, "%ld ns of work while waiting", cpu_ns[i]);
    }
    CHECK_EQ(errno, 4711);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 0);
}

static void upward_is_fine(void)
{
    bp_lock_take(&low);
    bp_lock_take(&mid_1);
    bp_lock_take(&high);
    bp_lock_give(&mid_1);
    bp_lock_give(&high);
    take_and_give(&mid_2);
    bp_lock_give(&low);
    take_and_give(&high);
    take_and_give(&low);
}

static WRONG_ON_PURPOSE void take_downward(void)
{
    bp_lock_take(&mid_1);
    bp_lock_take(&low);
}

static WRONG_ON_PURPOSE void take_two_of_a_rank(void)
{
    bp_lock_take(&mid_1);
    bp_lock_take(&mid_2);
}

static WRONG_ON_PURPOSE void take_twice(void)
{
    bp_lock_take(&mid_1);
    bp_lock_take(&mid_1);
}

static WRONG_ON_PURPOSE void give_untaken(void)
{
    bp_lock_give(&low);
}

static WRONG_ON_PURPOSE void take_below_after_giving(void)
{
    bp_lock_take(&mid_1);
    bp_lock_take(&high);
    bp_lock_give(&mid_1);
    bp_lock_take(&mid_2); // high is still held
}

static void violations_trap(void)
{
    unit_expect_trap("take_downward", take_downward);
    unit_expect_trap("take_two_of_a_rank", take_two_of_a_rank);
    unit_expect_trap("take_twice", take_twice);
    unit_expect_trap("give_untaken", give_untaken);
    unit_expect_trap("take_below_after_giving", take_below_after_giving);
}

static void *take_low(void *unused)
{
    take_and_give(&low);
    return unused;
}

// Ranks are a thread's own affair.
static void ranks_are_per_thread(void)
{
    pthread_t thread;
    bp_lock_take(&high);
    REQUIRE(pthread_create(&thread, NULL, take_low, NULL) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    bp_lock_give(&high);
}

static struct bp_lock *const all[] = {&low, &mid_1, &mid_2, &lock, &high};
enum { ALL_COUNT = sizeof all / sizeof all[0] };

static void use_all(void)
{
    for (int i = 0; i < ALL_COUNT; i++) {
        bp_lock_give_after_fork(all[i]);
        CHECK_EQ(bp_load_u32_relaxed(&all[i]->state), 0);
    }
    for (int i = 0; i < ALL_COUNT; i++)
        take_and_give(all[i]);
}

static void survives_fork(void)
{
    pthread_t waiter;
    long cpu_ns;
    for (int i = 0; i < ALL_COUNT; i++)
        bp_lock_take_for_fork(all[i]);
    REQUIRE(pthread_create(&waiter, NULL, take_once, &cpu_ns) == 0);
    for (int i = 0; bp_load_u32_relaxed(&lock.state) != 2 && i < 1000; i++)
        nap(1);
    CHECK_EQ(bp_load_u32_relaxed(&lock.state), 2);
    unit_expect_pass("use_all in the child", use_all);
    for (int i = 0; i < ALL_COUNT; i++)
        bp_lock_give_after_fork(all[i]);
    REQUIRE(pthread_join(waiter, NULL) == 0);
    for (int i = 0; i < ALL_COUNT; i++)
        CHECK_EQ(bp_load_u32_relaxed(&all[i]->state), 0);
}

UNIT_MAIN(UNIT_CASE(states_change), UNIT_CASE(excludes), UNIT_CASE(sleeps),
          UNIT_CASE(upward_is_fine), UNIT_CASE(violations_trap), UNIT_CASE(ranks_are_per_thread),
          UNIT_CASE(survives_fork))
