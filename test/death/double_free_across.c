// SPDX-License-Identifier: MIT
// A small block that one thread frees, and then another: its object joins two chains.
#include "crime.h"

#include <pthread.h>

static void *freed_there(void *p)
{
    free(p);
    return NULL;
}

int main(void)
{
    many_take(SMALL_BYTES);
    pthread_t thread;
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    void *before[] = {malloc(SMALL_BYTES), malloc(SMALL_BYTES), malloc(SMALL_BYTES)};
    for (int i = 0; i < 3; i++)
        free(before[i]);
    free(p);
    if (pthread_create(&thread, NULL, freed_there, again) == 0)
        pthread_join(thread, NULL);
    many_return(SMALL_BYTES);
    return 0;
}
