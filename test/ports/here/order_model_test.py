#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the library's lock-free protocols through on a weakly ordered memory, exhaustively.

The memory keeps every value that was stored. A thread's view says, for each cell, the oldest value
that it may still read: a plain store is seen by others early, late, or before the stores in front of
it. Release, acquire and fences join views, and a barrier on all threads joins all of them (after the
views of Kang et al., "A promising semantics for relaxed-memory concurrency", 2017, without promises).
Each protocol is run as the library has it, and without what orders it, which has to go wrong.
"""
import unittest


class Memory:
    """Stored values by cell, each with the view that it carries; one view per thread."""

    def __init__(self, initial, threads):
        self.cells = {cell: [(value, {})] for cell, value in initial.items()}
        self.views = [{} for _ in range(threads)]
        self.fenced = [{} for _ in range(threads)]  # views at the last full fence
        self.agreed = {}  # by full fences

    @staticmethod
    def join(view, other):
        for cell, time in other.items():
            view[cell] = max(view.get(cell, 0), time)

    def readable(self, thread, cell):
        return range(self.views[thread].get(cell, 0), len(self.cells[cell]))

    def read(self, thread, cell, time, acquire):
        value, carried = self.cells[cell][time]
        self.views[thread][cell] = time
        if acquire:
            self.join(self.views[thread], carried)
        return value

    def write(self, thread, cell, value, release):
        view = self.views[thread]
        view[cell] = len(self.cells[cell])
        self.cells[cell].append((value, dict(view if release else self.fenced[thread])))

    def fence_full(self, thread):
        self.join(self.agreed, self.views[thread])
        self.join(self.views[thread], self.agreed)
        self.fenced[thread] = dict(self.views[thread])

    def barrier_all(self):
        for _ in range(2):
            for thread in range(len(self.views)):
                self.fence_full(thread)


class Choices:
    """One path through a tree of decisions; next_path() moves on to the path after it."""

    def __init__(self):
        self.path, self.at = [], 0

    def pick(self, options):
        if self.at == len(self.path):
            self.path.append([0, len(options)])
        choice = self.path[self.at][0]
        self.at += 1
        return options[choice]

    def next_path(self):
        self.at = 0
        while self.path:
            self.path[-1][0] += 1
            if self.path[-1][0] < self.path[-1][1]:
                return True
            self.path.pop()
        return False


def step(memory, thread, operation, choices):
    """One operation of a thread; what it answers."""
    kind, *rest = operation
    if kind in ('load', 'acquire'):
        time = choices.pick(memory.readable(thread, rest[0]))
        return memory.read(thread, rest[0], time, kind == 'acquire')
    if kind in ('store', 'release'):
        memory.write(thread, *rest, kind == 'release')
    elif kind == 'add':
        last = len(memory.cells[rest[0]]) - 1
        memory.write(thread, rest[0], memory.read(thread, rest[0], last, False) + rest[1], False)
    elif kind == 'add_release':  # carries on what the value before it carried
        time = len(memory.cells[rest[0]]) - 1
        before, carried = memory.cells[rest[0]][time]
        memory.views[thread][rest[0]] = time
        memory.write(thread, rest[0], before + rest[1], True)
        memory.join(memory.cells[rest[0]][-1][1], carried)
        return before + rest[1]
    elif kind == 'cas':  # (cell, expected, value); a failure reads like any load
        time = choices.pick(memory.readable(thread, rest[0]))
        last = len(memory.cells[rest[0]]) - 1
        if memory.cells[rest[0]][time][0] == rest[1] and time < last:
            time = last
        if memory.read(thread, rest[0], time, True) != rest[1]:
            return False
        memory.write(thread, rest[0], rest[2], False)
        return True
    elif kind == 'fence_full':
        memory.fence_full(thread)
    elif kind == 'barrier_all':
        memory.barrier_all()
    return None


def run_once(initial, programs, choices):
    """What each program returned, with one interleaving and one set of values read."""
    memory = Memory(initial, len(programs))
    results = [None] * len(programs)
    running = {thread: (program(), None) for thread, program in enumerate(programs)}
    while running:
        thread = choices.pick(sorted(running))
        program, answer = running[thread]
        try:
            operation = program.send(answer)
            running[thread] = (program, step(memory, thread, operation, choices))
        except StopIteration as end:
            results[thread] = end.value
            del running[thread]
    return results


def outcomes(initial, *programs):
    """All that the programs can return together."""
    choices, seen = Choices(), set()
    while True:
        seen.add(tuple(run_once(initial, programs, choices)))
        if not choices.next_path():
            return seen


# --- emptying a heap that was called away: src/thread/heap.c ---
# The chain is a -> b -> c; link cells are named by their object.

CHAIN = {'head': 'a', 'a': 'b', 'b': 'c', 'x': 'users'}


def owner_pops():
    head = yield 'load', 'head'
    after = yield 'load', head
    yield 'store', 'head', after
    yield 'store', head, 'users'


def owner_pushes():
    head = yield 'load', 'head'
    yield 'store', 'x', head
    yield 'store', 'head', 'x'


def emptier(barriers):
    def program():
        first = yield 'acquire', 'head'
        if barriers[0]:
            yield 'barrier_all',
        second = yield 'acquire', first
        if barriers[1]:
            yield 'barrier_all',
        again = yield 'acquire', 'head'
        return second if again == first else 'left alone'
    return program


# --- visits: src/thread/registry.c and recall.c ---

def visitor(release):
    def program():
        yield 'store', 'visits', 1
        if (yield 'load', 'tls') == 'away':
            return 'stayed out'
        yield 'store', 'heap', 'changed'
        yield 'release' if release else 'store', 'visits', 0
        return 'visited'
    return program


def recaller(barrier, acquire):
    def program():
        yield 'store', 'tls', 'away'
        if barrier:
            yield 'barrier_all',
        if (yield 'acquire' if acquire else 'load', 'visits') != 0:
            return 'left alone'
        return (yield 'load', 'heap')
    return program


# --- a new span and who may punch it: src/region/span.c ---

def creator(release):
    def program():
        yield 'store', 'record', 'new'
        yield 'store', 'first_chunk', 'this'
        yield 'release' if release else 'store', 'key', 'class'
    return program


def puncher(key_first):
    def program():
        if key_first and (yield 'acquire', 'key') != 'class':
            return 'no'
        if (yield 'load', 'first_chunk') != 'this':
            return 'no'
        if not key_first and (yield 'load', 'key') != 'class':
            return 'no'
        return (yield 'load', 'record')
    return program


# --- strays in bulk: a claim writes the span's key plainly, and says nothing of its record ---

def run_starter(counted):
    """A span is created, counted under its depot's lock, and an object of it handed out."""
    def program():
        yield 'store', 'record', 'new'
        yield 'release', 'key', 'class'
        if counted:
            if not (yield 'cas', 'lock', 0, 1):
                return
            yield 'release', 'lock', 0
        yield 'release', 'object', 'freed elsewhere'
    return program


