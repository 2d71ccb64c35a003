// SPDX-License-Identifier: MIT
// fork with other threads allocating: the forking thread holds every lock while it forks, so the
// child finds every shared structure at rest. Heaps of the other threads are written off there:
// their pages were copied one by one while they were in use.
#ifndef BP_THREAD_FORK_H
#define BP_THREAD_FORK_H

void bp_fork_prepare(void);
void bp_fork_parent(void);
void bp_fork_child(void);

#endif
