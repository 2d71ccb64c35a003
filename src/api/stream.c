// SPDX-License-Identifier: MIT
// Streams: a position in a region. One check of ranges serves all reads, one all writes, and
// nothing is changed before all that can fail has been done.
#include "bumpalloc/stream.h"

#include "api/region.h"
#include "base/attr.h"
#include "base/bits.h"

#include <errno.h>
#include <string.h>

BP_EXPORT int bump_stream_open(struct bump_stream *stream, struct bump_region *region,
                               unsigned flags)
{
    if (!stream || flags & ~(unsigned)(BUMP_STREAM_OWN | BUMP_STREAM_APPEND))
        return -EINVAL;
    if (stream->region)
        return -EBUSY;
    int code = bp_region_usable(region);
    if (code)
        return code;
    *stream = (struct bump_stream){
        .region = region,
        .position_bytes = flags & BUMP_STREAM_APPEND ? region->size_bytes : 0,
        .flags = flags,
    };
    return 0;
}

BP_EXPORT int bump_stream_close(struct bump_stream *stream)
{
    int code = 0;
    if (stream && stream->region && stream->flags & BUMP_STREAM_OWN)
        code = bump_region_destroy(stream->region);
    if (stream)
        *stream = (struct bump_stream){.region = NULL};
    return code;
}

static int check(const struct bump_stream *stream, unsigned prot, size_t n_bytes)
{
    int code = stream ? bp_region_usable(stream->region) : -EINVAL;
    if (code)
        return code;
    if (n_bytes > INT64_MAX)
        return -EINVAL;
    return bump_region_prot(stream->region) & prot ? 0 : -EACCES;
}

BP_EXPORT int64_t bump_stream_pread(struct bump_stream *stream, void *buffer, size_t n_bytes,
                                    size_t offset_bytes)
{
    int code = check(stream, BUMP_PROT_READ, n_bytes);
    if (code)
        return code;
    const struct bump_region *region = stream->region;
    n_bytes = bp_min(n_bytes, bp_sub_or_zero(region->size_bytes, offset_bytes));
    if (n_bytes)
        memmove(buffer, region->base + offset_bytes, n_bytes);
    return (int64_t)n_bytes;
}

BP_EXPORT int64_t bump_stream_pwrite(struct bump_stream *stream, const void *buffer, size_t n_bytes,
                                     size_t offset_bytes)
{
    int code = check(stream, BUMP_PROT_WRITE, n_bytes);
    if (code || !n_bytes)
        return code;
    struct bump_region *region = stream->region;
    if (!bp_region_in_range(offset_bytes, n_bytes, region->max_bytes))
        return -ERANGE;
    code = bump_region_commit(region, offset_bytes + n_bytes);
    if (code)
        return code;
    memmove(region->base + offset_bytes, buffer, n_bytes);
    return (int64_t)n_bytes;
}

BP_EXPORT int64_t bump_stream_read(struct bump_stream *stream, void *buffer, size_t n_bytes)
{
    int64_t done = bump_stream_pread(stream, buffer, n_bytes, stream ? stream->position_bytes : 0);
    if (done > 0)
        stream->position_bytes += (size_t)done;
    return done;
}

BP_EXPORT int64_t bump_stream_write(struct bump_stream *stream, const void *buffer, size_t n_bytes)
{
    if (!stream || !stream->region)
        return -EINVAL;
    bool appends = stream->flags & BUMP_STREAM_APPEND;
    size_t at = appends ? stream->region->size_bytes : stream->position_bytes;
    int64_t done = bump_stream_pwrite(stream, buffer, n_bytes, at);
    if (done > 0)
        stream->position_bytes = at + (size_t)done;
    return done;
}

BP_EXPORT int bump_stream_getc(struct bump_stream *stream)
{
    unsigned char byte = 0;
    return bump_stream_read(stream, &byte, 1) == 1 ? byte : EOF;
}

BP_EXPORT int bump_stream_putc(struct bump_stream *stream, int byte)
{
    unsigned char one = (unsigned char)byte;
    int64_t done = bump_stream_write(stream, &one, 1);
    return done == 1 ? one : (int)done;
}

BP_EXPORT int64_t bump_stream_seek(struct bump_stream *stream, int64_t offset_bytes, int origin)
{
    size_t from = 0;
    int64_t to;
    int code = stream ? bp_region_usable(stream->region) : -EINVAL;
    if (code)
        return code;
    if (origin == SEEK_CUR)
        from = stream->position_bytes;
    else if (origin == SEEK_END)
        from = stream->region->size_bytes;
    else if (origin != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow((int64_t)from, offset_bytes, &to) || to < 0)
        return -EINVAL;
    stream->position_bytes = (size_t)to;
    return to;
}

BP_EXPORT int bump_stream_truncate(struct bump_stream *stream, size_t length_bytes)
{
    int code = check(stream, BUMP_PROT_WRITE, 0);
    if (!code)
        code = bump_region_resize(stream->region, length_bytes);
    if (!code)
        stream->position_bytes = bp_min(stream->position_bytes, length_bytes);
    return code;
}
