# SPDX-License-Identifier: MIT
"""A storage engine's memory: a cache of 1 GiB, tables that fill and are flushed, compactions."""
import os
import random
import time

MIB = 1 << 20
random.seed(13)
start = time.monotonic()
cache = []
while len(cache) < 1024:
    cache += [bytes(MIB) for _ in range(16)]
    time.sleep(0.02)
table, compaction, until = [], [], 0
while time.monotonic() < start + 30:
    now = time.monotonic()
    table += [bytes(MIB) for _ in range(2)]
    if len(table) >= 64:
        table = []
    if compaction and now > until:
        compaction = []
    elif not compaction and random.random() < 0.01:
        compaction = [bytes(MIB) for _ in range(random.randrange(40, 400))]
        until = now + random.uniform(0.1, 1.5)
    for _ in range(random.randrange(4)):
        cache[random.randrange(len(cache))] = bytes(MIB)
    time.sleep(0.02)
os._exit(0)  # the end of the program is no part of this