def claimer():
    if (yield 'acquire', 'object') != 'none':
        yield 'store', 'key', 'claimed'


def locked_puncher():
    if not (yield 'cas', 'lock', 0, 1):
        return 'no'
    answer = 'no'
    if (yield 'acquire', 'key') != 'none':
        answer = yield 'load', 'record'
    yield 'release', 'lock', 0
    return answer


# --- a magazine that waits as a spare, and who walks its chain: src/thread/heap.c ---

def spare_giver(kind):
    def program():
        yield 'store', 'link', 'next'
        yield kind, 'spare', 'chain'
    return program


def spare_walker(kind):
    def program():
        if (yield kind, 'spare') != 'chain':
            return 'nothing'
        return (yield 'load', 'link')
    return program


# --- two that store, then look: limit.c, purge.c, worker.c ---

def charger(mine, other, fence):
    def program():
        yield 'add', mine, 1
        if fence:
            yield 'fence_full',
        return 'refused' if (yield 'load', other) else 'admitted'
    return program


def purger(fence):
    def program():
        yield 'release', 'purging', 0
        if fence:
            yield 'fence_full',
        return (yield 'load', 'dirty')
    return program


def dirtier(fence):
    def program():
        yield 'add', 'dirty', 1
        if fence:
            yield 'fence_full',
        return (yield 'cas', 'purging', 0, 1)
    return program


def sleeper(fence):
    def program():
        yield 'store', 'state', 'asleep'
        if fence:
            yield 'fence_full',
        return (yield 'load', 'returns')
    return program


def waker(fence):
    def program():
        yield 'add', 'returns', 1
        if fence:
            yield 'fence_full',
        return (yield 'load', 'state')
    return program


# --- the clearer's pace: two set it at once, one sleeps on the number of changes ---

def pace_setter(word, added):
    def program():
        yield 'store', word, 1
        if added:
            return (yield 'add_release', 'changes', 1)
        number = (yield 'load', 'changes') + 1
        yield 'release', 'changes', number
        return number
    return program


def clearer():
    number = yield 'acquire', 'changes'
    return number, (yield 'load', 'a') + (yield 'load', 'b')


