// SPDX-License-Identifier: MIT
// free of a local variable of another thread: the allocator behind us gets it and says so.
#include "crime.h"

#include <pthread.h>

static void *free_local(void *unused)
{
    _Alignas(16) char local[256] = {0};
    free(crime(local + 64));
    return unused;
}

int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_local, NULL) == 0)
        pthread_join(thread, NULL);
    return 0;
}
