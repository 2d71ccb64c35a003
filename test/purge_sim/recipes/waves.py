# SPDX-License-Identifier: MIT
"""Working sets that grow and shrink: waves of a random height in each of four periods."""
import os
import random
import time

PERIODS = [0.3] * 12 + [1.0] * 8 + [2.5] * 4 + [5.0] * 3
BLOCK = 100_000
STEPS = 12

random.seed(7)
kept = [bytes(BLOCK) for _ in range(300)]
for period in PERIODS:
    top = 300 + random.randrange(300, 2200)
    floor = 300 + random.randrange(0, 300)
    for step in range(STEPS):
        up = step < STEPS // 2
        part = (step + 1) / (STEPS // 2) if up else 2 - (step + 1) / (STEPS // 2)
        target = floor + int((top - floor) * part)
        kept += [bytes(BLOCK) for _ in range(target - len(kept))]
        del kept[target:]
        time.sleep(period / STEPS)
del kept
time.sleep(3)
os._exit(0)  # the end of the program is no part of this
