// SPDX-License-Identifier: MIT
// The options parser: any text for any option, held against a second, plain parser; and whole
// environments, made of what stands between zero bytes.
#include "fuzz.h"

#include "core/options.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 4096, ENTRIES_MAX = 64 };

extern char **environ;

// Digits, times a unit; by 128-bit arithmetic, which cannot overflow on so few digits.
static bool plain_size(const char *text, bool units, size_t most, size_t *ret_value)
{
    static const char suffixes[] = "kKmMgGtT";
    unsigned __int128 value = 0;
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    for (size_t i = 0; i < digits && value <= most; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    if (units && *rest && strchr(suffixes, *rest)) {
        value <<= 10 * (1 + (strchr(suffixes, *rest) - suffixes) / 2);
        rest++;
    }
    *ret_value = (size_t)value;
    return digits && !*rest && value <= most;
}

static bool plain_choice(const char *words, const char *text, size_t *ret_value)
{
    char copy[128], *at = copy;
    snprintf(copy, sizeof copy, "%s", words);
    for (size_t i = 0; at; i++) {
        char *word = strsep(&at, "|");
        *ret_value = i;
        if (strcmp(word, text) == 0)
            return true;
    }
    return false;
}

// SIZE:FACTOR or 0; see core/options.h.
static bool plain_times(const char *text, size_t *ret_value)
{
    char size[24] = "";
    const char *colon = strchr(text, ':');
    size_t n_bytes, factor, length = strcspn(text, ":");
    *ret_value = 0;
    if (length >= sizeof size)
        return false;
    if (!colon)
        return plain_size(text, true, 0, ret_value);
    memcpy(size, text, length);
    if (!plain_size(size, true, SIZE_MAX / 2, &n_bytes) ||
        !plain_size(colon + 1, false, 4095, &factor))
        return false;
    *ret_value = (n_bytes + 4095) / 4096 * 4096 + factor;
    return n_bytes && factor;
}

static bool plain_parse(const struct bp_option *option, const char *text, size_t *ret_value)
{
    if (option->kind == BP_OPTION_CHOICE)
        return plain_choice(option->words, text, ret_value);
    if (option->kind == BP_OPTION_TIMES)
        return plain_times(text, ret_value);
    if (option->kind == BP_OPTION_TEXT) // the parser only looks at it
        return text[0] && strlen(text) <= BP_OPTION_TEXT_MAX;
    bool units = option->kind == BP_OPTION_SIZE;
    return plain_size(text, units, units ? SIZE_MAX : 1000000000, ret_value);
}

static void check_text(const char *text)
{
    const struct bp_option *option;
    for (unsigned i = 0; (option = bp_option_at(i)); i++) {
        size_t value = 4711, expected = 4711;
        bool taken = bp_option_parse(option, text, &value);
        bool due = plain_parse(option, text, &expected);
        if (taken != due || (taken && value != expected))
            fuzz_fail("%s=%s: %d %zu instead of %d %zu", option->name, text, taken, value, due,
                      expected);
        if (!taken && value != 4711)
            fuzz_fail("%s=%s: refused, but set", option->name, text);
    }
}

// With the messages sent nowhere.
static void read_environment(char **entries)
{
    char **before = environ;
    struct bp_options options = bp_options;
    int saved = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    if (saved < 0 || nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0)
        abort();
    environ = entries;
    bp_options_read();
    environ = before;
    bp_options = options;
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(nowhere);
}

// Every other entry gets a name that is known.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static char texts[ENTRIES_MAX][TEXT_MAX + 64];
    char *entries[ENTRIES_MAX + 1] = {NULL};
    size_t at = 0, count = 0;
    while (at < n_bytes && count < ENTRIES_MAX) {
        char text[TEXT_MAX] = {0};
        size_t length = 0;
        for (; at < n_bytes && data[at] && length + 1 < TEXT_MAX; at++)
            text[length++] = (char)data[at];
        at++;
        check_text(text);
        const struct bp_option *option = bp_option_at((unsigned)(data[0] + count));
        if (count % 2 && option)
            snprintf(texts[count], sizeof texts[count], "%s=%s", option->name, text);
        else
            snprintf(texts[count], sizeof texts[count], "BUMPALLOC_%s", text);
        entries[count] = texts[count];
        count++;
    }
    read_environment(entries);
    return 0;
}