class OrderModel(unittest.TestCase):
    def test_memory_is_weak(self):
        """Message passing: plain stores are seen out of order, release and acquire mend it."""
        def writer(kind):
            def program():
                yield 'store', 'data', 1
                yield kind, 'flag', 1
            return program

        def reader(kind):
            def program():
                return (yield kind, 'flag'), (yield 'load', 'data')
            return program
        start = {'data': 0, 'flag': 0}
        self.assertIn((None, (1, 0)), outcomes(start, writer('store'), reader('load')))
        self.assertIn((None, (1, 0)), outcomes(start, writer('release'), reader('load')))
        self.assertNotIn((None, (1, 0)), outcomes(start, writer('release'), reader('acquire')))

    def test_emptying_during_a_pop(self):
        seen = {second for _, second in outcomes(CHAIN, owner_pops, emptier((True, True)))}
        self.assertEqual(seen, {'b', 'c', 'left alone'})
        for barriers in ((False, False), (True, False)):
            seen = {second for _, second in outcomes(CHAIN, owner_pops, emptier(barriers))}
            self.assertIn('users', seen, barriers)

    def test_emptying_during_a_push(self):
        seen = {second for _, second in outcomes(CHAIN, owner_pushes, emptier((True, True)))}
        self.assertEqual(seen, {'a', 'b', 'left alone'})
        for barriers in ((False, False), (False, True)):
            seen = {second for _, second in outcomes(CHAIN, owner_pushes, emptier(barriers))}
            self.assertIn('users', seen, barriers)

    def test_visits(self):
        start = {'visits': 0, 'tls': 'home', 'heap': 'as it was'}
        missed = ('visited', 'as it was')
        self.assertNotIn(missed, outcomes(start, visitor(True), recaller(True, True)))
        self.assertIn(('visited', 'changed'), outcomes(start, visitor(True), recaller(True, True)))
        for fewer in ((False, True, True), (True, False, True), (True, True, False)):
            self.assertIn(missed, outcomes(start, visitor(fewer[0]), recaller(*fewer[1:])), fewer)

    def test_punching_a_new_span(self):
        start = {'record': 'old', 'first_chunk': 'none', 'key': 'none'}
        seen = {record for _, record in outcomes(start, creator(True), puncher(True))}
        self.assertEqual(seen, {'no', 'new'})
        for release, key_first in ((False, True), (True, False)):
            seen = {record for _, record in outcomes(start, creator(release), puncher(key_first))}
            self.assertIn('old', seen)

    def test_claiming_strays(self):
        """The key that a claim wrote leads to the record too: what is claimed was counted before."""
        start = {'record': 'old', 'key': 'none', 'lock': 0, 'object': 'none'}
        seen = {last for *_, last in outcomes(start, run_starter(True), claimer, locked_puncher)}
        self.assertEqual(seen, {'no', 'new'})
        seen = {last for *_, last in outcomes(start, run_starter(False), claimer, locked_puncher)}
        self.assertIn('old', seen)

    def test_walking_a_spare(self):
        start = {'link': 'users', 'spare': 'none'}
        seen = {last for _, last in outcomes(start, spare_giver('release'), spare_walker('acquire'))}
        self.assertEqual(seen, {'nothing', 'next'})
        for kinds in (('store', 'acquire'), ('release', 'load')):
            seen = {last for _, last in outcomes(start, spare_giver(kinds[0]),
                                                 spare_walker(kinds[1]))}
            self.assertIn('users', seen, kinds)

    def test_the_hard_limit(self):
        start = {'a': 0, 'b': 0}
        both = ('admitted', 'admitted')
        seen = outcomes(start, charger('a', 'b', True), charger('b', 'a', True))
        self.assertNotIn(both, seen)
        self.assertIn(('refused', 'refused'), seen)
        self.assertIn(both, outcomes(start, charger('a', 'b', True), charger('b', 'a', False)))

    def test_who_is_turned_away_by_the_purge(self):
        start = {'dirty': 0, 'purging': 1}
        lost = (0, False)
        self.assertNotIn(lost, outcomes(start, purger(True), dirtier(True)))
        self.assertIn(lost, outcomes(start, purger(False), dirtier(True)))
        self.assertIn(lost, outcomes(start, purger(True), dirtier(False)))

    def test_waking_the_worker(self):
        start = {'state': 'awake', 'returns': 0}
        lost = (0, 'awake')
        self.assertNotIn(lost, outcomes(start, sleeper(True), waker(True)))
        self.assertIn(lost, outcomes(start, sleeper(False), waker(True)))

    def test_two_paces(self):
        """Whoever has seen the last number of changes has seen both paces."""
        start = {'a': 0, 'b': 0, 'changes': 0}
        for added in (True, False):
            seen = outcomes(start, pace_setter('a', added), pace_setter('b', added), clearer)
            stale = [one for one in seen if one[2][0] == max(one[:2]) and one[2][1] < 2]
            self.assertEqual(stale == [], added, stale)


if __name__ == '__main__':
    unittest.main()
