# SPDX-License-Identifier: MIT
"""From executed instructions to figures for a million calls."""
import collections
import math

from . import binary

SLOW = ('bp_entry_malloc_slow', 'bp_entry_free_slow', 'bp_entry_calloc_slow')


class Figures:
    """What one run did."""

    def __init__(self, code, counts):
        self.calls = sum(counts[entry] for entry in code.entries)
        self.slow_calls = sum(counts[start] for start in code.starts(*SLOW))
        self.kinds = collections.Counter()
        self.places = collections.Counter()  # (kind, function) -> times
        for address, site in code.sites.items():
            self.kinds[site.kind] += counts[address]
            self.places[site.kind, site.function] += counts[address]
        self.sites = {address: counts[address] for address in code.sites}
        self.hot_locked = sum(counts[site.address] for site in code.hot_sites())

    @property
    def locked(self):
        return sum(self.kinds.values())

    @property
    def calls_per_slow(self):
        """How many calls a turn of a magazine serves: its size, as far as it is used."""
        return self.calls / max(self.slow_calls, 1)

    @property
    def locked_per_slow(self):
        return self.locked / max(self.slow_calls, 1)

    @property
    def most_per_slow(self):
        """Of the locked instructions, the one that runs most: times for a slow call."""
        return max(self.sites.values(), default=0) / max(self.slow_calls, 1)

    def per_million(self, times):
        return times * 1e6 / max(self.calls, 1)

    def rates(self):
        """For a million calls: all that is locked, and each kind of it."""
        return {'locked': self.per_million(self.locked),
                **{kind: self.per_million(self.kinds[kind]) for kind in binary.KINDS}}

    def top(self, kind, most=4):
        """(function, rate) of those that do it most."""
        found = [(times, name) for (of, name), times in self.places.items() if of == kind and times]
        return [(name, self.per_million(times)) for times, name in sorted(found, reverse=True)[:most]]

    def plain(self):
        """For JSON."""
        return {'calls': self.calls, 'slow_calls': self.slow_calls,
                'hot_locked': self.hot_locked, 'most_per_slow_call': self.most_per_slow,
                'per_million': self.rates(),
                'functions': {kind: dict(self.top(kind, 1000)) for kind in binary.KINDS}}


def slope(points):
    """The exponent e of y = c * x ** e that fits (x, y) best, or None."""
    logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len(logs) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs))
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread if spread else None
