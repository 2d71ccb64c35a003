// SPDX-License-Identifier: MIT
// The library's books, held against each other from outside, while one thread is there and nothing
// is under way: chunks and their bits, spans and their chains, slots and their pools, the counters.
#ifndef FAULT_VALIDATE_H
#define FAULT_VALIDATE_H

void validate(void);

#endif
