// SPDX-License-Identifier: MIT
// A DLL with the library in it, for host.c: a heap of its own beside the program's.
#include "plugin.h"

#include "bumpalloc/bumpalloc.h"
#include "bumpalloc/large.h"
#include "core/lock.h"
#include "region/class_file.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

static bool asks_at_exit;

PLUGIN void *plugin_obtain(size_t n_bytes)
{
    return malloc(n_bytes);
}

PLUGIN void plugin_release(void *block)
{
    free(block);
}

PLUGIN bool plugin_owns(const void *block)
{
    return bump_owns(block);
}

// Enough for a heap of the calling thread's: false if a block was not what it was left as.
PLUGIN bool plugin_work(void)
{
    enum { BLOCKS = 300 };
    unsigned char *blocks[BLOCKS];
    bool whole = true;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc((size_t)i * 40 + 1);
        if (!blocks[i])
            return false;
        memset(blocks[i], i & 255, (size_t)i * 40 + 1);
    }
    for (int i = 0; i < BLOCKS; i++) {
        whole &= blocks[i][0] == (i & 255) && blocks[i][i * 40] == (i & 255);
        free(blocks[i]);
    }
    return whole;
}

// The process ends while the calling thread holds a lock that the exit asks for.
PLUGIN void plugin_hold_at_exit(void)
{
    asks_at_exit = true;
    bp_lock_take(bp_files_lock());
}

BOOL WINAPI DllMain(HINSTANCE image, DWORD reason, void *reserved);
BOOL WINAPI DllMain(HINSTANCE image, DWORD reason, void *reserved)
{
    void *object;
    (void)image, (void)reserved;
    if (reason == DLL_PROCESS_DETACH)
        plugin_work();
    if (reason == DLL_PROCESS_DETACH && asks_at_exit)
        bump_large_alloc(1 << 20, BUMP_LARGE_FILE, &object);
    return TRUE;
}
