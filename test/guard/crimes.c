// SPDX-License-Identifier: MIT
// Misuses of guarded objects (BUMPALLOC_GUARD=1), one a name: crimes NAME. The object's address
// goes to stdout, so that the report can be compared with it. Functions have external linkage, so
// that the stacks in the report have their names.
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 112, PAGE = 4096, TRIES = 200 };

void *object_at_end(size_t n_bytes);
void *object_at_begin(size_t n_bytes);
void object_free(void *object);

static void *said(void *object)
{
    dprintf(STDOUT_FILENO, "0x%zx\n", (size_t)object);
    __asm__ volatile("" : "+r"(object) : : "memory");
    return object;
}

// The library chooses the side at random.
__attribute__((noinline)) void *object_at_end(size_t n_bytes)
{
    for (int i = 0; i < TRIES; i++) {
        char *object = malloc(n_bytes);
        if (((size_t)object + n_bytes + 15) % PAGE < 16)
            return said(object);
    }
    exit(3);
}

__attribute__((noinline)) void *object_at_begin(size_t n_bytes)
{
    for (int i = 0; i < TRIES; i++) {
        char *object = malloc(n_bytes);
        if ((size_t)object % PAGE == 0)
            return said(object);
    }
    exit(3);
}

__attribute__((noinline)) void object_free(void *object)
{
    free(object);
    __asm__ volatile("" : : : "memory");
}

static void overflow_read(void)
{
    const volatile char *object = object_at_end(BYTES);
    (void)object[BYTES];
}

static void overflow_write(void)
{
    volatile char *object = object_at_end(BYTES);
    object[BYTES + 3] = 1;
}

static void overflow_large(void)
{
    volatile char *object = object_at_end(20000);
    object[20000] = 1;
}

static void underflow_read(void)
{
    const volatile char *object = object_at_begin(BYTES);
    (void)object[-1];
}

static void underflow_write(void)
{
    volatile char *object = object_at_begin(BYTES);
    object[-16] = 1;
}

static void read_after_free(void)
{
    const volatile char *object = object_at_end(BYTES);
    object_free((void *)(size_t)object);
    (void)object[5];
}

static void write_after_free(void)
{
    volatile char *object = object_at_begin(BYTES);
    object_free((void *)(size_t)object);
    object[0] = 1;
}

static void double_free(void)
{
    void *object = object_at_end(BYTES);
    void *volatile again = object;
    object_free(object);
    free(again);
}

static void free_interior(void)
{
    free((char *)object_at_end(BYTES) + 16);
}

static void realloc_freed(void)
{
    void *object = object_at_end(BYTES);
    void *volatile again = object;
    object_free(object);
    again = realloc(again, 2 * BYTES);
}

static void usable_size_interior(void)
{
    if (malloc_usable_size((char *)object_at_end(BYTES) + 1))
        _exit(4);
}

// 100 is no multiple of 16, so the guard is 12 bytes away.
static void overflow_slack(void)
{
    volatile char *object = object_at_end(100);
    object[100] = 1;
    object_free((void *)(size_t)object);
}

static void underflow_slack(void)
{
    volatile char *object = object_at_end(BYTES);
    object[-1] = 1;
    object_free((void *)(size_t)object);
}

static void *freed_there(void *object)
{
    free(object);
    return NULL;
}

static void double_free_across(void)
{
    pthread_t thread;
    void *object = object_at_end(BYTES), *volatile again = object;
    object_free(object);
    if (pthread_create(&thread, NULL, freed_there, again) == 0)
        pthread_join(thread, NULL);
}

// --- handlers ---

static sigjmp_buf back;
static volatile sig_atomic_t handled;
static const volatile char *expected;

static void on_trap(int number, siginfo_t *info, void *context)
{
    (void)context;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    bool right = number == SIGSEGV && info->si_addr == (const void *)expected &&
                 sigismember(&blocked, SIGUSR1) == 1 && sigismember(&blocked, SIGSEGV) == 1;
    handled = right ? handled + 1 : 100;
    siglongjmp(back, 1);
}

