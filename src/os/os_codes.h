// SPDX-License-Identifier: MIT
// errno codes that the library answers with and that not every system's errno.h has. The values are
// Linux's where no other meaning is in the way.
#ifndef BP_OS_OS_CODES_H
#define BP_OS_OS_CODES_H

#include <errno.h>

#if !defined(ESTALE)
#define ESTALE 116
#endif
#if !defined(EDQUOT)
#define EDQUOT 122
#endif

#endif
