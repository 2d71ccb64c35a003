// SPDX-License-Identifier: MIT
// Where libraries find the environment on macOS.
#ifndef MAC_CRT_EXTERNS_H
#define MAC_CRT_EXTERNS_H

char ***_NSGetEnviron(void);

#endif
