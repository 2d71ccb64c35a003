// SPDX-License-Identifier: MIT
// A thread that is led by the test: it runs one function at a time and waits between them.
#ifndef UNIT_LED_THREAD_H
#define UNIT_LED_THREAD_H

#include "unit.h"

#include <pthread.h>
#include <semaphore.h>

struct led {
    pthread_t thread;
    sem_t go, done;
    void (*step)(void *);
    void *argument;
};

static inline void led_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        REQUIRE(errno == EINTR);
}

static inline void *led_main(void *argument)
{
    struct led *led = argument;
    for (;;) {
        led_wait(&led->go);
        if (!led->step)
            return NULL;
        led->step(led->argument);
        sem_post(&led->done);
    }
}

static inline void led_start(struct led *led)
{
    REQUIRE(sem_init(&led->go, 0, 0) == 0 && sem_init(&led->done, 0, 0) == 0);
    REQUIRE(pthread_create(&led->thread, NULL, led_main, led) == 0);
}

// Lets it begin; led_finish waits for the end of the step.
static inline void led_begin(struct led *led, void (*step)(void *), void *argument)
{
    led->step = step;
    led->argument = argument;
    sem_post(&led->go);
}

static inline void led_finish(struct led *led)
{
    led_wait(&led->done);
}

static inline void led_do(struct led *led, void (*step)(void *), void *argument)
{
    led_begin(led, step, argument);
    led_finish(led);
}

static inline void led_end(struct led *led)
{
    led_begin(led, NULL, NULL);
    REQUIRE(pthread_join(led->thread, NULL) == 0);
}

#endif