// Constructors run before the library's first call would be made by main; the handler is there
// before the library is (handler.c), or comes after it.
static void handler_set(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_trap;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
}

static int outcome(const char *text)
{
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    bool whole = handled == 1 && !sigismember(&blocked, SIGUSR1) && !sigismember(&blocked, SIGSEGV);
    dprintf(STDOUT_FILENO, "%s %d\n", text, whole);
    return whole ? 0 : 5;
}

static void hit(void)
{
    const volatile char *object = object_at_end(BYTES);
    expected = object + BYTES;
    if (!sigsetjmp(back, 1))
        (void)*expected;
}

// The program's handler replaces the library's: no report, and it works as without the library.
static void handler_later(void)
{
    free(malloc(1));
    handler_set();
    hit();
    exit(outcome("handled"));
}

// A handler that was there first gets the signal after the report. The library looks at its
// environment, and at the signals, with the first call of malloc: exec'd anew, nothing was.
static void handler_before(void)
{
    hit();
    exit(outcome("handled"));
}

// A handler that calls the one that it found: both see it.
static struct sigaction found;

static void chaining(int number, siginfo_t *info, void *context)
{
    handled++;
    if (handled < 3)
        found.sa_sigaction(number, info, context);
}

static void handler_chains(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    free(malloc(1));
    action.sa_sigaction = chaining;
    sigaction(SIGSEGV, &action, &found);
    overflow_read();
}

// Other traps, and signals that are sent, end the process as ever.
static void other_trap(void)
{
    volatile char *volatile nothing = (char *)8;
    said((void *)(size_t)nothing);
    *nothing = 1;
}

static void sent(void)
{
    said(malloc(1));
    kill(getpid(), SIGSEGV);
    pause();
}

static void raised(void)
{
    said(malloc(1));
    raise(SIGBUS);
}

static void sent_ignored(void)
{
    said(malloc(1));
    kill(getpid(), SIGSEGV);
    overflow_write();
}

// --- fork ---

static void in_child(void)
{
    volatile char *object = object_at_end(BYTES);
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        object[BYTES] = 1;
        _exit(0);
    }
    waitpid(child, &status, 0);
    object_free((void *)(size_t)object);
    raise(WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL);
}

static const struct {
    const char *name;
    void (*run)(void);
} crimes[] = {
    {"overflow_read", overflow_read},
    {"overflow_write", overflow_write},
    {"overflow_large", overflow_large},
    {"underflow_read", underflow_read},
    {"underflow_write", underflow_write},
    {"read_after_free", read_after_free},
    {"write_after_free", write_after_free},
    {"double_free", double_free},
    {"double_free_across", double_free_across},
    {"free_interior", free_interior},
    {"realloc_freed", realloc_freed},
    {"usable_size_interior", usable_size_interior},
    {"overflow_slack", overflow_slack},
    {"underflow_slack", underflow_slack},
    {"handler_later", handler_later},
    {"handler_before", handler_before},
    {"handler_chains", handler_chains},
    {"other_trap", other_trap},
    {"sent", sent},
    {"raised", raised},
    {"sent_ignored", sent_ignored},
    {"in_child", in_child},
};

// Before the library's constructor there is nothing to be had but this: the loader runs it first.
static void before_all(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "handler_before") == 0)
        handler_set();
    if (argc > 1 && strcmp(argv[1], "sent_ignored") == 0)
        signal(SIGSEGV, SIG_IGN);
}
typedef void early(int argc, char **argv);
__attribute__((section(".preinit_array"), used)) static early *const before_all_cell = before_all;

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(crimes) / sizeof(crimes[0]); i++) {
        if (strcmp(crimes[i].name, argv[1]) == 0)
            crimes[i].run();
    }
    return 2;
}
