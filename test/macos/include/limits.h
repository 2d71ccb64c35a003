// SPDX-License-Identifier: MIT
// The limits of C, which the compiler knows.
#ifndef MAC_LIMITS_H
#define MAC_LIMITS_H

#define INT_MAX  2147483647
#define PATH_MAX 1024

#endif
