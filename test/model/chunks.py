# SPDX-License-Identifier: MIT
"""Chunks that are purged or decommitted while no lock is held (src/reserve/chunks.c): they have neither
bit nor owner meanwhile. Others take runs, give them back, and fork; nobody waits. Three chunks
stand side by side, the first two dirty. What is done under the lock is one step.
"""
from explore import Program, Violation, locked

CHUNKS = (1, 2, 3)
JUNK = 'junk'
MEMORY = {'free': (1, 2, 3), 'dirty': (1, 2), 'busy': 0, 'dirty_bytes': 2, 'has_clean': 1,
          'state1': 'DIRTY', 'state2': 'DIRTY', 'state3': 'CLEAN',
          'page1': JUNK, 'page2': JUNK, 'page3': 0}


def without(chunks, gone):
    return tuple(chunk for chunk in chunks if chunk not in gone)


# --- bp_chunks_take, bp_chunks_give ---

def find_run(chunks, count):
    """bit_find_run: lowest first"""
    for first in CHUNKS:
        if set(range(first, first + count)) <= set(chunks):
            return tuple(range(first, first + count))
    return ()


def dirty_remove(access, chunks):
    access.store('dirty', without(access.load('dirty'), chunks))
    access.add('dirty_bytes', -len(chunks))


def user(name, count):
    def take(access, registers):
        """find_locked: a run of dirty chunks, or one of any that are free; use_locked"""
        run = find_run(access.load('dirty'), count) or find_run(access.load('free'), count)
        if not run:
            return None
        states = {chunk: access.load(f'state{chunk}') for chunk in run}
        registers['run'], registers['zero'] = run, 'DIRTY' not in states.values()
        dirty_remove(access, [chunk for chunk in run if states[chunk] == 'DIRTY'])
        access.store('free', without(access.load('free'), run))
        for chunk in run:
            access.store(f'state{chunk}', 'USED')
        return 'write'

    def write(access, registers):
        for chunk in registers['run']:
            if registers['zero'] and access.load(f'page{chunk}'):
                raise Violation(f'{name} got chunk {chunk} as zero')
            access.store(f'page{chunk}', name)
        return 'give'

    def give(access, registers):
        for chunk in registers['run']:
            found = access.load(f'page{chunk}'), access.load(f'state{chunk}')
            if found != (name, 'USED'):
                raise Violation(f'{name} finds {found} in chunk {chunk}')
            insert_dirty(access, chunk)
            insert_free(access, chunk)
    return Program(take=locked(take), write=write, give=locked(give))


def insert_dirty(access, chunk):
    access.store(f'state{chunk}', 'DIRTY')
    access.store('dirty', access.load('dirty') + (chunk,))
    access.add('dirty_bytes', 1)


def insert_free(access, chunk):
    access.store('free', tuple(sorted({*access.load('free'), chunk})))


# --- bp_chunks_purge_oldest ---

def is_dirty(access, chunk):
    return chunk in access.load('dirty')


def mark_busy(access, run):
    access.store('free', without(access.load('free'), run))
    for chunk in run:
        access.store(f'state{chunk}', 'BUSY')
    access.add('busy', len(run))


def detach(access, registers, merges=is_dirty, mark=mark_busy):
    """detach_oldest_locked"""
    if not access.load('dirty'):
        return None
    first = access.load('dirty')[0]
    end = first + 1
    while first > 1 and merges(access, first - 1):
        first -= 1
    while end in CHUNKS and merges(access, end):
        end += 1
    run = registers['run'] = registers['rest'] = tuple(range(first, end))
    dirty_remove(access, [chunk for chunk in run if is_dirty(access, chunk)])
    mark(access, run)
    return 'zap'


def zap(access, registers):
    """bp_reserve_discard, chunk after chunk"""
    access.exchange(f'page{registers["rest"][0]}', 0)
    registers['rest'] = registers['rest'][1:]
    return 'zap' if registers['rest'] else 'settle'


def settle(access, registers):
    """purge_settle"""
    for chunk in registers['run']:
        access.store(f'state{chunk}', 'CLEAN')
        insert_free(access, chunk)
    access.add('busy', -len(registers['run']))
    access.store('has_clean', 1)


PURGE = dict(detach=locked(detach), zap=zap, settle=locked(settle))


def purger(**changes):
    return Program(**{**PURGE, **changes})


# --- bp_chunks_decommit ---

def worthwhile(access, registers):
    registers['from'] = 1
    had, _ = access.load('has_clean'), access.store('has_clean', 0)
    return 'detach_idle' if had else None


