// SPDX-License-Identifier: MIT
// thread: the background worker. It comes when something was freed, gives back what idles, sleeps
// when there is nothing to do, and is quietly not there if it cannot be had.
#include "thread/worker.h"

#include "core/options.h"
#include "hot_calls.h"
#include "led_thread.h"
#include "tasks.h"
#include "thread/fork.h"

#include <time.h>

enum { OBJECTS = 3000, SLOTS = 6, LARGE_BYTES = 100000, LEFT_OBJECTS = 2, FORKS = 30 };
enum { GIVEN_BACK_MS = 2000, SLACK_MS = 3000, ASLEEP_MS = 8000, QUIET_MS = 3000, STEP_MS = 20 };

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *argument);

static bool refuse_threads;
static int asked_threads;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *argument)
{
    asked_threads++;
    return refuse_threads ? EAGAIN : __real_pthread_create(thread, attributes, body, argument);
}

static void sleep_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&nap, NULL);
}

// Polls until it is so; returns the milliseconds that it took, or more than limit_ms.
static long wait_until(bool (*is_so)(void), long limit_ms)
{
    struct timespec start, now;
    long elapsed = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (!is_so() && elapsed <= limit_ms) {
        sleep_ms(STEP_MS);
        clock_gettime(CLOCK_MONOTONIC, &now);
        elapsed = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
    }
    return elapsed;
}

static void boot(void)
{
    thread_boot(BP_TIB);
    REQUIRE(bp_os_fork_register(bp_fork_prepare, bp_fork_parent, bp_fork_child) == 0);
    bp_options.background = 1;
    thread_heap();
}

// --- memory that is free in every place where it can be ---

static struct bp_heap *filled;

static void fill_caches(void *unused)
{
    static void *objects[2][OBJECTS];
    (void)unused;
    filled = thread_heap();
    for (int i = 0; i < 2 * OBJECTS; i++)
        objects[i % 2][i / 2] = hot_malloc(i % 2 ? 256 : 3000);
    for (int i = 0; i < 2 * OBJECTS; i++)
        hot_free(objects[i % 2][i / 2]);
    for (int i = 0; i < SLOTS; i++)
        objects[0][i] = hot_malloc(LARGE_BYTES);
    for (int i = 0; i < SLOTS; i++)
        hot_free(objects[0][i]);
}

static void *fill_and_end(void *unused)
{
    fill_caches(unused);
    return NULL;
}

// As much as the budget lets be dirty.
static void make_dirty(void)
{
    void *slot = hot_malloc(4 * BP_MIB);
    memset(slot, 1, 4 * BP_MIB);
    hot_free(slot);
}

static bool nothing_is_dirty(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes) == 0;
}

// To look counts as use: not to be polled.
static bool depots_are_empty(void)
{
    uint32_t objects = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        objects += bp_depot_object_count(i);
    return objects == 0;
}

static bool is_emptied(struct bp_heap *heap)
{
    uint32_t most = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        most = (uint32_t)bp_max(most, chain_length(bp_heap_own_bin(heap, i)->head));
    return most <= LEFT_OBJECTS;
}

static bool all_was_given_back(void)
{
    for (uint32_t i = 1; i < bp_registry_count(); i++) {
        if (!is_emptied(bp_registry_at(i)) || bp_registry_at(i)->state == BP_HEAP_PARKED)
            return false;
    }
    return nothing_is_dirty();
}

static void expect_given_back(void)
{
    long ms = wait_until(all_was_given_back, GIVEN_BACK_MS + SLACK_MS);
    CHECK_FMT(ms <= GIVEN_BACK_MS + SLACK_MS, "%zu bytes dirty, %zu in spans, %zu in slots",
              (size_t)bp_load_relaxed(&bp_counters.dirty_bytes), span_bytes(), slot_bytes());
}

// --- when it comes ---

static void comes_with_the_first_nudge(void)
{
    boot();
    hot_free(hot_malloc(100));
    CHECK_EQ(tasks_count(), 1);
    bp_worker_nudge();
    CHECK_EQ(tasks_count(), 2);
    CHECK(task_blocks_all_signals(tasks_other()));
    for (int i = 0; i < 100; i++)
        bp_worker_nudge();
    CHECK_EQ(tasks_count(), 2);
    CHECK_EQ(asked_threads, 1);
}

static void comes_when_a_slow_path_frees(void)
{
    boot();
    void *slot = hot_malloc(4 * BP_MIB);
    CHECK_EQ(tasks_count(), 1);
    hot_free(slot);
    CHECK_EQ(tasks_count(), 2);
}

static void does_not_come_unless_asked_for(void)
{
    boot();
    bp_options.background = 0;
    bp_worker_nudge();
    fill_caches(NULL);
    make_dirty();
    CHECK_EQ(tasks_count(), 1);
    CHECK_EQ(asked_threads, 0);
}

// --- what it does ---

static struct led other;

static void check_home(void *unused)
{
    (void)unused;
    heap_check(thread_heap());
    fill_caches(NULL);
    heap_check(thread_heap());
}

static void gives_back_what_idles(void)
{
    pthread_t ended;
    boot();
    led_start(&other);
    led_do(&other, fill_caches, NULL);
    CHECK(!is_emptied(filled));
    fill_caches(NULL);
    REQUIRE(pthread_create(&ended, NULL, fill_and_end, NULL) == 0);
    pthread_join(ended, NULL);
    make_dirty();
    CHECK(!nothing_is_dirty());
    bp_worker_nudge();
    sleep_ms(GIVEN_BACK_MS + SLACK_MS);
    CHECK(all_was_given_back());
    CHECK(depots_are_empty());
    led_do(&other, check_home, NULL);
    check_home(NULL);
    led_end(&other);
}

