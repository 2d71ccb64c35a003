// SPDX-License-Identifier: MIT
#include "profile/pprof.h"

#include "base/bits.h"
#include "os/os.h"
#include "profile/poisson.h"
#include "profile/samples.h"

#include <string.h>

// Field numbers of the schema.
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION };
enum { PROFILE_STRING = 6, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD, PROFILE_COMMENT };
enum { PROFILE_DEFAULT_SAMPLE_TYPE = 14 };
enum { TYPE_NAME = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE };
enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS };
enum { VARINT = 0, BYTES = 2 };

enum { VALUES = 6, MAPPINGS_MAX = 4096, VARINT_MAX = 10 };

#define MAPS_BYTES ((size_t)16 << 20)

static const char *const strings[] = {
    "",           "alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "peak_objects",
    "peak_space", "count",         "bytes",       "space"};
enum { STRING_COUNT = 7, STRING_BYTES, STRING_SPACE, STRINGS };

struct mapping {
    uint64_t start, limit;
};

struct encoder {
    struct bp_buffer *out;
    struct bp_buffer stacks;   // copied words
    struct bp_buffer mappings; // struct mapping
    struct bp_buffer names;    // their paths, each with its 0
    struct bp_buffer seen;     // hash set of addresses
    size_t seen_mask;
    struct bp_sample_counts counts;
};

// A short message that is put together before its length is known.
struct message {
    uint8_t data[(BP_STACK_MAX + VALUES + 8) * VARINT_MAX];
    size_t n_bytes;
};

// --- wire ---

