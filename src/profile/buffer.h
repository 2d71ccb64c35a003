// SPDX-License-Identifier: MIT
// Bytes that grow in a mapping of their own: what is written to a file is put together here.
// After a failure to grow everything does nothing, and `failed` says so.
#ifndef BP_PROFILE_BUFFER_H
#define BP_PROFILE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_buffer {
    uint8_t *data;
    size_t n_bytes, capacity;
    bool failed;
};

// Room for n_bytes more, which count as written; NULL after a failure.
uint8_t *bp_buffer_extend(struct bp_buffer *buffer, size_t n_bytes);
void bp_buffer_put(struct bp_buffer *buffer, const void *data, size_t n_bytes);
void bp_buffer_drop(struct bp_buffer *buffer);

// The bytes as a gzip file (RFC 1952) of stored blocks (RFC 1951): quick, and needs no memory.
void bp_buffer_gzip(const struct bp_buffer *from, struct bp_buffer *ret_file);

#endif
