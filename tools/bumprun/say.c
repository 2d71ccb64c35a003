// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "bumprun.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_list(const char *format, va_list list)
{
    fputs("bumprun: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say_list(format, list);
    va_end(list);
}

void die(int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say_list(format, list);
    va_end(list);
    exit(status);
}

const char *flag_value(int argc, char **argv, int *at, const char *name)
{
    size_t length = strlen(name);
    const char *word = argv[*at];
    if (strncmp(word, name, length) != 0 || (word[length] && word[length] != '='))
        return NULL;
    if (word[length] == '=')
        return word + length + 1;
    if (*at + 1 >= argc)
        die(EXIT_USAGE, "%s needs a value", name);
    return argv[++*at];
}

long number_of(const char *text, const char *what, long least, long most)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < least || value > most)
        die(EXIT_USAGE, "%s is a number from %ld to %ld, not %s", what, least, most, text);
    return value;
}

double seconds_of(const char *text, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0) || value > 1e6)
        die(EXIT_USAGE, "%s is a number of seconds, not %s", what, text);
    return value;
}

struct human human_bytes(double n_bytes)
{
    static const char suffixes[] = "BKMGTP";
    struct human human;
    unsigned power = 0;
    double value = n_bytes < 0 ? -n_bytes : n_bytes;
    for (; value >= 999.5 && power < 5; power++)
        value /= 1024;
    const char *sign = n_bytes < 0 ? "-" : "";
    int places = power == 0 || value >= 99.95 ? 0 : 1;
    snprintf(human.text, sizeof(human.text), "%s%.*f%c", sign, places, value, suffixes[power]);
    return human;
}

void *allocate(size_t n_bytes)
{
    void *memory = calloc(1, n_bytes ? n_bytes : 1);
    if (!memory)
        die(EXIT_FAILED, "out of memory");
    return memory;
}
