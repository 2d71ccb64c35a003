# SPDX-License-Identifier: MIT
"""A web server's loop without the web: requests that parse, sort and render; a cache; sessions."""
import json
import random
import sys
import zlib

random.seed(11)
words = [f'word{i:05}' for i in range(20_000)]
cache, sessions = {}, []
sums = 1


def rows(count):
    return [{'id': i, 'name': random.choice(words), 'tags': random.sample(words, 5)}
            for i in range(count)]


def report(count):
    """A page: a table is read, sorted, rendered, and thrown away."""
    table = json.loads(json.dumps(rows(count)))
    table.sort(key=lambda row: row['name'])
    return '\n'.join(f'<tr><td>{row["id"]}<td>{row["name"]}<td>{",".join(row["tags"])}'
                     for row in table)


for turn in range(30 if '--quick' in sys.argv else 300):
    for _ in range(random.randrange(1, 20)):
        number = int(random.expovariate(0.02))
        cache[number] = cache.get(number) or report(random.randrange(50, 500))
        sessions.append(rows(2))
        sums = zlib.crc32(cache[number].encode(), sums)
    while len(cache) > 100:
        del cache[next(iter(cache))]
    if turn % 17 == 0:
        report(random.randrange(5_000, 20_000))
print(f'checksum {sums:016x}')
