// SPDX-License-Identifier: MIT
// What the library uses of macOS's signal.h.
#ifndef MAC_SIGNAL_H
#define MAC_SIGNAL_H

typedef unsigned sigset_t;
enum { SIG_SETMASK = 3 };
int(sigfillset)(sigset_t *set);

#endif
