# SPDX-License-Identifier: MIT
"""Input for the programs, made on the spot and the same in every run (fixed seeds)."""
import json
import os
import random
import shutil

# Where any Debian keeps many files of text and binaries; what is missing is passed over.
SYSTEM_TREES = ['/usr/share/perl', '/usr/share/perl5', '/usr/lib/python3', '/usr/include',
                '/usr/share/doc', '/usr/share/zoneinfo', '/usr/lib/x86_64-linux-gnu/perl',
                '/usr/lib/python3.11']


def vocabulary(chance, count=5000):
    syllables = [a + b for a in 'bcdfghjklmnprstvwz' for b in 'aeiou']
    return [''.join(chance.choices(syllables, k=chance.randint(1, 5))) for _ in range(count)]


def text(path, lines, seed=1):
    """Lines of 1 to 20 words."""
    chance = random.Random(seed)
    words = vocabulary(chance)
    with open(path, 'w') as file:
        for _ in range(lines):
            file.write(' '.join(chance.choices(words, k=chance.randint(1, 20))) + '\n')


def table(path, rows, seed=2, separator='\t'):
    """Columns: key (shuffled), group, amount, word."""
    chance = random.Random(seed)
    words = vocabulary(chance, 997)
    keys = list(range(rows))
    chance.shuffle(keys)
    with open(path, 'w') as file:
        for key in keys:
            cells = (f'{key:08}', f'g{key % 613}', str(chance.randint(-10**6, 10**6)),
                     chance.choice(words))
            file.write(separator.join(cells) + '\n')


def documents(path, count, seed=3):
    """A JSON array of nested documents."""
    chance = random.Random(seed)
    words = vocabulary(chance)
    made = [{
        'id': i, 'name': chance.choice(words), 'tags': chance.choices(words, k=i % 17),
        'text': ' '.join(chance.choices(words, k=chance.randint(0, 60))) + ' \u00e9\u4e2d',
        'scores': {w: chance.random() for w in chance.choices(words, k=i % 11)},
        'more': [[j] * (i % 5) for j in range(i % 7)], 'none': None, 'flag': i % 2 == 0,
    } for i in range(count)]
    with open(path, 'w') as file:
        json.dump(made, file)


def system_files(limit):
    total = 0
    for tree in SYSTEM_TREES:
        for where, folders, files in os.walk(tree):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(where, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                size = os.path.getsize(path)
                if total + size > limit or size > 2 << 20:
                    continue
                total += size
                yield path


def snapshot(folder, megabytes):
    """Copies files of the installed system, so that nothing changes between the two passes."""
    count = 0
    for path in system_files(megabytes << 20):
        copy = os.path.join(folder, path[1:])
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (1600000000 + count, 1600000000 + count))
        count += 1
    if count < 100:
        raise AssertionError('too few files on this system to make a test of')


UNIT = '''// Unit {i} of a generated project.
#include "project.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct entry table_{i}[] = {{
{entries}
}};

int sum_{i}(int salt)
{{
    int total = salt;

    for (size_t k = 0; k < sizeof(table_{i}) / sizeof(table_{i}[0]); k++)
        total += MIX(table_{i}[k].key, total) + (int)strlen(table_{i}[k].name);
    return total;
}}
'''

MAKEFILE = '''CFLAGS = -O1 -g -Wall
UNITS := $(sort $(wildcard unit_*.c))
OBJECTS := $(UNITS:.c=.o)
.PHONY: all clean check
all: program
program: main.o libunits.a
\t$(CC) -o $@ main.o libunits.a
libunits.a: $(OBJECTS)
\trm -f $@ && $(AR) rcs $@ $^
%.o: %.c project.h
\t$(CC) $(CFLAGS) -c -o $@ $<
define GENERATE
list: list-$(1)
list-$(1):
\t@echo $(1) $(words $(UNITS)) $(basename $(notdir $(1)))
endef
$(foreach u,$(UNITS),$(eval $(call GENERATE,$(u))))
check: program
\t./program
clean:
\trm -f *.o libunits.a program
'''


def c_project(folder, units, entries=150):
    """A make project: units of C with tables, an archive and a program that prints sums."""
    chance = random.Random(4)
    words = vocabulary(chance)

    def write(name, content):
        with open(os.path.join(folder, name), 'w') as file:
            file.write(content)

    write('Makefile', MAKEFILE)
    write('project.h', '#include <stddef.h>\nstruct entry { int key; const char *name; };\n'
          '#define MIX(a, b) (int)(((unsigned)(a) * 2654435761u) ^ ((unsigned)(b) >> 3))\n'
          + ''.join(f'int sum_{i}(int salt);\n' for i in range(units)))
    write('main.c', '#include "project.h"\n#include <stdio.h>\nint main(void)\n{\n'
          + ''.join(f'    printf("%d %d\\n", {i}, sum_{i}({i}));\n' for i in range(units))
          + '    return 0;\n}\n')
    for i in range(units):
        rows = '\n'.join(f'    {{ {chance.randint(0, 10**9)}, "{chance.choice(words)}" }},'
                         for _ in range(entries))
        write(f'unit_{i}.c', UNIT.format(i=i, entries=rows))
