// SPDX-License-Identifier: MIT
#include "profile/buffer.h"

#include "base/bits.h"
#include "os/os.h"

#include <string.h>

enum { FIRST_BYTES = 1 << 18, BLOCK_MAX = 65535 };

static bool grow(struct bp_buffer *buffer, size_t wanted)
{
    size_t capacity = bp_max(buffer->capacity, FIRST_BYTES);
    while (capacity < wanted)
        capacity *= 2;
    void *moved = NULL;
    int code = buffer->data ? bp_os_remap(buffer->data, buffer->capacity, capacity, &moved)
                            : bp_os_map(capacity, bp_os_page_bytes(), &moved);
    if (code)
        return false;
    buffer->data = moved;
    buffer->capacity = capacity;
    return true;
}

uint8_t *bp_buffer_extend(struct bp_buffer *buffer, size_t n_bytes)
{
    size_t wanted = buffer->n_bytes + n_bytes;
    buffer->failed = buffer->failed || (wanted > buffer->capacity && !grow(buffer, wanted));
    if (buffer->failed)
        return NULL;
    buffer->n_bytes = wanted;
    return buffer->data + wanted - n_bytes;
}

void bp_buffer_put(struct bp_buffer *buffer, const void *data, size_t n_bytes)
{
    uint8_t *place = bp_buffer_extend(buffer, n_bytes);
    if (place)
        memcpy(place, data, n_bytes);
}

void bp_buffer_drop(struct bp_buffer *buffer)
{
    if (buffer->data)
        bp_os_unmap(buffer->data, buffer->capacity);
    *buffer = (struct bp_buffer){.data = NULL};
}

// --- gzip ---

// The checksum of ISO 3309, four bits at a time.
static uint32_t crc32_of(const uint8_t *data, size_t n_bytes)
{
    uint32_t table[16], crc = 0xffffffff;
    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (int bit = 0; bit < 4; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    for (size_t i = 0; i < n_bytes; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static void put_u32(struct bp_buffer *buffer, uint32_t value)
{
    uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                       (uint8_t)(value >> 24)};
    bp_buffer_put(buffer, bytes, sizeof(bytes));
}

static void put_block(struct bp_buffer *buffer, const uint8_t *data, size_t n_bytes, bool last)
{
    uint8_t head[] = {last, (uint8_t)n_bytes, (uint8_t)(n_bytes >> 8), (uint8_t)~n_bytes,
                      (uint8_t)(~n_bytes >> 8)};
    bp_buffer_put(buffer, head, sizeof(head));
    bp_buffer_put(buffer, data, n_bytes);
}

void bp_buffer_gzip(const struct bp_buffer *from, struct bp_buffer *ret_file)
{
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    size_t done = 0;
    bp_buffer_put(ret_file, head, sizeof(head));
    do {
        size_t n_bytes = bp_min(from->n_bytes - done, BLOCK_MAX);
        put_block(ret_file, from->data + done, n_bytes, done + n_bytes == from->n_bytes);
        done += n_bytes;
    } while (done < from->n_bytes);
    put_u32(ret_file, crc32_of(from->data, from->n_bytes));
    put_u32(ret_file, (uint32_t)from->n_bytes);
    ret_file->failed = ret_file->failed || from->failed;
}
