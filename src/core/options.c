// SPDX-License-Identifier: MIT
#include "core/options.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/report.h"
#include "os/os.h"

#include <string.h>

struct bp_options bp_options = {
    .reserve_bytes = BP_RESERVE_DEFAULT,
    .purge_floor_bytes = 8 * BP_MIB,
    .purge_share_percent = 12,
    .purge_regret_ms = 1000,
    .thread_cache_bytes = 8 * BP_MIB,
    .cache_bytes = 16 * BP_MIB,
};

static const struct bp_option table[] = {
    {"BUMPALLOC_RESERVE", BP_OPTION_SIZE, NULL, "16T", "address space to reserve; 0 for none",
     &bp_options.reserve_bytes},
    {"BUMPALLOC_LIMIT", BP_OPTION_SIZE, NULL, "0",
     "memory to hold at most: ENOMEM beyond it, purged harder near it; 0 for no limit",
     &bp_options.limit_bytes},
    {"BUMPALLOC_PURGE", BP_OPTION_CHOICE, "auto|now|never", "auto",
     "when free memory goes back: within a budget, at once, or not at all (no madvise)",
     &bp_options.purge},
    {"BUMPALLOC_PURGE_FLOOR", BP_OPTION_SIZE, NULL, "8M", "free memory that may always be kept",
     &bp_options.purge_floor_bytes},
    {"BUMPALLOC_PURGE_SHARE", BP_OPTION_NUMBER, NULL, "12",
     "free memory that may be kept, in percent of what is in use", &bp_options.purge_share_percent},
    {"BUMPALLOC_PURGE_REGRET", BP_OPTION_NUMBER, NULL, "1000",
     "memory needed again so many milliseconds after its purge raises the budget; 0 for never",
     &bp_options.purge_regret_ms},
    {"BUMPALLOC_BACKGROUND", BP_OPTION_CHOICE, "0|1", "0",
     "1: a thread gives back what idles, caches of idle threads included", &bp_options.background},
    {"BUMPALLOC_THREAD_CACHE", BP_OPTION_SIZE, NULL, "8M",
     "what a thread may keep of free objects for itself", &bp_options.thread_cache_bytes},
    {"BUMPALLOC_CACHE", BP_OPTION_SIZE, NULL, "16M",
     "what all threads together may keep so, for each processor", &bp_options.cache_bytes},
    {"BUMPALLOC_THP", BP_OPTION_CHOICE, "auto|never|always", "auto",
     "huge pages: where they pay, nowhere, or wherever they fit", &bp_options.thp},
    {"BUMPALLOC_REALLOC_ZERO", BP_OPTION_CHOICE, "free|alloc", "free",
     "what realloc(p, 0) does: free, or a new object", &bp_options.realloc_zero_allocates},
    {"BUMPALLOC_STABLE_REALLOC", BP_OPTION_TIMES, NULL, "0",
     "what realloc makes larger than SIZE can grow FACTOR times without moving; 0 for never",
     &bp_options.stable_realloc},
    {"BUMPALLOC_NOFREE", BP_OPTION_CHOICE, "0|1", "0",
     "1: free does nothing, all objects in one run: for programs that end soon",
     &bp_options.nofree},
};

enum { OPTION_COUNT = sizeof(table) / sizeof(table[0]) };

static unsigned suffix_shift(char suffix)
{
    switch (suffix | 0x20) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    case 't':
        return 40;
    default:
        return 0;
    }
}

// Digits; *ret_end is what follows them.
static bool parse_digits(const char *text, size_t *ret_value, const char **ret_end)
{
    size_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(*at - '0'), &value))
            return false;
    }
    *ret_value = value;
    *ret_end = at;
    return at != text;
}

// Digits, then K, M, G, T or nothing; true if text is just that and fits.
static bool parse_size(const char *text, size_t *ret_bytes)
{
    size_t value;
    const char *end;
    if (!parse_digits(text, &value, &end))
        return false;
    unsigned shift = *end ? suffix_shift(*end) : 0;
    if ((*end && (!shift || end[1])) || (value << shift) >> shift != value)
        return false;
    *ret_bytes = value << shift;
    return true;
}

static bool parse_number(const char *text, size_t *ret_value)
{
    size_t value;
    const char *end;
    if (!parse_digits(text, &value, &end) || *end || value > 1000000000)
        return false;
    *ret_value = value;
    return true;
}

// SIZE:FACTOR, or 0. The size is rounded up to 4096, so that the factor (to 4095) fits below it.
static bool parse_times(const char *text, size_t *ret_value)
{
    char size_text[24];
    size_t n_bytes, factor = 0;
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    if (length >= sizeof(size_text))
        return false;
    memcpy(size_text, text, length);
    size_text[length] = '\0';
    if (!parse_size(size_text, &n_bytes) || n_bytes > SIZE_MAX / 2 || !colon == (n_bytes != 0))
        return false;
    if (colon && (!parse_number(colon + 1, &factor) || !factor || factor > 4095))
        return false;
    *ret_value = bp_align_up(n_bytes, 4096) | factor;
    return true;
}

static bool parse_choice(const char *words, const char *text, size_t *ret_index)
{
    size_t length = strlen(text);
    for (size_t index = 0; words; index++) {
        const char *end = strchr(words, '|');
        size_t word_length = end ? (size_t)(end - words) : strlen(words);
        if (word_length == length && memcmp(words, text, length) == 0) {
            *ret_index = index;
            return true;
        }
        words = end ? end + 1 : NULL;
    }
    return false;
}

bool bp_option_parse(const struct bp_option *option, const char *text, size_t *ret_value)
{
    if (option->kind == BP_OPTION_SIZE)
        return parse_size(text, ret_value);
    if (option->kind == BP_OPTION_NUMBER)
        return parse_number(text, ret_value);
    if (option->kind == BP_OPTION_TIMES)
        return parse_times(text, ret_value);
    return parse_choice(option->words, text, ret_value);
}

const struct bp_option *bp_option_at(unsigned index)
{
    return index < OPTION_COUNT ? &table[index] : NULL;
}

static const char *complaint_of(enum bp_option_kind kind)
{
    static const char *const words[] = {"not a size", "not a number", "unknown",
                                        "not a size and a factor"};
    return words[kind];
}

// The option that an entry "NAME=value" of the environment names, or OPTION_COUNT.
static unsigned option_named(const char *entry, size_t length)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (strlen(table[i].name) == length && memcmp(table[i].name, entry, length) == 0)
            return i;
    }
    return OPTION_COUNT;
}

void bp_options_read(void)
{
    bool seen[OPTION_COUNT + 1] = {false};
    unsigned cursor = 0;
    for (const char *entry; (entry = bp_os_env_next("BUMPALLOC_", &cursor));) {
        const char *text = strchr(entry, '=');
        if (!text)
            continue;
        unsigned index = option_named(entry, (size_t)(text++ - entry));
        if (index == OPTION_COUNT) {
            bp_report_unknown_option(entry);
        } else if (!seen[index] && !bp_option_parse(&table[index], text, table[index].value)) {
            bp_report_option(table[index].name, text, complaint_of(table[index].kind),
                             table[index].default_text);
        }
        seen[index] = true;
    }
}
