// SPDX-License-Identifier: MIT
// What a program may do while calls fail. A script leaves blocks behind; the driver looks at them.
#ifndef FAULT_SCRIPTS_H
#define FAULT_SCRIPTS_H

#include <stdbool.h>
#include <stdint.h>

struct script {
    const char *name;
    void (*run)(void);
    bool keeps_memory; // libc keeps some for itself
    bool hits_ceiling; // runs out of memory by itself
    bool races;        // how much is committed depends on who comes first
    bool costs;        // each run takes long: fewer of them
    uint32_t leaves;   // a bit for each place that objects are in behind it, in a large reservation
};

extern const struct script scripts[];
extern const int script_count;

#endif
