// SPDX-License-Identifier: MIT
// Thread-local words that malloc itself may use: BP_THREAD_LOCAL stands at the declaration and at
// the definition, and every use is BP_THREAD_LOCAL_AT(name), an lvalue.
// ELF: one register and one load (the initial-exec model).
#ifndef BP_OS_THREAD_LOCAL_H
#define BP_OS_THREAD_LOCAL_H

#define BP_THREAD_LOCAL          __thread
#define BP_THREAD_LOCAL_AT(name) name

#endif
