// SPDX-License-Identifier: MIT
#include "core/options.h"

#include "base/attr.h"
#include "base/bits.h"
#include "base/limits.h"
#include "core/report.h"
#include "core/seal.h"
#include "os/os.h"

#include <string.h>

struct bp_options bp_options BP_SEALED = {
    .reserve_bytes = BP_RESERVE_DEFAULT,
    .purge_floor_bytes = 8 * BP_MIB,
    .purge_share_percent = 12,
    .purge_regret_ms = 1000,
    .thread_cache_bytes = 8 * BP_MIB,
    .cache_bytes = 32 * BP_MIB,
    .stats_to = "2",
    .outside = 1,
    .check = 1,
    .profile = "none",
    .profile_mean_bytes = 512 * BP_KIB,
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
    {"BUMPALLOC_CACHE", BP_OPTION_SIZE, NULL, "32M",
     "what all threads together may keep so, for each processor", &bp_options.cache_bytes},
    {"BUMPALLOC_THP", BP_OPTION_CHOICE, "auto|never|always", "auto",
     "huge pages: where they pay, nowhere, or wherever they fit", &bp_options.thp},
    {"BUMPALLOC_REALLOC_ZERO", BP_OPTION_CHOICE, "free|alloc", "free",
     "what realloc(p, 0) does: free, or a new object", &bp_options.realloc_zero_allocates},
    {"BUMPALLOC_STABLE_REALLOC", BP_OPTION_TIMES, "SIZE:FACTOR", "0",
     "what realloc makes larger than SIZE can grow FACTOR times without moving; 0 for never",
     &bp_options.stable_realloc},
    {"BUMPALLOC_NOFREE", BP_OPTION_CHOICE, "0|1", "0",
     "1: free does nothing, all objects in one run: for programs that end soon",
     &bp_options.nofree},
    {"BUMPALLOC_CHECK", BP_OPTION_CHOICE, "0|1", "1",
     "0: free objects are not checked where threads pass them on: double frees, writes after free",
     &bp_options.check},
    {"BUMPALLOC_GUARD", BP_OPTION_NUMBER, NULL, "0",
     "one in so many allocations between guard pages: overflows, uses after free; 0 for none",
     &bp_options.guard},
    {"BUMPALLOC_STATS", BP_OPTION_CHOICE, "0|1|json|prometheus|xml", "0",
     "statistics when the program exits: none, as text, or in another format", &bp_options.stats},
    {"BUMPALLOC_STATS_TO", BP_OPTION_TEXT, "WHERE", "2",
     "where they go: a descriptor, or a file, in whose name %p is the process",
     (size_t *)(void *)&bp_options.stats_to},
    {"BUMPALLOC_COUNT", BP_OPTION_CHOICE, "0|1", "0",
     "1: statistics count every allocation and free; no call is fast then", &bp_options.count},
    {"BUMPALLOC_OUTSIDE", BP_OPTION_CHOICE, "0|1", "1",
     "0: bumprun may neither read nor trim the process", &bp_options.outside},
    {"BUMPALLOC_PROFILE", BP_OPTION_TEXT, "FILE", "none",
     "a file for the heap profile (pprof format); %p stands for the process's number",
     (size_t *)(void *)&bp_options.profile},
    {"BUMPALLOC_PROFILE_RATE", BP_OPTION_SIZE, NULL, "512K",
     "one sample in so many allocated bytes, on average", &bp_options.profile_mean_bytes},
    {"BUMPALLOC_PROFILE_PEAK", BP_OPTION_CHOICE, "0|1", "0",
     "1: the profile is written at new peaks too, for programs that are killed",
     &bp_options.profile_peak},
    {"BUMPALLOC_LEAKS", BP_OPTION_CHOICE, "0|1", "0",
     "1: at exit, what is still in use by the place it was allocated, on stderr",
     &bp_options.leaks},
    {"BUMPALLOC_VERBOSE", BP_OPTION_CHOICE, "0|1", "0",
     "1: what the options came to is printed at the start", &bp_options.verbose},
};

enum {
    OPTION_COUNT = sizeof(table) / sizeof(table[0]),
    PREFIX_LENGTH = 10 /* BUMPALLOC_ */,
    TIMES_STEP = 4096
};

static uint8_t sources[OPTION_COUNT]; // enum bp_option_source

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
    if (colon && (!parse_number(colon + 1, &factor) || !factor || factor >= TIMES_STEP))
        return false;
    *ret_value = bp_align_up(n_bytes, TIMES_STEP) | factor;
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
    if (option->kind == BP_OPTION_TEXT)
        return text[0] && strlen(text) <= BP_OPTION_TEXT_MAX;
    return parse_choice(option->words, text, ret_value);
}

const struct bp_option *bp_option_at(unsigned index)
{
    return index < OPTION_COUNT ? &table[index] : NULL;
}

enum bp_option_source bp_option_source(unsigned index)
{
    return (enum bp_option_source)sources[index];
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : (char)(c == '-' ? '_' : c);
}

