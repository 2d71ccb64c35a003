// SPDX-License-Identifier: MIT
#include "heap_profile.h"

#include "bumprun.h"
#include "symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    const uint8_t *at, *end;
};

struct field {
    unsigned number;
    uint64_t value;     // of a number
    struct bytes bytes; // of anything longer
};

static const char *file_name; // for messages

__attribute__((noreturn)) static void refuse(const char *why)
{
    die(EXIT_FAILED, "%s: %s", file_name, why);
}

// --- file ---

static uint8_t *file_read(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    size_t capacity = 1 << 16, length = 0;
    uint8_t *data = malloc(capacity);
    if (!file)
        die(EXIT_FAILED, "%s: %s", path, strerror(errno));
    while (data) {
        length += fread(data + length, 1, capacity - length, file);
        if (length < capacity)
            break;
        capacity *= 2;
        data = realloc(data, capacity);
    }
    if (!data || ferror(file))
        die(EXIT_FAILED, "%s: cannot be read", path);
    fclose(file);
    *ret_bytes = length;
    return data;
}

// The stored blocks of a gzip file, put together in place.
static struct bytes unzip(uint8_t *data, size_t n_bytes)
{
    size_t from = 10, to = 0;
    if (n_bytes < 18 || data[0] != 0x1f || data[1] != 0x8b || data[3] != 0)
        refuse("not a profile of this library's");
    for (bool last = false; !last;) {
        if (from + 5 > n_bytes || data[from] > 1)
            refuse("not a profile as this library writes it (try: gunzip, and go tool pprof)");
        size_t length = (size_t)(data[from + 1] | data[from + 2] << 8);
        last = data[from] == 1;
        if (from + 5 + length + 8 > n_bytes)
            refuse("cut short");
        memmove(data + to, data + from + 5, length);
        from += 5 + length;
        to += length;
    }
    return (struct bytes){data, data + to};
}

// --- wire ---

static uint64_t varint(struct bytes *it)
{
    uint64_t value = 0;
    for (unsigned shift = 0; it->at < it->end && shift < 64; shift += 7) {
        uint8_t byte = *it->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    refuse("damaged");
}

// False at the end.
static bool field_next(struct bytes *it, struct field *field)
{
    if (it->at == it->end)
        return false;
    uint64_t tag = varint(it);
    field->number = (unsigned)(tag >> 3);
    field->value = varint(it);
    if ((tag & 7) == 0)
        return true;
    if ((tag & 7) != 2 || field->value > (uint64_t)(it->end - it->at))
        refuse("damaged");
    field->bytes = (struct bytes){it->at, it->at + field->value};
    it->at = field->bytes.end;
    return true;
}

// --- messages ---

// Room for one more, at powers of two.
static void *array_extend(void *array, size_t count, size_t n_bytes)
{
    if (count & (count - 1) || count == 1)
        return array;
    void *larger = realloc(array, (count ? 2 * count : 2) * n_bytes);
    if (!larger)
        die(EXIT_FAILED, "out of memory");
    return larger;
}

static void mapping_add(struct heap_profile *profile, struct bytes bytes)
{
    uint64_t value[8] = {0};
    for (struct field field; field_next(&bytes, &field);) {
        if (field.number < 8)
            value[field.number] = field.value;
    }
    size_t count = profile->mapping_count++;
    profile->mappings = array_extend(profile->mappings, count, sizeof(*profile->mappings));
    profile->mappings[count] =
        (struct profile_mapping){value[1], value[2], value[3], value[4], value[5], NULL};
}

static void stack_add(struct heap_profile *profile, struct bytes bytes)
{
    size_t count = profile->stack_count++;
    profile->stacks = array_extend(profile->stacks, count, sizeof(*profile->stacks));
    struct profile_stack *stack = &profile->stacks[count];
    memset(stack, 0, sizeof(*stack));
    for (struct field field; field_next(&bytes, &field);) {
        for (size_t i = 0; field.bytes.at < field.bytes.end; i++) {
            uint64_t value = varint(&field.bytes);
            if (field.number == 1 && stack->depth < PROFILE_DEPTH_MAX)
                stack->address[stack->depth++] = value; // a location's number is its address
            else if (field.number == 2 && i < PROFILE_TYPES)
                stack->value[i] = (int64_t)value;
        }
    }
}

static void string_add(struct heap_profile *profile, struct bytes bytes)
{
    size_t count = profile->string_count++;
    size_t length = (size_t)(bytes.end - bytes.at);
    profile->strings = array_extend(profile->strings, count, sizeof(*profile->strings));
    profile->strings[count] = allocate(length + 1);
    memcpy(profile->strings[count], bytes.at, length);
    profile->strings[count][length] = 0;
}

static void type_add(struct heap_profile *profile, struct bytes bytes)
{
    for (struct field field; field_next(&bytes, &field);) {
        if (field.number == 1 && profile->type_count < PROFILE_TYPES)
            profile->type_name[profile->type_count++] = field.value;
    }
}

void heap_profile_read(const char *path, struct heap_profile *profile)
{
    size_t n_bytes;
    file_name = path;
    uint8_t *data = file_read(path, &n_bytes);
    struct bytes message = unzip(data, n_bytes);
    *profile = (struct heap_profile){.mappings = NULL};
    for (struct field field; field_next(&message, &field);) {
        if (field.number == 1)
            type_add(profile, field.bytes);
        else if (field.number == 2)
            stack_add(profile, field.bytes);
        else if (field.number == 3)
            mapping_add(profile, field.bytes);
        else if (field.number == 6)
            string_add(profile, field.bytes);
        else if (field.number == 12)
            profile->period_bytes = (int64_t)field.value;
    }
    free(data);
}

int heap_profile_type(const struct heap_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->type_count; i++) {
        uint64_t string = profile->type_name[i];
        if (string < profile->string_count && strcmp(profile->strings[string], name) == 0)
            return (int)i;
    }
    return -1;
}

// --- names ---

static const char *file_label(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = strlen(slash ? slash + 1 : path) + 3;
    char *label = allocate(length);
    snprintf(label, length, "[%s]", slash ? slash + 1 : path);
    return label;
}

const char *heap_profile_name(struct heap_profile *profile, uint64_t address)
{
    for (size_t i = 0; i < profile->mapping_count; i++) {
        struct profile_mapping *it = &profile->mappings[i];
        if (address < it->start || address >= it->limit || it->file >= profile->string_count)
            continue;
        if (!it->symbols)
            it->symbols =
                symbols_read(profile->strings[it->file], file_label(profile->strings[it->file]));
        return symbols_name(it->symbols, address - it->start + it->offset);
    }
    return "[unknown]";
}