def detach_idle(access, registers, mark=mark_busy):
    """detach_idle_locked: the next run of clean chunks"""
    first = registers['from']
    while first in CHUNKS and access.load(f'state{first}') != 'CLEAN':
        first += 1
    end = first
    while end in CHUNKS and access.load(f'state{end}') == 'CLEAN':
        end += 1
    registers['run'] = registers['rest'] = tuple(range(first, end))
    registers['from'] = end
    mark(access, registers['run'])
    return 'zap' if registers['run'] else None


def decommitted(access, registers):
    """decommit_run"""
    for chunk in registers['run']:
        access.store(f'state{chunk}', 'RESERVED')
        insert_free(access, chunk)
    access.add('busy', -len(registers['run']))
    return 'detach_idle'


DECOMMIT = dict(worthwhile=locked(worthwhile), detach_idle=locked(detach_idle), zap=zap,
                settle=locked(decommitted))


def decommitter(**changes):
    return Program(**{**DECOMMIT, **changes})


# --- fork ---

def after_fork(memory):
    """bp_chunks_after_fork: purged or not, decommitted or not, it is both"""
    for chunk in CHUNKS:
        if memory[f'state{chunk}'] == 'BUSY':
            memory[f'page{chunk}'], memory[f'state{chunk}'] = 0, 'RESERVED'
            memory['free'] += (chunk,)
            memory['busy'] -= 1


def forker(settle_child=after_fork):
    def fork(access, registers):
        child = dict(access.memory)
        settle_child(child)
        check(child, 'in the child, ')
    return Program(fork=locked(fork))


def check(memory, where):
    for chunk in CHUNKS:
        state = memory[f'state{chunk}']
        bits = chunk in memory['free'], chunk in memory['dirty']
        if bits != (state != 'USED', state == 'DIRTY') or state == 'BUSY':
            raise Violation(f'{where}chunk {chunk} is {state}, with the bits {bits}')
        if state in ('CLEAN', 'RESERVED') and memory[f'page{chunk}']:
            raise Violation(f'{where}chunk {chunk} is {state}, with {memory[f"page{chunk}"]}')
    if memory['busy'] or memory['dirty_bytes'] != len(memory['dirty']):
        raise Violation(f'{where}{memory["busy"]} busy, {memory["dirty_bytes"]} dirty bytes')


def check_end(memory, registers):
    check(memory, 'at the end, ')
    if len(memory['free']) != len(CHUNKS):
        raise Violation(f'at the end, free are {memory["free"]}')


# --- what must show if the protocol lacked it ---

def any_neighbour(access, chunk):
    return True


def mark_in_sight(access, run):
    """detach_oldest_locked, if what is busy stayed free for who looks for a run"""
    for chunk in run:
        access.store(f'state{chunk}', 'BUSY')
    access.add('busy', len(run))


def settle_first(access, registers):
    """purge_settle before the system was asked"""
    detach(access, registers)
    if registers.get('run'):
        settle(access, registers)
    return 'zap' if registers.get('run') else None


def no_settle(access, registers):
    return None


def detached_by(**changes):
    return locked(lambda access, registers: detach(access, registers, **changes))


def idle_in_sight(access, registers):
    return detach_idle(access, registers, lambda access, run: access.add('busy', len(run)))


def leave_busy(memory):
    """The child without bp_chunks_after_fork."""


def trust_busy(memory):
    """bp_chunks_after_fork, if what was being purged counted as purged"""
    pages = {f'page{chunk}': memory[f'page{chunk}'] for chunk in CHUNKS}
    after_fork(memory)
    memory.update(pages)


MODEL = (MEMORY, {
    'chunks: users of one and two, and a fork': (user('a', 1), user('b', 2), purger(), forker()),
    'chunks: all that detaches, and a fork': (user('a', 2), purger(), decommitter(), forker()),
    'chunks: two of each': (user('a', 2), user('b', 1), purger(), purger(), decommitter()),
}, check_end)
MUTANTS = {
    'neighbours are merged whatever they are':
        (user('a', 1), user('b', 1), purger(detach=detached_by(merges=any_neighbour))),
    'busy chunks stay free': (user('a', 2), purger(detach=detached_by(mark=mark_in_sight))),
    'clean before the system was asked':
        (user('a', 2), purger(detach=locked(settle_first), settle=no_settle)),
    'decommitted in sight': (user('a', 1), user('b', 2),
                             decommitter(detach_idle=locked(idle_in_sight))),
    'the child leaves busy chunks': (purger(), forker(leave_busy)),
    'the child takes busy chunks as purged': (purger(), forker(trust_busy)),
}
