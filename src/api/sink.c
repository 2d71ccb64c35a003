// SPDX-License-Identifier: MIT
#include "api/sink.h"

#include "os/os.h"

#include <string.h>

static int descriptor_write(struct bp_sink *sink, const char *text, size_t n_bytes)
{
    return bp_os_write(sink->descriptor, text, n_bytes);
}

struct bp_sink bp_sink_to(int descriptor)
{
    struct bp_sink sink;
    sink.write = descriptor_write;
    sink.target = NULL;
    sink.descriptor = descriptor;
    sink.code = 0;
    sink.length = 0;
    return sink;
}

bool bp_sink_flush(struct bp_sink *sink)
{
    if (sink->length && !sink->code)
        sink->code = sink->write(sink, sink->text, sink->length);
    sink->length = 0;
    return !sink->code;
}

static void put(struct bp_sink *sink, char c)
{
    if (sink->length == sizeof(sink->text))
        bp_sink_flush(sink);
    sink->text[sink->length++] = c;
}

void bp_sink_text(struct bp_sink *sink, const char *text)
{
    for (; *text; text++)
        put(sink, *text);
}

void bp_sink_name(struct bp_sink *sink, const char *text)
{
    for (; *text; text++)
        put(sink, *text == ' ' ? '_' : *text);
}

void bp_sink_column(struct bp_sink *sink, size_t value, unsigned width)
{
    char digits[24];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10));
    for (unsigned i = count; i < width; i++)
        put(sink, ' ');
    while (count)
        put(sink, digits[--count]);
}

void bp_sink_number(struct bp_sink *sink, size_t value)
{
    bp_sink_column(sink, value, 0);
}
