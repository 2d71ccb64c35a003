// SPDX-License-Identifier: MIT
// What is constant once the library has started. The secure library has another header of this name
// (src/secure), and makes these words read-only then.
#ifndef BP_CORE_SEAL_H
#define BP_CORE_SEAL_H

#define BP_SEALED

#endif
