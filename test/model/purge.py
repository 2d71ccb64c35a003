# SPDX-License-Identifier: MIT
"""Slots that are purged, decommitted, or moved away while no lock is held (src/region/class_region.c,
slot_pages.c): they are BUSY meanwhile. Others take, free, purge and move their neighbours, and one
forks. No slot is in two hands, nobody's data goes, and the pools and counters are right at the end.
"""
from explore import Program, locked
from slots import (DECOMMITTER, MEMORY, attach, call, check_end, detach, forker, mover, purger, refuse,
                   to_busy, to_clean, to_dirty, user)

CASTS = {
    'purge: two users and a fork': (user('a', 1), user('b', 1), purger(), forker()),
    'purge: and all that detaches': (user('a', 2), purger(), DECOMMITTER, mover()),
    'purge: a system that refuses':
        (user('a', 1), purger(), purger(), mover(), Program(refuse=refuse)),
    'purge: and a fork': (user('a', 1), purger(), DECOMMITTER, mover(), forker()),
}


def any_neighbour(access, slot):
    """is_mergeable without the state"""
    return 0 < slot <= access.load('frontier')


def dirty_or_cached(access, slot):
    """is_mergeable, if slots in hands did no harm, as far as they can be told from others"""
    return any_neighbour(access, slot) and access.load(f'state{slot}') in ('DIRTY', 'CACHED')


def grab(access, slot):
    """Detached without the pool: what dirty_remove_locked makes of a slot that is in no list."""
    if slot in access.load('pool'):
        to_busy(access, slot)
    else:
        access.store(f'state{slot}', 'BUSY')
        access.add('busy', 1)


def leave(access, slot):
    """The slots stay in the pool while they are purged."""
    access.add('busy', 1)


def detach_by(**changes):
    return locked(lambda access, registers: detach(access, registers, **changes))


def attach_left(access, registers):
    for slot in registers['slots']:
        access.store(f'dirty{slot}', 0)
        access.store('pool', tuple(other for other in access.load('pool') if other != slot))
        access.add('dirty_bytes', -1)
        to_clean(access, slot)
    access.add('busy', -len(registers['slots']))


def settle_first(access, registers):
    """attach_purged before the system was asked"""
    registers['failed'] = 0
    attach(access, registers)
    return 'zap'


def zap_and_end(access, registers):
    access.exchange(f'page{registers["rest"][0]}', 0)
    registers['rest'] = registers['rest'][1:]
    return 'zap' if registers['rest'] else None


def call_unheard(access, registers):
    """slots_purge, if it did not say that the system refused"""
    following = call(access, registers)
    registers['failed'] = 0
    return following


def attach_dirty(access, registers):
    """attach_purged, if a refusal left the slots busy"""
    for slot in registers['slots'] if not registers['failed'] else ():
        access.store(f'dirty{slot}', 0)
        to_clean(access, slot)
    access.add('busy', -len(registers['slots']))


def attach_uncounted(access, registers):
    for slot in registers['slots']:
        if registers['failed']:
            to_dirty(access, slot)
        else:
            access.store(f'dirty{slot}', 0)
            to_clean(access, slot)


def donor_peek(access, registers):
    """donor_take, if the donor stayed in the pool"""
    registers['rest'] = access.load('pool')[:1]
    return 'move' if registers['rest'] else None


def nothing_to_put(access, registers):
    return None


def note_early(access, registers):
    """donor_give, if the record said so before the pages moved"""
    access.store(f'dirty{registers["rest"][0]}', 0)
    access.drain()
    return 'move'


def move_late(access, registers):
    access.exchange('target', access.exchange(f'page{registers["rest"][0]}', 0))
    return 'put'


def detach_early(access, registers):
    following = mover().steps['donor_take'](access, registers)
    return following and 'note'


def forget_busy(memory):
    """The child without bp_region_after_fork."""


def busy_is_clean(memory):
    """bp_region_after_fork, if what was being purged counted as purged"""
    for slot in (1, 2, 3):
        if memory[f'state{slot}'] == 'BUSY':
            memory['busy'] -= 1
            memory['clean'] += (slot,)
            memory[f'state{slot}'], memory[f'dirty{slot}'] = 'CLEAN', 0


MODEL = (MEMORY, CASTS, check_end)
MUTANTS = {
    'slots in hands are merged':
        (user('a', 1), purger(detach=detach_by(mergeable=dirty_or_cached, act=grab))),
    'neighbours are merged whatever they are':
        (user('a', 1), purger(detach=detach_by(mergeable=any_neighbour, act=grab))),
    'purged in the pool':
        (user('a', 1), purger(detach=detach_by(act=leave), attach=locked(attach_left))),
    'clean before the system was asked':
        (user('a', 1), purger(call=locked(settle_first), zap=zap_and_end)),
    'a refusal is not heard': (user('a', 1), purger(call=call_unheard), Program(refuse=refuse)),
    'refused slots stay busy':
        (user('a', 1), purger(attach=locked(attach_dirty)), Program(refuse=refuse)),
    'busy slots are not counted off': (user('a', 1), purger(attach=locked(attach_uncounted))),
    'the donor stays in the pool':
        (user('a', 1), user('b', 1), mover(donor_take=locked(donor_peek), put=nothing_to_put)),
    'the record before the pages, and a fork':
        (mover(donor_take=detach_early, note=note_early, move=move_late), forker()),
    'the child leaves busy slots': (user('a', 1), purger(), forker(forget_busy)),
    'the child takes busy slots as purged': (user('a', 1), purger(), forker(busy_is_clean)),
}
