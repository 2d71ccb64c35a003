// SPDX-License-Identifier: MIT
// What the library uses of macOS's pthread.h.
#ifndef MAC_PTHREAD_H
#define MAC_PTHREAD_H

#include <signal.h>
#include <stddef.h>

typedef unsigned long pthread_key_t;
typedef struct _opaque_pthread_t *pthread_t;
typedef struct {
    long signature;
    char opaque[56];
} pthread_attr_t;
enum { PTHREAD_CREATE_DETACHED = 2 };

int pthread_key_create(pthread_key_t *ret_key, void (*destructor)(void *));
int pthread_setspecific(pthread_key_t key, const void *value);
void *pthread_getspecific(pthread_key_t key);
int pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument);
int pthread_attr_init(pthread_attr_t *attributes);
int pthread_attr_destroy(pthread_attr_t *attributes);
int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state);
int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t n_bytes);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_before);

#endif
