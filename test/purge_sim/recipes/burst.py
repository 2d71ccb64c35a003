# SPDX-License-Identifier: MIT
"""A service that works in 40 MiB, has a burst of 400 MiB, and then nothing to do."""
import os
import time


def work(count, seconds, total):
    """So many blocks, over so many seconds."""
    kept = []
    start = time.monotonic()
    while len(kept) < count:
        kept += [b'x' * total for _ in range(count // 100)]
        time.sleep(max(0, start + seconds * len(kept) / count - time.monotonic()))
    return kept


base = work(4000, 0.5, 10000)
for _ in range(10):
    work(100, 0.05, 20000)
burst = work(4000, 2, 90000)
small = work(40000, 1, 1000)
del burst, small
time.sleep(10)
os._exit(0)  # the end of the program is no part of this
