// SPDX-License-Identifier: MIT
// A region read and written like a file.
//
// A stream is a position in a struct bump_region, whose size is the stream's length: what is
// written at the end makes the region grow in place. Positions follow the rules of lseek: they may
// lie behind the end, and a gap that a write leaves reads zero. Reading needs BUMP_PROT_READ and
// writing BUMP_PROT_WRITE at the time of the call (-EACCES); pages protected by bump_region_protect
// are not looked for.
//
// A call either does what it says or changes nothing: not the region, its length, or the position.
// Writes are never short. Buffers may lie in the region itself.
//
// A struct bump_stream lives wherever its user puts it and starts as all zeros. A stream, and all
// streams of one region, are used by one thread at a time.
//
// After ExpandableStream of ExpandableAllocator.
#ifndef BUMPALLOC_STREAM_H
#define BUMPALLOC_STREAM_H

#include "region.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bump_stream_flag {
    BUMP_STREAM_OWN = 1,    // bump_stream_close destroys the region
    BUMP_STREAM_APPEND = 2, // every write goes to the end, but for bump_stream_pwrite
};

// Private.
struct bump_stream {
    struct bump_region *region;
    size_t position_bytes;
    unsigned flags;
};

// Opens a stream on a region that exists, at position 0 (with BUMP_STREAM_APPEND: at the end). The
// region must stay where it is until the stream is closed. -EBUSY for a stream that is open.
int bump_stream_open(struct bump_stream *stream, struct bump_region *region, unsigned flags);
// Zeroes the stream; the region stays unless BUMP_STREAM_OWN was given. Nothing happens to a zeroed
// stream. The codes are those of bump_region_destroy.
int bump_stream_close(struct bump_stream *stream);

// Reads at the position, which moves on. The number of bytes read: fewer than n_bytes only at the
// end, 0 there and behind it. -EACCES; -EINVAL if n_bytes is above INT64_MAX.
int64_t bump_stream_read(struct bump_stream *stream, void *buffer, size_t n_bytes);
// Writes at the position, which moves on. n_bytes, or an error: -ERANGE beyond the region's
// maximum, -ENOMEM, -ENOSPC, -EACCES, -EINVAL.
int64_t bump_stream_write(struct bump_stream *stream, const void *buffer, size_t n_bytes);
// As bump_stream_read, at an offset; the position stays.
int64_t bump_stream_pread(struct bump_stream *stream, void *buffer, size_t n_bytes,
                          size_t offset_bytes);
// As bump_stream_write, at an offset; the position stays.
int64_t bump_stream_pwrite(struct bump_stream *stream, const void *buffer, size_t n_bytes,
                           size_t offset_bytes);
// The next byte, 0 to 255; EOF (-1) at the end and where reading is an error.
int bump_stream_getc(struct bump_stream *stream);
// Writes one byte. It, 0 to 255, or a negative code.
int bump_stream_putc(struct bump_stream *stream, int byte);

// Moves the position, relative to the start, the position, or the end (SEEK_SET, SEEK_CUR,
// SEEK_END). The new position; -EINVAL if it would be negative or beyond INT64_MAX.
int64_t bump_stream_seek(struct bump_stream *stream, int64_t offset_bytes, int origin);
// Sets the length. Bytes cut off are gone: they read zero when the stream grows again; a position
// behind the new end moves to it. Errors as for bump_stream_write.
int bump_stream_truncate(struct bump_stream *stream, size_t length_bytes);

// A FILE that reads and writes through the stream, buffered: fflush before looking at the region.
// mode is fopen's (a leading 'w' truncates, 'a' appends). fclose leaves the stream open. It is the
// C library that allocates it. -ENOTSUP on systems without fopencookie or funopen.
int bump_stream_file(struct bump_stream *stream, const char *mode, FILE **ret_file);

// The position in bytes from the start; it may lie behind the end.
static inline size_t bump_stream_tell(const struct bump_stream *stream)
{
    return stream->position_bytes;
}

// The length in bytes: the region's size.
static inline size_t bump_stream_length(const struct bump_stream *stream)
{
    return stream->region ? stream->region->size_bytes : 0;
}

#ifdef __cplusplus
}
#endif

#endif
