// SPDX-License-Identifier: MIT
// An object is freed, and again by another thread.
#include "guarded.h"

static void *freed_there(void *object)
{
    free(object);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *object = object_at_end(BYTES), *volatile again = object;
    object_free(object);
    if (pthread_create(&thread, NULL, freed_there, again) == 0)
        pthread_join(thread, NULL);
    return WENT_ON;
}
