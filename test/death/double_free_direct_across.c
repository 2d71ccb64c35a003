// SPDX-License-Identifier: MIT
// A mapping of its own that one thread frees, and then another.
#include "crime.h"

#include <pthread.h>

static void *block;
static pthread_barrier_t freed;

static void *free_again(void *unused)
{
    pthread_barrier_wait(&freed);
    free(block);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_barrier_init(&freed, NULL, 2);
    if (pthread_create(&thread, NULL, free_again, NULL))
        return 1;
    block = crime(direct_block());
    free(block);
    pthread_barrier_wait(&freed);
    pthread_join(thread, NULL);
    return 0;
}
