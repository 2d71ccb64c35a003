// SPDX-License-Identifier: MIT
#include "interpose/elf_cxx.h"

#define NAMED BP_VISIBLE extern
#define OWN   BP_HIDDEN extern

NAMED void *_Znwm(size_t n_bytes);
NAMED void *_Znam(size_t n_bytes);
NAMED void *_ZnwmSt11align_val_t(size_t n_bytes, size_t align);
NAMED void *_ZnamSt11align_val_t(size_t n_bytes, size_t align);
NAMED void _ZdlPv(void *object);
NAMED void _ZdaPv(void *object);
NAMED void _ZdlPvSt11align_val_t(void *object, size_t align);
NAMED void _ZdaPvSt11align_val_t(void *object, size_t align);

OWN void *bp_own_Znwm(size_t n_bytes);
OWN void *bp_own_Znam(size_t n_bytes);
OWN void *bp_own_ZnwmSt11align_val_t(size_t n_bytes, size_t align);
OWN void *bp_own_ZnamSt11align_val_t(size_t n_bytes, size_t align);
OWN void bp_own_ZdlPv(void *object);
OWN void bp_own_ZdaPv(void *object);
OWN void bp_own_ZdlPvSt11align_val_t(void *object, size_t align);
OWN void bp_own_ZdaPvSt11align_val_t(void *object, size_t align);

#define BASE(prefix)                                                                               \
    {                                                                                              \
        .new_one = prefix##_Znwm, .new_array = prefix##_Znam,                                      \
        .new_aligned = prefix##_ZnwmSt11align_val_t,                                               \
        .new_array_aligned = prefix##_ZnamSt11align_val_t, .delete_one = prefix##_ZdlPv,           \
        .delete_array = prefix##_ZdaPv, .delete_aligned = prefix##_ZdlPvSt11align_val_t,           \
        .delete_array_aligned = prefix##_ZdaPvSt11align_val_t,                                     \
    }

const struct bp_cxx_base bp_cxx_named = BASE();
const struct bp_cxx_base bp_cxx_own = BASE(bp_own);
