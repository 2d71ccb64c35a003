// SPDX-License-Identifier: MIT
// What plugin.c exports, and host.c finds by name.
#ifndef TEST_WINDOWS_PLUGIN_H
#define TEST_WINDOWS_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

#define PLUGIN __declspec(dllexport)

PLUGIN void *plugin_obtain(size_t n_bytes);
PLUGIN void plugin_release(void *block);
PLUGIN bool plugin_owns(const void *block);
PLUGIN bool plugin_work(void);
PLUGIN void plugin_hold_at_exit(void);

#endif