static size_t varint(uint8_t *place, uint64_t value)
{
    size_t n_bytes = 0;
    while (value >= 0x80) {
        place[n_bytes++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    place[n_bytes++] = (uint8_t)value;
    return n_bytes;
}

static void put_varint(struct bp_buffer *out, uint64_t value)
{
    uint8_t bytes[VARINT_MAX];
    bp_buffer_put(out, bytes, varint(bytes, value));
}

static void put_number(struct bp_buffer *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3 | VARINT);
    put_varint(out, value);
}

static void put_bytes(struct bp_buffer *out, unsigned field, const void *data, size_t n_bytes)
{
    put_varint(out, field << 3 | BYTES);
    put_varint(out, n_bytes);
    bp_buffer_put(out, data, n_bytes);
}

static void add_varint(struct message *message, uint64_t value)
{
    message->n_bytes += varint(message->data + message->n_bytes, value);
}

static void add_number(struct message *message, unsigned field, uint64_t value)
{
    add_varint(message, field << 3 | VARINT);
    add_varint(message, value);
}

static void add_packed(struct message *message, unsigned field, const uint64_t *values,
                       size_t count)
{
    uint8_t scratch[VARINT_MAX];
    size_t n_bytes = 0;
    for (size_t i = 0; i < count; i++)
        n_bytes += varint(scratch, values[i]);
    add_varint(message, field << 3 | BYTES);
    add_varint(message, n_bytes);
    for (size_t i = 0; i < count; i++)
        add_varint(message, values[i]);
}

static void put_message(struct bp_buffer *out, unsigned field, const struct message *message)
{
    put_bytes(out, field, message->data, message->n_bytes);
}

static void put_type(struct bp_buffer *out, unsigned field, unsigned name, unsigned unit)
{
    struct message message = {.n_bytes = 0};
    add_number(&message, TYPE_NAME, name);
    add_number(&message, TYPE_UNIT, unit);
    put_message(out, field, &message);
}

// --- mappings ---

static const char *hex(const char *text, uint64_t *ret_value)
{
    *ret_value = 0;
    for (;; text++) {
        unsigned digit = (unsigned)(*text >= 'a' ? *text - 'a' + 10 : *text - '0');
        if (digit > 15)
            return text;
        *ret_value = *ret_value << 4 | digit;
    }
}

// "start-end rwxp offset device inode   path"; code that comes from a file.
static void read_mapping(struct encoder *it, const char *line, const char *end)
{
    struct mapping mapping;
    uint64_t offset;
    const char *at = hex(line, &mapping.start);
    at = hex(at + 1, &mapping.limit);
    bool code = end - at > 6 && at[3] == 'x';
    const char *path = memchr(line, '/', (size_t)(end - line));
    size_t count = it->mappings.n_bytes / sizeof(mapping);
    if (!code || !path || count == MAPPINGS_MAX)
        return;
    hex(at + 6, &offset);
    bp_buffer_put(&it->mappings, &mapping, sizeof(mapping));
    bp_buffer_put(&it->names, path, (size_t)(end - path));
    bp_buffer_put(&it->names, "", 1);
    struct message message = {.n_bytes = 0};
    add_number(&message, MAPPING_ID, count + 1);
    add_number(&message, MAPPING_START, mapping.start);
    add_number(&message, MAPPING_LIMIT, mapping.limit);
    add_number(&message, MAPPING_OFFSET, offset);
    add_number(&message, MAPPING_FILE, STRINGS + count);
    put_message(it->out, PROFILE_MAPPING, &message);
}

static void put_mappings(struct encoder *it)
{
    struct bp_buffer maps = {.data = NULL};
    uint8_t *text = bp_buffer_extend(&maps, MAPS_BYTES);
    size_t length = text ? bp_os_path_read("/proc/self/maps", text, MAPS_BYTES - 1) : 0;
    const char *line = (const char *)text;
    const char *last = line + length;
    while (length && line < last) {
        const char *end = memchr(line, '\n', (size_t)(last - line));
        if (!end)
            break;
        read_mapping(it, line, end);
        line = end + 1;
    }
    bp_buffer_drop(&maps);
}

static uint64_t mapping_of(const struct encoder *it, uint64_t address)
{
    const struct mapping *mappings = (const void *)it->mappings.data;
    size_t count = it->mappings.n_bytes / sizeof(*mappings);
    for (size_t i = 0; i < count; i++) {
        if (address >= mappings[i].start && address < mappings[i].limit)
            return i + 1;
    }
    return 0;
}

// --- locations and samples ---

// The call that returns there.
static uint64_t call_of(uintptr_t return_address)
{
    return return_address - 1;
}

// True the first time.
static bool see(struct encoder *it, uint64_t address)
{
    uint64_t *set = (void *)it->seen.data;
    size_t at = address * 0x9e3779b97f4a7c15u >> 20 & it->seen_mask;
    while (set[at] && set[at] != address)
        at = (at + 1) & it->seen_mask;
    bool first = !set[at];
    set[at] = address;
    return first;
}

// A location's number is its address.
static void put_location(struct encoder *it, uint64_t address)
{
    struct message message = {.n_bytes = 0};
    uint64_t mapping = mapping_of(it, address);
    add_number(&message, LOCATION_ID, address);
    if (mapping)
        add_number(&message, LOCATION_MAPPING, mapping);
    add_number(&message, LOCATION_ADDRESS, address);
    put_message(it->out, PROFILE_LOCATION, &message);
}

static uint64_t rounded(uint64_t weight)
{
    return (weight + ((uint64_t)1 << (BP_WEIGHT_SHIFT - 1))) >> BP_WEIGHT_SHIFT;
}

static void put_stack(struct encoder *it, const struct bp_stack *stack)
{
    struct bp_sums peak = bp_stack_peak(stack, it->counts.peak_number);
    uint64_t calls[BP_STACK_MAX];
    uint64_t values[VALUES] = {rounded(stack->total.objects), stack->total.n_bytes,
                               rounded(stack->live.objects),  stack->live.n_bytes,
                               rounded(peak.objects),         peak.n_bytes};
    for (uint32_t i = 0; i < stack->depth; i++) {
        calls[i] = call_of(stack->address[i]);
        if (see(it, calls[i]))
            put_location(it, calls[i]);
    }
    struct message message = {.n_bytes = 0};
    add_packed(&message, SAMPLE_LOCATION, calls, stack->depth);
    add_packed(&message, SAMPLE_VALUE, values, VALUES);
    put_message(it->out, PROFILE_SAMPLE, &message);
}

// A copy, so that nobody waits for the encoding; stacks that come meanwhile are not in it.
static bool copy_stacks(struct encoder *it)
{
    bp_samples_count(&it->counts);
    size_t words = it->counts.stack_words;
    uint64_t *copy = (void *)bp_buffer_extend(&it->stacks, bp_max(words, 1) * sizeof(uint64_t));
    it->seen_mask = ((size_t)1 << bp_log2_ceil(2 * words + 2)) - 1;
    if (!copy || !bp_buffer_extend(&it->seen, (it->seen_mask + 1) * sizeof(uint64_t)))
        return false;
    it->stacks.n_bytes = bp_samples_copy(copy, words, &it->counts) * sizeof(uint64_t);
    return true;
}

static void put_samples(struct encoder *it)
{
    const uint64_t *words = (const void *)it->stacks.data;
    size_t count = it->stacks.n_bytes / sizeof(*words);
    for (size_t at = 0; at < count;) {
        const struct bp_stack *stack = (const void *)(words + at);
        put_stack(it, stack);
        at += bp_stack_words(stack);
    }
}

// --- the whole ---

static void put_strings(struct encoder *it)
{
    for (unsigned i = 0; i < STRINGS; i++)
        put_bytes(it->out, PROFILE_STRING, strings[i], strlen(strings[i]));
    for (size_t at = 0; at < it->names.n_bytes;) {
        const char *name = (const char *)it->names.data + at;
        put_bytes(it->out, PROFILE_STRING, name, strlen(name));
        at += strlen(name) + 1;
    }
}

static void put_head(struct encoder *it, size_t mean_bytes)
{
    for (unsigned i = 0; i < VALUES; i++)
        put_type(it->out, PROFILE_SAMPLE_TYPE, i + 1, i % 2 ? STRING_BYTES : STRING_COUNT);
    put_type(it->out, PROFILE_PERIOD_TYPE, STRING_SPACE, STRING_BYTES);
    put_number(it->out, PROFILE_PERIOD, mean_bytes);
    put_number(it->out, PROFILE_DEFAULT_SAMPLE_TYPE, 4); // inuse_space
}

static void put_dropped(struct encoder *it)
{
    static const char text[] = "samples were dropped for want of memory";
    if (!it->counts.dropped)
        return;
    put_number(it->out, PROFILE_COMMENT, STRINGS + it->mappings.n_bytes / sizeof(struct mapping));
    bp_buffer_put(&it->names, text, sizeof(text));
}

bool bp_pprof_encode(struct bp_buffer *ret_message, size_t mean_bytes)
{
    struct encoder it = {.out = ret_message};
    bool ok = copy_stacks(&it);
    if (ok) {
        put_head(&it, mean_bytes);
        put_mappings(&it);
        put_samples(&it);
        put_dropped(&it);
        put_strings(&it);
        ok = !ret_message->failed && !it.mappings.failed && !it.names.failed;
    }
    bp_buffer_drop(&it.stacks);
    bp_buffer_drop(&it.mappings);
    bp_buffer_drop(&it.names);
    bp_buffer_drop(&it.seen);
    return ok;
}
