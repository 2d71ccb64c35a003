// SPDX-License-Identifier: MIT
// Calling heaps away from their threads, so that what idle threads keep is in reach. The hot path
// pays nothing for it. Invariants:
//  1. A heap is called away by making its thread's bp_heap_tls point to a constant heap that has
//     nothing. The thread's next call therefore leaves the hot path, and comes home: it takes the
//     registry lock, sets its heap right, and points bp_heap_tls back to it.
//  2. After that store and a barrier on every thread (bp_os_barrier_all) the owner is either in a
//     slow path, and heap.visits says so; or within the one operation of the hot path that it had
//     begun; or it will come home before it touches the heap.
//     Several threads may call at once: a barrier covers the rounds that began before it.
//  3. So a heap that is away, not visited, may be emptied under the registry lock, but for what
//     one unfinished operation may still touch: a bin's run, its first two objects, and the last of
//     the heap's own slots.
// A thread that is busy comes home within microseconds; only heaps whose threads stayed away are
// idle. The asymmetric barrier follows the "membarrier" idea of M. Desnoyers (2010): the rare side
// pays for both.
#ifndef BP_THREAD_RECALL_H
#define BP_THREAD_RECALL_H

#include "thread/heap.h"

// Calls all other threads' heaps away.
void bp_recall_begin(void);
// Empties the heaps that are still away. Does nothing where the system has no such barrier.
void bp_recall_finish(void);

#endif
