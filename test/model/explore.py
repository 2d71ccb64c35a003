# SPDX-License-Identifier: MIT
"""Runs small concurrent programs through every interleaving that x86 allows.

A program is a list of steps on shared words; what happens between two of them is the thread's own.
Memory is TSO (Sewell, Sarkar, Owens, Zappa Nardelli, Myreen, "x86-TSO", 2010): a store waits in
its thread's buffer, in order, and may become visible at any later time; a load sees the thread's
own buffer first; locked instructions empty the buffer.
"""
from collections import namedtuple

Thread = namedtuple('Thread', 'step registers buffer')
State = namedtuple('State', 'memory threads')


class Violation(Exception):
    """Something that must not happen, in some interleaving."""


class Program:
    """Steps, each a function of (memory access, registers) that names the next step or None."""

    def __init__(self, **steps):
        self.steps = steps
        self.first = next(iter(steps))


class Access:
    """What one step does to memory: one load, store, exchange, or lock operation, atomically."""

    def __init__(self, state, index):
        self.memory = dict(state.memory)
        self.buffers = [list(thread.buffer) for thread in state.threads]
        self.own = self.buffers[index]
        self.blocked = False

    def load(self, word):
        for name, value in reversed(self.own):
            if name == word:
                return value
        return self.memory[word]

    def store(self, word, value):
        self.own.append((word, value))

    def drain(self):
        self.memory.update(self.own)
        self.own.clear()

    def exchange(self, word, value):
        self.drain()
        old, self.memory[word] = self.memory[word], value
        return old

    def add(self, word, change):
        self.exchange(word, self.memory[word] + change)

    def lock(self, word):
        """The step is not taken while another holds the lock."""
        self.blocked = self.exchange(word, 1) != 0

    def unlock(self, word):
        self.exchange(word, 0)

    def barrier_all(self):
        """What membarrier does: every thread passes a full barrier."""
        for buffer in self.buffers:
            self.memory.update(buffer)
            buffer.clear()


def locked(section):
    """A step that takes a lock, does all of the section, and gives the lock. One step is enough for
    what others touch under the same lock alone, or look at one word at a time.
    """
    def step(access, registers):
        access.drain()
        following = section(access, registers)
        access.drain()
        return following
    return step


def freeze(memory):
    return tuple(sorted(memory.items()))


def advance(state, programs, index):
    """The state after the thread's next step, or None if it cannot take one now."""
    thread = state.threads[index]
    if thread.step is None:
        return None
    access, registers = Access(state, index), dict(thread.registers)
    following = programs[index].steps[thread.step](access, registers)
    if access.blocked:
        return None
    threads = [other._replace(buffer=tuple(buffer))
               for other, buffer in zip(state.threads, access.buffers)]
    threads[index] = threads[index]._replace(step=following, registers=freeze(registers))
    return State(freeze(access.memory), tuple(threads))


def flush(state, index):
    """The state after the thread's oldest store became visible, or None if there is none."""
    thread = state.threads[index]
    if not thread.buffer:
        return None
    memory = dict(state.memory)
    memory.update(thread.buffer[:1])
    threads = list(state.threads)
    threads[index] = thread._replace(buffer=thread.buffer[1:])
    return State(freeze(memory), tuple(threads))


def explore(memory, programs, check_end):
    """Every state that can be reached; check_end(memory, registers of all) sees each end.

    Returns how many states and ends there are. A state in which nobody can go on and somebody
    has not ended is a deadlock.
    """
    first = State(freeze(memory),
                  tuple(Thread(program.first, (), ()) for program in programs))
    seen, todo, ends = {first}, [first], 0
    while todo:
        state = todo.pop()
        following = [way(*arguments) for index in range(len(programs)) for way, arguments in
                     ((advance, (state, programs, index)), (flush, (state, index)))]
        following = [other for other in following if other]
        if not following:
            if any(thread.step for thread in state.threads):
                raise Violation(f'deadlock: {state}')
            check_end(dict(state.memory), [dict(thread.registers) for thread in state.threads])
            ends += 1
        for other in following:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return len(seen), ends
