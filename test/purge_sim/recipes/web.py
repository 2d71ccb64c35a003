# SPDX-License-Identifier: MIT
"""A web server's loop without the web: requests that parse, sort, render; a cache; sessions."""
import json
import os
import random
import time

random.seed(11)
words = [f'word{i:05}' for i in range(20_000)]
cache, sessions = {}, []


def rows(count):
    return [{'id': i, 'name': random.choice(words), 'tags': random.sample(words, 5)}
            for i in range(count)]


def report(count):
    """A large page: a table is read, joined, rendered, and thrown away."""
    table = json.loads(json.dumps(rows(count)))
    table.sort(key=lambda row: row['name'])
    return '\n'.join(f'<tr><td>{row["id"]}<td>{row["name"]}<td>{",".join(row["tags"])}'
                     for row in table)


def page(number):
    if number not in cache:
        cache[number] = report(random.randrange(50, 500))
    if len(cache) > 150:
        del cache[next(iter(cache))]
    return cache[number]


start = time.monotonic()
while time.monotonic() < start + 20:
    for _ in range(random.randrange(1, 40)):
        page(int(random.expovariate(0.02)))
        sessions.append(rows(2))
    if random.random() < 0.06:
        report(random.randrange(5_000, 40_000))
    if len(sessions) > 3000:
        del sessions[:1000]
    time.sleep(random.expovariate(15))
os._exit(0)  # the end of the program is no part of this
