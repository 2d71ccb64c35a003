// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "peers.h"

#include "bumprun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What distributions call them; the first file that is there counts.
static const struct {
    const char *name, *files;
} known[] = {
    {"mimalloc", "libmimalloc.so.3 libmimalloc.so.2 libmimalloc.so libmimalloc-secure.so.2"},
    {"jemalloc", "libjemalloc.so.2 libjemalloc.so"},
    {"tcmalloc", "libtcmalloc_minimal.so.4 libtcmalloc_minimal.so libtcmalloc.so.4 libtcmalloc.so"},
    {"snmalloc", "libsnmallocshim.so libsnmallocshim-checks-memcpy-only.so"},
    {"rpmalloc", "librpmallocwrap.so librpmalloc.so"},
    {"hardened", "libhardened_malloc.so libhardened_malloc-light.so"},
    {"mesh", "libmesh.so"},
    {"hoard", "libhoard.so"},
};

static const char *const folders[] = {
    "/usr/local/lib", "/usr/lib/" BUMPRUN_MULTIARCH, "/lib/" BUMPRUN_MULTIARCH, "/usr/lib64",
    "/usr/lib",
};

static bool find_file(const char *file, size_t length, char ret_path[PATH_MAX])
{
    for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(ret_path, PATH_MAX, "%s/%.*s", folders[i], (int)length, file);
        if (access(ret_path, R_OK) == 0)
            return true;
    }
    return false;
}

static void add(struct peers *peers, const char *name, const char *path)
{
    if (peers->count == PEERS_MAX)
        die(EXIT_USAGE, "more than %d allocators", PEERS_MAX);
    struct peer *peer = &peers->at[peers->count++];
    snprintf(peer->name, sizeof(peer->name), "%s", name);
    snprintf(peer->path, sizeof(peer->path), "%s", path);
}

void peers_find(struct peers *peers, const char *library)
{
    char path[PATH_MAX];
    peers->count = 0;
    add(peers, "glibc", "");
    add(peers, "bumpalloc", library);
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        for (const char *at = known[i].files; *at; at += strspn(at, " ")) {
            size_t length = strcspn(at, " ");
            if (find_file(at, length, path)) {
                add(peers, known[i].name, path);
                break;
            }
            at += length;
        }
    }
}

void peers_add(struct peers *peers, const char *name_and_path)
{
    char name[PEER_NAME_BYTES], path[PATH_MAX];
    size_t length = strcspn(name_and_path, "=");
    if (!name_and_path[length] || length == 0 || length >= sizeof(name))
        die(EXIT_USAGE, "--with NAME=PATH, not %s", name_and_path);
    snprintf(name, sizeof(name), "%.*s", (int)length, name_and_path);
    if (!realpath(name_and_path + length + 1, path))
        die(EXIT_CANNOT, "%s: there is no such file", name_and_path + length + 1);
    add(peers, name, path);
}

static const struct peer *peer_named(const struct peers *peers, const char *name, size_t length)
{
    for (unsigned i = 0; i < peers->count; i++) {
        if (strlen(peers->at[i].name) == length && memcmp(peers->at[i].name, name, length) == 0)
            return &peers->at[i];
    }
    die(EXIT_USAGE, "%.*s is not installed (--with NAME=PATH says where it is)", (int)length, name);
}

void peers_keep(struct peers *peers, const char *list)
{
    struct peers *kept = allocate(sizeof(*kept));
    for (const char *at = list; *at; at += *at == ',') {
        size_t length = strcspn(at, ",");
        if (length && kept->count < PEERS_MAX)
            kept->at[kept->count++] = *peer_named(peers, at, length);
        at += length;
    }
    if (!kept->count)
        die(EXIT_USAGE, "--only needs names of allocators");
    *peers = *kept;
    free(kept);
}
