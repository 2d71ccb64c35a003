// SPDX-License-Identifier: MIT
// A thread that is held in the middle of an OS call, so that something can happen meanwhile.
#ifndef UNIT_PAUSED_CALL_H
#define UNIT_PAUSED_CALL_H

#include "os/os.h"
#include "unit.h"

#include <pthread.h>
#include <time.h>

static struct {
    enum bp_os_call call;
    pthread_t thread;
    void (*body)(void);
    bool reached, may_go_on;
} paused;

static inline void paused_nap(void)
{
    struct timespec nap = {0, 1000 * 1000};
    nanosleep(&nap, NULL);
}

static inline int paused_hook(enum bp_os_call call)
{
    if (call == paused.call) {
        __atomic_store_n(&paused.reached, true, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&paused.may_go_on, __ATOMIC_ACQUIRE))
            paused_nap();
    }
    return 0;
}

static inline void *paused_thread(void *unused)
{
    paused.body();
    return unused;
}

// Returns when another thread, running body, is in that call.
static inline void pause_in(enum bp_os_call call, void (*body)(void))
{
    paused.call = call;
    paused.body = body;
    bp_os_fault_hook = paused_hook;
    REQUIRE(pthread_create(&paused.thread, NULL, paused_thread, NULL) == 0);
    while (!__atomic_load_n(&paused.reached, __ATOMIC_ACQUIRE))
        paused_nap();
}

static inline void pause_ends(void)
{
    __atomic_store_n(&paused.may_go_on, true, __ATOMIC_RELEASE);
    REQUIRE(pthread_join(paused.thread, NULL) == 0);
}

#endif
