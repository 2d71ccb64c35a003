// SPDX-License-Identifier: MIT
// Wards come with threads, and the secrets before the first of them. What can be set at the start
// is read-only when the first ward is there.
#ifndef BP_WARD_BOOT_H
#define BP_WARD_BOOT_H

#include "ward/ward.h"

// Sets everything up, once; and gives the calling thread its ward, if it can have one. NULL: it can
// not, now or any more, and each object comes from the thread heap by itself.
struct bp_ward *bp_ward_enter(void);

#endif
