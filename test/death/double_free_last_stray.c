// SPDX-License-Identifier: MIT
// A small block that another thread allocated, freed twice, with nothing in between.
#include "crime.h"

#include <pthread.h>

static void *take(void *unused)
{
    (void)unused;
    return malloc(SMALL_BYTES);
}

int main(void)
{
    pthread_t thread;
    void *taken = NULL;
    free(malloc(SMALL_BYTES));
    if (pthread_create(&thread, NULL, take, NULL) || pthread_join(thread, &taken))
        return 1;
    void *p = crime(taken), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
