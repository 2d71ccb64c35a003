// SPDX-License-Identifier: MIT
// Litmus by force: threads pop, push, hand over and verify small objects as fast as they can, pass
// a pointer on with no more than release and acquire, and one thread trims all the time, which
// calls heaps away and empties them between any two instructions of theirs. On processors that
// reorder stores a missing fence shows as an object handed out twice. Usage: order_stress SECONDS
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 4, PLACES = 64, KEPT = 48, WORDS_MAX = 40 };

static void *places[PLACES]; // words that threads exchange: objects on their way
static bool stopping;
static unsigned long exchanges;

static size_t words_of(uint64_t random)
{
    return 3 + random % (WORDS_MAX - 3);
}

// The first word is the object's length, the others repeat its address.
static void **object_make(size_t words)
{
    void **object = malloc(words * sizeof *object);
    REQUIRE(object);
    object[0] = (void *)words;
    for (size_t i = 1; i < words; i++)
        object[i] = object;
    return object;
}

static void object_end(void **object)
{
    if (!object)
        return;
    size_t words = (size_t)object[0];
    REQUIRE(words >= 3 && words < WORDS_MAX);
    for (size_t i = 1; i < words; i++) {
        REQUIRE(object[i] == object);
        object[i] = NULL;
    }
    free(object);
}

static void *work(void *argument)
{
    void **kept[KEPT] = {NULL};
    uint64_t random = (uintptr_t)argument * 0x9e3779b97f4a7c15u + 1;
    unsigned long count = 0;
    while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at = random >> 33;
        void ***mine = &kept[at % KEPT];
        object_end(*mine);
        *mine = object_make(words_of(random >> 20));
        if (at % 4)
            continue;
        *mine = __atomic_exchange_n(&places[at / 4 % PLACES], *mine, __ATOMIC_ACQ_REL);
        count++;
    }
    for (int i = 0; i < KEPT; i++)
        object_end(kept[i]);
    __atomic_add_fetch(&exchanges, count, __ATOMIC_RELAXED);
    return NULL;
}

static size_t trim(double seconds)
{
    size_t (*purge)(void) = (size_t(*)(void))dlsym(RTLD_DEFAULT, "bump_purge");
    struct timespec now, pause = {0, 200000};
    size_t trims = 0;
    REQUIRE(purge != NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    double end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + seconds;
    for (; (double)now.tv_sec + (double)now.tv_nsec / 1e9 < end; trims++) {
        purge();
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return trims;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    check_begin();
    REQUIRE(count == 2);
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
    size_t trims = trim(atof(arguments[1]));
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PLACES; i++)
        object_end(places[i]);
    CHECK(trims > 0 && exchanges > 0);
    printf("%zu trims, %lu objects changed hands\n", trims, exchanges);
    return check_end();
}
