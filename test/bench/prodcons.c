// SPDX-License-Identifier: MIT
// Some threads allocate messages, others free them, in unequal numbers; a bounded queue of parcels
// lies between. Blocks pile up at the wrong side of an allocator that does not return them (the
// producer-consumer blowup of Berger, McKinley, Blumofe, Wilson, "Hoard", ASPLOS 2000).
#include "timed.h"

enum { PARCEL = 1000, DEPTH = 8 }; // so large that waking a thread costs little beside it

static long producers = 1, consumers = 3, messages = 24000000;
static uint16_t sizes[TIMED_SIZES];

struct parcel {
    void *messages[PARCEL];
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    struct parcel *parcels[DEPTH];
    size_t head, tail;
    bool closed;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .not_full = PTHREAD_COND_INITIALIZER,
           .not_empty = PTHREAD_COND_INITIALIZER};

static void send(struct parcel *parcel)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.head - queue.tail == DEPTH)
        pthread_cond_wait(&queue.not_full, &queue.lock);
    queue.parcels[queue.head++ % DEPTH] = parcel;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

// NULL when there will be no more.
static struct parcel *receive(void)
{
    struct parcel *parcel = NULL;
    pthread_mutex_lock(&queue.lock);
    while (queue.head == queue.tail && !queue.closed)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    if (queue.head != queue.tail) {
        parcel = queue.parcels[queue.tail++ % DEPTH];
        if (queue.head - queue.tail == DEPTH / 2)
            pthread_cond_broadcast(&queue.not_full);
    }
    pthread_mutex_unlock(&queue.lock);
    return parcel;
}

static void close_queue(void)
{
    pthread_mutex_lock(&queue.lock);
    queue.closed = true;
    pthread_cond_broadcast(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

static void *produce(void *arg)
{
    struct prng r = {bench_seed * 1000 + (uint64_t)(size_t)arg};
    for (long n = messages / producers / PARCEL; n > 0; n--) {
        struct parcel *parcel = malloc(sizeof *parcel);
        if (!parcel)
            abort();
        for (size_t i = 0; i < PARCEL; i++) {
            uint64_t x = prng_next(&r);
            parcel->messages[i] = timed_new(sizes[x % TIMED_SIZES], (uint32_t)(x >> 32));
        }
        send(parcel);
    }
    return NULL;
}

static void *consume(void *arg)
{
    uint64_t sum = (uint64_t)(size_t)arg;
    for (struct parcel *parcel; (parcel = receive());) {
        for (size_t i = 0; i < PARCEL; i++)
            sum += timed_free(parcel->messages[i]);
        free(parcel);
    }
    return (void *)(size_t)sum;
}

// One of all threads: the producers' first, then the consumers'; the last producer closes.
static void *work(void *arg)
{
    static _Atomic(long) done;
    if ((long)(size_t)arg >= producers)
        return consume(arg);
    produce(arg);
    if (++done == producers)
        close_queue();
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--producers", &producers, "that allocate"},
                                                  {"--consumers", &consumers, "that free"},
                                                  {"--messages", &messages, "in all"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Some threads allocate, others free.", options);
    messages = bench_scaled(messages);
    timed_sizes(sizes, timed_small);
    return bench_end(timed_threads(producers + consumers, work));
}