const struct bp_option *bp_option_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *known = table[i].name + PREFIX_LENGTH;
        size_t at = 0;
        while (at < length && lower(name[at]) == lower(known[at]))
            at++;
        if (at == length && !known[at])
            return &table[i];
    }
    return NULL;
}

static const char **text_of(const struct bp_option *option)
{
    return (const char **)(void *)option->value;
}

static void print_size(size_t n_bytes, struct bp_line *line)
{
    static const char *const suffixes[] = {"", "K", "M", "G", "T"};
    unsigned power = 0;
    for (; n_bytes && n_bytes % 1024 == 0 && power < 4; power++)
        n_bytes /= 1024;
    bp_line_decimal(line, n_bytes);
    bp_line_text(line, suffixes[power]);
}

static void print_word(const char *words, size_t index, struct bp_line *line)
{
    char word[32] = "";
    for (; index; index--)
        words = strchr(words, '|') + 1;
    size_t length = strcspn(words, "|");
    memcpy(word, words, length < sizeof(word) ? length : sizeof(word) - 1);
    bp_line_text(line, word);
}

// As bp_options_stable_max takes it apart.
static void print_times(size_t value, struct bp_line *line)
{
    size_t factor = value & (TIMES_STEP - 1);
    print_size(value - factor, line);
    if (value) {
        bp_line_text(line, ":");
        bp_line_decimal(line, factor);
    }
}

void bp_option_print(const struct bp_option *option, struct bp_line *line)
{
    if (option->kind == BP_OPTION_TEXT)
        bp_line_text(line, *text_of(option));
    else if (option->kind == BP_OPTION_SIZE)
        print_size(*option->value, line);
    else if (option->kind == BP_OPTION_NUMBER)
        bp_line_decimal(line, *option->value);
    else if (option->kind == BP_OPTION_TIMES)
        print_times(*option->value, line);
    else
        print_word(option->words, *option->value, line);
}

static const char *complaint_of(enum bp_option_kind kind)
{
    static const char *const words[] = {"not a size", "not a number", "unknown",
                                        "not a size and a factor", "empty or too long"};
    return words[kind];
}

// The program may overwrite its environment: texts are copied.
static void text_set(const struct bp_option *option, const char *text)
{
    static char copies[OPTION_COUNT][BP_OPTION_TEXT_MAX + 1];
    char *copy = copies[option - table];
    memcpy(copy, text, strlen(text) + 1);
    *text_of(option) = copy;
}

static void option_set(const struct bp_option *option, const char *said_as, const char *text,
                       enum bp_option_source source)
{
    if (!bp_option_parse(option, text, option->value)) {
        struct bp_line kept = {.length = 0};
        bp_option_print(option, &kept);
        kept.text[kept.length] = 0;
        bp_report_option(said_as, text, complaint_of(option->kind), kept.text);
        return;
    }
    if (option->kind == BP_OPTION_TEXT)
        text_set(option, text);
    sources[option - table] = (uint8_t)source;
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

static void environment_read(void)
{
    bool seen[OPTION_COUNT + 1] = {false};
    unsigned cursor = 0;
    for (const char *entry; (entry = bp_os_env_next("BUMPALLOC_", &cursor));) {
        const char *text = strchr(entry, '=');
        if (!text)
            continue;
        unsigned index = option_named(entry, (size_t)(text++ - entry));
        if (index == OPTION_COUNT)
            bp_report_unknown_option(entry);
        else if (!seen[index])
            option_set(&table[index], table[index].name, text, BP_FROM_ENVIRONMENT);
        seen[index] = true;
    }
}

// One "name=value" of bumpalloc_conf, a copy that ends with it.
static void conf_item(char *item)
{
    char *equals = strchr(item, '=');
    const struct bp_option *option = equals ? bp_option_find(item, (size_t)(equals - item)) : NULL;
    struct bp_line said = {.length = 0};
    bp_line_text(&said, "bumpalloc_conf: ");
    bp_line_text(&said, item);
    said.text[said.length] = 0;
    if (!option) {
        bp_report_unknown_option(said.text);
        return;
    }
    said.text[said.length - strlen(equals)] = 0;
    option_set(option, said.text, equals + 1, BP_FROM_CONF);
}

static void conf_read(const char *text)
{
    static const char between[] = ", \t\n";
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        char item[BP_OPTION_TEXT_MAX + 64];
        size_t length = strcspn(text, between);
        size_t kept = length < sizeof(item) ? length : sizeof(item) - 1;
        memcpy(item, text, kept);
        item[kept] = 0;
        conf_item(item);
        text += length;
    }
}

bool bp_options_any(void)
{
    static char prefix[] = "BUMPALLOC_"; // not among the constants (thread/boot.c)
    unsigned cursor = 0;
    return bp_os_conf() || bp_os_env_next(prefix, &cursor);
}

void bp_options_read(void)
{
    const char *conf = bp_os_conf();
    if (conf)
        conf_read(conf);
    environment_read();
}
