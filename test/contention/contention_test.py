# SPDX-License-Identifier: MIT
"""What threads cost each other is one over the magazine size: counted, under valgrind.

usage: contention_test.py TOOLS LIBRARY BUILD
"""
import os
import sys
import unittest

sys.dont_write_bytecode = True
TOOLS, LIBRARY, BUILD = sys.argv[1:4]
del sys.argv[1:4]
sys.path.insert(0, TOOLS)
from contentionlib import binary, callgrind, counts, lines, rows  # the path above comes first

SPAN_BYTES = 65536
STRAYS_MAX = SPAN_BYTES // 2  # bytes of a magazine of what another thread allocated
# A magazine that is full or empty is one slow call. It takes the lock of its class's depot, once;
# now and then a span comes or goes, which holds as much as the largest magazine: its run is taken
# and given back, its chunks are taken and given back.
LOCKS_A_MAGAZINE, LOCKS_A_SPAN = 1.5, 6
# Each lock is taken and given back, and what it guards is counted by up to three words.
LOCKED_A_LOCK = 5
PER_MAGAZINE = 1.1  # once, and what the start and the end of threads add
# Magazines of what another thread allocated fill in so many slow calls, the last of which alone
# gives them to the depot; smaller ones in one.
STRETCHES, STRETCHES_LEAST = 4, 64


def magazines_max(calls, magazine):
    """Those that are freed. Where objects are allocated a spare is reckoned with, so that a magazine
    of fresh ones is half as large; how many are fresh is the scheduler's choice."""
    return PER_MAGAZINE * (calls / 2 / magazine + calls / 2 / (magazine / 2)) + 100


def slow_calls_max(calls, magazine):
    """They grow, and are half as large as they may be on average, at least."""
    more = STRETCHES - 1 if magazine >= STRETCHES_LEAST else 0
    return magazines_max(calls, magazine) + PER_MAGAZINE * more * calls / 2 / (magazine / 2)


def conveyor(size, operations, cache=None):
    """Figures of one thread that allocates what another frees: every object changes hands."""
    row = rows.Row('conveyor', 'conveyor', f'--size {size} --operations {{}}', operations, 0, '')
    extra = {'BUMPALLOC_THREAD_CACHE': str(cache)} if cache else {}
    executed, _ = callgrind.count(rows.command(row, BUILD), CODE.path, extra)
    return counts.Figures(CODE, executed)


class HotPath(unittest.TestCase):
    def test_malloc_and_free_lock_nothing(self):
        self.assertEqual(CODE.hot_sites(), [])
        self.assertGreater(len(CODE.sites), 50)  # and those elsewhere are seen


class MagazineSizes(unittest.TestCase):
    """64 bytes an object, all the cache for the one class that is used: so the size is known."""

    @classmethod
    def setUpClass(cls):
        cls.runs = {cache // 64: conveyor(64, 150000, cache) for cache in (2048, 8192, 32768)}

    def test_calls_are_seen(self):
        for it in self.runs.values():
            self.assertTrue(300000 <= it.calls < 300100, it.calls)
            self.assertEqual(it.hot_locked, 0)

    def test_a_slow_call_serves_a_magazine(self):
        for size, it in self.runs.items():
            self.assertLessEqual(it.slow_calls, slow_calls_max(it.calls, size), size)

    def test_no_lock_more_often_than_once_a_magazine(self):
        for size, it in self.runs.items():
            for (kind, name), times in it.places.items():
                if kind == 'lock':
                    self.assertLessEqual(times, magazines_max(it.calls, size), (size, name))

    def test_no_counter_more_often_than_locks(self):
        for size, it in self.runs.items():
            for address, times in it.sites.items():
                if CODE.sites[address].kind == 'count':
                    self.assertLessEqual(times, it.kinds['lock'] + it.slow_calls,
                                         (size, CODE.sites[address]))

    def test_locks_are_one_over_the_size(self):
        for size, it in self.runs.items():
            magazines, spans = it.calls / size, it.calls / (SPAN_BYTES / 64)
            bound = LOCKS_A_MAGAZINE * magazines + LOCKS_A_SPAN * spans + 100
            self.assertLessEqual(it.kinds['lock'], bound, size)
            self.assertLessEqual(it.locked, LOCKED_A_LOCK * bound, size)

    def test_every_lock_is_given_back(self):
        for it in self.runs.values():
            self.assertAlmostEqual(it.kinds['unlock'] / it.kinds['lock'], 1, delta=0.05)


class ObjectSizes(unittest.TestCase):
    """With as much cache as there is, magazine and span hold 64 KiB, whatever the object's size."""

    def test_exponent(self):
        points = []
        for size in (64, 256, 1024):
            it = conveyor(size, 150000)
            self.assertLessEqual(it.slow_calls, slow_calls_max(it.calls, STRAYS_MAX / size), size)
            points.append((SPAN_BYTES / size, it.locked / it.calls))
        self.assertTrue(-1.2 < counts.slope(points) < -0.8, points)


class Lines(unittest.TestCase):
    def test_shared_lines_are_one_over_the_size(self):
        row = next(row for row in rows.ROWS if row.name == 'prodcons-1to3')
        it = lines.measure(rows.command(row, BUILD, True), CODE)
        self.assertGreaterEqual(it.calls, 2 * row.brief)
        self.assertGreater(it.line_count, 0)
        self.assertLessEqual(it.fetched, 4 * it.touched)
        # Magazines start with 16 objects and grow, here to 64 on average at least; each is given
        # and taken, and touches the depot, the counters, and what it had to fetch from spans.
        self.assertLess(it.touched / 1e6, 8 / 64, it.top(20))


if __name__ == '__main__':
    if not callgrind.valgrind():
        print('skipped: valgrind is not installed')
        sys.exit(77)
    CODE = binary.Binary(os.path.abspath(LIBRARY))
    unittest.main()