// What is in use stays, and what a thread works with all the time stays with it.
static void leaves_the_busy_alone(void)
{
    struct hot_block blocks[100];
    boot();
    for (int i = 0; i < 100; i++)
        hot_block_alloc(&blocks[i], 40u * (unsigned)i * (unsigned)i + 1, (uint64_t)i);
    bp_worker_nudge();
    for (int i = 0; i < 3000; i++) {
        struct hot_block *block = &blocks[i % 100];
        hot_block_free(block);
        hot_block_alloc(block, block->n_bytes, (uint64_t)i);
        if (i % 100 == 0)
            sleep_ms(50);
    }
    for (int i = 0; i < 100; i++)
        hot_block_free(&blocks[i]);
    heap_check(thread_heap());
    bp_request_trim();
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(span_bytes(), 0);
}

// --- sleep ---

static int worker_id;

static bool worker_waits_for_good(void)
{
    return task_waits_for_good(worker_id);
}

static void expect_asleep(void)
{
    worker_id = tasks_other();
    CHECK(wait_until(worker_waits_for_good, ASLEEP_MS) <= ASLEEP_MS);
}

static void sleeps_when_all_is_quiet(void)
{
    boot();
    make_dirty();
    expect_given_back();
    expect_asleep();
    unsigned long long sleeps = task_sleeps(worker_id);
    sleep_ms(QUIET_MS);
    CHECK_EQ(task_sleeps(worker_id), sleeps);
    CHECK(worker_waits_for_good());
}

static void is_woken_by_a_nudge(void)
{
    boot();
    bp_worker_nudge();
    expect_asleep();
    int first = worker_id;
    unsigned long long sleeps = task_sleeps(first);
    fill_caches(NULL);
    make_dirty();
    expect_given_back();
    CHECK_EQ(tasks_other(), first);
    CHECK(task_sleeps(first) > sleeps);
    expect_asleep();
    CHECK_EQ(asked_threads, 1);
}

// --- fork ---

static void check_child(void)
{
    asked_threads = 0;
    CHECK_EQ(tasks_count(), 1);
    void *slot = hot_malloc(4 * BP_MIB);
    memset(slot, 1, 4 * BP_MIB);
    CHECK_EQ(tasks_count(), 1);
    hot_free(slot);
    CHECK_EQ(tasks_count(), 2);
    fill_caches(NULL);
    expect_given_back();
    CHECK_EQ(asked_threads, 1);
}

static void check_grandchild(void)
{
    check_child();
    unit_expect_pass("grandchild", check_child);
}

static void child_has_its_own(void)
{
    boot();
    make_dirty();
    expect_given_back();
    unit_expect_pass("child", check_grandchild);
    expect_asleep();
    unit_expect_pass("child of one that sleeps", check_child);
    make_dirty();
    expect_given_back();
    CHECK_EQ(tasks_count(), 2);
}

static void check_quick_child(void)
{
    CHECK_EQ(tasks_count(), 1);
    fill_caches(NULL);
    make_dirty();
    CHECK_EQ(tasks_count(), 2);
    heap_check(thread_heap());
}

// At any moment of its work.
static void many_forks(void)
{
    boot();
    for (int i = 0; i < FORKS; i++) {
        fill_caches(NULL);
        make_dirty();
        sleep_ms(i % 3 ? 37 : 490 + i);
        unit_expect_pass("child", check_quick_child);
    }
}

// --- when it cannot be had ---

static void check_child_of_refused(void)
{
    refuse_threads = false;
    check_child();
}

static void is_quietly_not_there(void)
{
    boot();
    refuse_threads = true;
    make_dirty();
    CHECK_EQ(asked_threads, 1);
    CHECK_EQ(tasks_count(), 1);
    for (int i = 0; i < 5; i++) {
        fill_caches(NULL);
        make_dirty();
        bp_worker_nudge();
    }
    heap_check(thread_heap());
    CHECK_EQ(tasks_count(), 1);
    CHECK_EQ(asked_threads, 1);
    unit_expect_pass("child", check_child_of_refused);
    bp_request_trim();
    CHECK_EQ(span_bytes(), 0);
    CHECK(nothing_is_dirty());
}

static void is_silent(void)
{
    char said[UNIT_TEXT];
    int status = unit_capture(is_quietly_not_there, said);
    CHECK_EQ(status, 0);
    CHECK_STR(said, "");
}

// Most of their time the cases wait, so they run side by side.
static const struct unit_case cases[] = {
    UNIT_CASE(comes_with_the_first_nudge),
    UNIT_CASE(comes_when_a_slow_path_frees),
    UNIT_CASE(does_not_come_unless_asked_for),
    UNIT_CASE(gives_back_what_idles),
    UNIT_CASE(leaves_the_busy_alone),
    UNIT_CASE(sleeps_when_all_is_quiet),
    UNIT_CASE(is_woken_by_a_nudge),
    UNIT_CASE(child_has_its_own),
    UNIT_CASE(many_forks),
    UNIT_CASE(is_quietly_not_there),
    UNIT_CASE(is_silent),
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static pid_t case_start(const struct unit_case *one)
{
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        unit_child_begin();
        one->run();
        _exit(check_end());
    }
    return child;
}

int main(void)
{
    pid_t children[CASE_COUNT];
    check_begin();
    for (int i = 0; i < CASE_COUNT; i++)
        children[i] = case_start(&cases[i]);
    for (int i = 0; i < CASE_COUNT; i++) {
        int status = unit_wait(children[i]);
        CHECK_FMT(status == 0, "%s: wait status 0x%x", cases[i].name, (unsigned)status);
    }
    return check_end();
}
