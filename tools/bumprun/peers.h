// SPDX-License-Identifier: MIT
// The allocators that `bumprun compare` runs a program under: the system's, ours, and those that
// are installed.
#ifndef BUMPRUN_PEERS_H
#define BUMPRUN_PEERS_H

#include <limits.h>
#include <stdbool.h>

enum { PEERS_MAX = 16, PEER_NAME_BYTES = 24 };

struct peer {
    char name[PEER_NAME_BYTES];
    char path[PATH_MAX]; // empty: the system's own
};

struct peers {
    struct peer at[PEERS_MAX];
    unsigned count;
};

// The system's first, ours second, then those found in the loader's usual folders.
void peers_find(struct peers *ret_peers, const char *library);
// "NAME=PATH" more. Ends the program if it cannot be.
void peers_add(struct peers *peers, const char *name_and_path);
// Keeps those of a list "a,b,c" alone, in the order in which they are; the first one is what others
// are compared with.
void peers_keep(struct peers *peers, const char *list);

#endif
