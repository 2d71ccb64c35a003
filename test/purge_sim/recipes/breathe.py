# SPDX-License-Identifier: MIT
"""256 MiB in blocks of 1 MiB, every 100 ms taken and given back, 40 times."""
import os
import time

start = time.monotonic()
for cycle in range(40):
    blocks = [bytes(1 << 20) for _ in range(256)]
    time.sleep(0.03)
    del blocks
    time.sleep(max(0, start + 0.1 * (cycle + 1) - time.monotonic()))
os._exit(0)  # the end of the program is no part of this
