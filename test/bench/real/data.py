# SPDX-License-Identifier: MIT
"""Makes the data of the real programs in the current folder, the same in every run.

usage: data.py [--quick] KIND
"""
import json
import random
import sys

import problems
import source

QUICK = '--quick' in sys.argv


def scaled(full):
    return full // 5 if QUICK else full


def vocabulary(chance, count=5000):
    syllables = [a + b for a in 'bcdfghjklmnprstvwz' for b in 'aeiou']
    return [''.join(chance.choices(syllables, k=chance.randint(1, 5))) for _ in range(count)]


def write(path, pieces):
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(pieces)


def text():
    """Lines of 1 to 20 words, 8 MiB of them."""
    chance = random.Random(1)
    words = vocabulary(chance)
    write('text', (' '.join(chance.choices(words, k=chance.randint(1, 20))) + '\n'
                   for _ in range(scaled(60_000))))


def table():
    """Columns: key (shuffled), group, amount, word."""
    chance = random.Random(2)
    words = vocabulary(chance, 997)
    keys = list(range(scaled(100_000)))
    chance.shuffle(keys)
    write('table', (f'{key}\tg{key % 613}\t{chance.randint(-10**6, 10**6)}\t'
                    f'{chance.choice(words)}\n' for key in keys))


def document(chance, words, i):
    return {
        'id': i, 'name': chance.choice(words), 'tags': chance.choices(words, k=i % 17),
        'text': ' '.join(chance.choices(words, k=chance.randint(0, 60))) + ' \u00e9\u4e2d',
        'scores': {word: chance.random() for word in chance.choices(words, k=i % 11)},
        'more': [[j] * (i % 5) for j in range(i % 7)], 'none': None, 'flag': i % 2 == 0}


def documents(count):
    """A JSON array of nested documents."""
    chance = random.Random(3)
    words = vocabulary(chance)
    with open('documents.json', 'w', encoding='utf-8') as file:
        json.dump([document(chance, words, i) for i in range(scaled(count))], file)


def command(chance, words, i):
    """What a client of redis says: all kinds of value, small and large; some are deleted."""
    word, other = chance.choice(words), chance.choice(words)
    yield f'SET string:{i} {word * (i % 60 + 1)}\r\n'
    yield f'HSET hash:{i % 300} {word} {other}{i} n {i}\r\n'
    yield f'RPUSH list:{i % 50} {word} {other}\r\n'
    yield f'ZADD set:{i % 40} {i % 977} {word}\r\n'
    yield f'SADD plain:{i % 20} {i} {word}\r\n'
    yield f'APPEND long:{i % 5} {other * 20}\r\n'
    if i % 4 == 0:
        yield f'DEL string:{i // 2}\r\nLPUSH recent:{i % 7} {word}\r\nLTRIM recent:{i % 7} 0 99\r\n'


def commands():
    chance = random.Random(4)
    words = vocabulary(chance)
    write('commands', (line for i in range(scaled(40_000)) for line in command(chance, words, i)))


def edited(chance, words, lines):
    """A file after a commit: some lines changed, some new, some gone."""
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(lines))
        line = ' '.join(chance.choices(words, k=chance.randint(1, 12))) + '\n'
        lines[at:at + chance.randint(0, 2)] = [line] * chance.randint(1, 2)


def commit(number, changed):
    """One commit as git fast-import reads it."""
    yield (f'commit refs/heads/main\ncommitter A <a@example.org> {1600000000 + number} +0000\n'
           f'data <<END\nChange {number}\nEND\n')
    for name, lines in changed:
        content = ''.join(lines)
        yield f'M 100644 inline folder{name % 20}/file{name}\ndata {len(content)}\n{content}\n'


def history():
    chance = random.Random(5)
    words = vocabulary(chance)
    files = {name: [' '.join(chance.choices(words, k=8)) + '\n' for _ in range(200)]
             for name in range(200)}
    write('history', commit(0, files.items()))
    with open('history', 'a', encoding='utf-8') as file:
        for number in range(1, scaled(1_500)):
            touched = [(name, files[name]) for name in chance.sample(range(200), 3)]
            for _, lines in touched:
                edited(chance, words, lines)
            file.writelines(commit(number, touched))


def site():
    """Files of 1 byte to 256 KiB for a web server."""
    chance = random.Random(6)
    words = vocabulary(chance)
    for i in range(40):
        size = int(2 ** (18 * i / 39))
        write(f'page{i}', [' '.join(chance.choices(words, k=size // 2 + 1))[:size]])


def rocksdb():
    """Options of db_bench."""
    names = ('fillrandom', 'overwrite', 'readrandom', 'seekrandom', 'deleterandom', 'compact',
             'readseq')
    write('rocksdb.flags', (line + '\n' for line in (
        '--db=rocks', '--seed=1', f'--num={scaled(60_000)}', '--value_size=400',
        '--write_buffer_size=4194304', '--cache_size=8388608', '--threads=1', '--disable_wal=1',
        '--compression_type=none', '--max_background_jobs=2', f'--benchmarks={",".join(names)}')))


def unit():
    write('unit.cpp', source.unit(1 if QUICK else 3))


def pages():
    chance = random.Random(7)
    write('pages.ps', source.pages(chance, vocabulary(chance), scaled(250)))


def puzzles():
    write('problems.smt2', problems.all_of(random.Random(8), QUICK))


KINDS = {'text': text, 'table': table, 'documents': lambda: documents(10_000),
         'fewer-documents': lambda: documents(4_000), 'commands': commands,
         'history': history, 'site': site, 'rocksdb': rocksdb, 'source': unit, 'pages': pages,
         'problems': puzzles}

if __name__ == '__main__':
    KINDS[sys.argv[-1]]()
