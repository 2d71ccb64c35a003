// SPDX-License-Identifier: MIT
// A FILE on a stream. It stands here because its callbacks answer by errno, as stdio wants it.
#include "bumpalloc/stream.h"

#include "base/attr.h"
#include "os/os_stdio.h"

#include <errno.h>
#include <string.h>

static int64_t answer(int64_t result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

static int64_t file_read(void *cookie, char *buffer, size_t n_bytes)
{
    return answer(bump_stream_read(cookie, buffer, n_bytes));
}

static int64_t file_write(void *cookie, const char *buffer, size_t n_bytes)
{
    return answer(bump_stream_write(cookie, buffer, n_bytes));
}

static int64_t file_seek(void *cookie, int64_t offset_bytes, int origin)
{
    return answer(bump_stream_seek(cookie, offset_bytes, origin));
}

// 'a' is not the cookie's business but the stream's: its position moves to the end.
static int prepare(struct bump_stream *stream, const char *mode)
{
    if (mode[0] == 'w')
        return bump_stream_truncate(stream, 0);
    int64_t at = mode[0] == 'a' ? bump_stream_seek(stream, 0, SEEK_END)
                                : bump_stream_seek(stream, 0, SEEK_CUR);
    return at < 0 ? (int)at : 0;
}

BP_EXPORT int bump_stream_file(struct bump_stream *stream, const char *mode, FILE **ret_file)
{
    static const struct bp_os_stdio_calls calls = {file_read, file_write, file_seek};
    FILE *file;
    if (!stream || !stream->region || !mode || !ret_file || !mode[0] || !strchr("rwa", mode[0]))
        return -EINVAL;
    int code = -bp_os_stdio_open(stream, &calls, mode, &file);
    if (code)
        return code;
    code = prepare(stream, mode);
    if (code)
        fclose(file);
    else
        *ret_file = file;
    return code;
}
