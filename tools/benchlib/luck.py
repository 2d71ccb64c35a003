# SPDX-License-Identifier: MIT
"""How much better the best of several looks than each of them is.

Each allocator is held against the best peer of a row, and of several figures that scatter the least
is too small. So of allocators that are all the same each would stand above 1. By how much follows
from the scatter of the runs: how far one differs from its allocator's mean beside what all had in
its round. As if logarithms were normal; a slow minute of the machine counts for nobody.
"""
import functools
import math
import random
import statistics

DRAWS = 4000


def scatter(figures):
    """figures: of each allocator its rounds' figures, all above 0. The standard deviation of the
    logarithm of one; None with a single round or allocator, or if some are missing."""
    rounds = {len(row) for row in figures}
    if len(figures) < 2 or len(rounds) != 1 or rounds == {0} or rounds == {1}:
        return None
    logs = [[math.log(figure) for figure in row] for row in figures]
    of_allocator = [statistics.fmean(row) for row in logs]
    of_round = [statistics.fmean(column) for column in zip(*logs)]
    mean = statistics.fmean(of_allocator)
    rest = sum((logs[i][j] - of_allocator[i] - of_round[j] + mean) ** 2
               for i in range(len(of_allocator)) for j in range(len(of_round)))
    return math.sqrt(rest / ((len(of_allocator) - 1) * (len(of_round) - 1)))


@functools.lru_cache
def lead(peers, rounds):
    """By how many standard deviations the least of so many medians is below their mean."""
    draw = random.Random(1).gauss
    return -statistics.fmean(
        min(statistics.median(draw(0, 1) for _ in range(rounds)) for _ in range(peers))
        for _ in range(DRAWS))


def of_equals(rows):
    """rows: figures as above. The geometric mean of what an allocator like all of its peers would
    show beside the best of them; None if no row tells."""
    logs = []
    for figures in rows:
        deviation = scatter(figures)
        if deviation is not None:
            logs.append(deviation * lead(len(figures) - 1, len(figures[0])))
    return math.exp(statistics.fmean(logs)) if logs else None
