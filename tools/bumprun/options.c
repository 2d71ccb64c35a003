// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "options.h"

#include "bumprun.h"
#include "core/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_BYTES = 64, PREFIX_LENGTH = 10 };

// BUMPALLOC_PURGE_FLOOR: --purge-floor
static void flag_of(const struct bp_option *option, char ret_flag[FLAG_BYTES])
{
    const char *from = option->name + PREFIX_LENGTH;
    size_t i = 0;
    ret_flag[0] = ret_flag[1] = '-';
    for (; from[i] && i < FLAG_BYTES - 3; i++)
        ret_flag[2 + i] = from[i] == '_' ? '-' : (char)tolower((unsigned char)from[i]);
    ret_flag[2 + i] = 0;
}

static const char *values_of(const struct bp_option *option)
{
    if (option->words)
        return option->words;
    return option->kind == BP_OPTION_SIZE ? "SIZE" : "NUMBER";
}

// An option that is off or on: the flag alone means on.
static bool is_switch(const struct bp_option *option)
{
    return option->kind == BP_OPTION_CHOICE && strncmp(option->words, "0|1", 3) == 0;
}

void options_print(FILE *stream)
{
    const struct bp_option *option;
    char flag[FLAG_BYTES], left[FLAG_BYTES + 64];
    fputs("options of the library (BUMPALLOC_NAME in the environment means the same):\n", stream);
    for (unsigned i = 0; (option = bp_option_at(i)); i++) {
        flag_of(option, flag);
        snprintf(left, sizeof(left), is_switch(option) ? "%s[=%s]" : "%s %s", flag,
                 values_of(option));
        fprintf(stream, "  %s%*s%s [%s]\n", left, strlen(left) < 28 ? 28 - (int)strlen(left) : 1,
                "", option->meaning, option->default_text);
    }
}

void options_list(FILE *stream)
{
    const struct bp_option *option;
    char flag[FLAG_BYTES];
    for (unsigned i = 0; (option = bp_option_at(i)); i++) {
        flag_of(option, flag);
        fprintf(stream, "%s\t%s\t%s\t%s\t%s\n", option->name, flag, values_of(option),
                option->default_text, option->meaning);
    }
}

static void set(const struct bp_option *option, const char *flag, const char *value)
{
    size_t parsed;
    if (!bp_option_parse(option, value, &parsed))
        die(EXIT_USAGE, "%.*s=%s: it takes %s", (int)strcspn(flag, "="), flag, value,
            values_of(option));
    setenv(option->name, value, 1);
}

bool options_take(int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    size_t length = strcspn(word, "=");
    if (strncmp(word, "--", 2) != 0 || length <= 2)
        return false;
    const struct bp_option *option = bp_option_find(word + 2, length - 2);
    if (!option)
        return false;
    const char *value = word[length] ? word + length + 1 : NULL;
    if (!value && is_switch(option))
        value = "1";
    if (!value && *at + 1 >= argc)
        die(EXIT_USAGE, "%s needs a value: %s", word, values_of(option));
    set(option, word, value ? value : argv[++*at]);
    return true;
}
