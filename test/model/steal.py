# SPDX-License-Identifier: MIT
"""Large slots that stand in sight (src/thread/large.c) are taken by an exchange, by anyone: their heap,
thieves, a flush, the end of the heap's thread. Each slot ends in one place, whoever has it sees its
record, and no pages go that are in use.
"""
from explore import Program, locked
from sight import (MEMORY, OWNER, SLOTS, check_end, expect, flusher, give, other_give, share_store, thief)


def owner(**changes):
    return Program(**{**OWNER, **changes})


CASTS = {
    'steal: a thief and a flush': (owner(), thief('x'), flusher()),
    'steal: two thieves': (owner(own_take=lambda *_: 'end_look_1'), thief('x'), thief('y')),
}


def grab_by_load_and_store(place, found, missed):
    """shared_take without the exchange: what was seen is taken in a second step"""
    def step(access, registers):
        registers['slot'] = access.load(place)
        access.store(place, 0)
        return found if registers['slot'] else missed
    return step


def share_blindly(access, registers):
    """slot_share, if it did not look whether the place is free"""
    return 'share_place1'


def free_unmarked(access, registers):
    """slot_free, if the record were written after the slot is in sight"""
    todo = registers.setdefault('todo', SLOTS)
    if not todo:
        return 'own_take' if not registers.get('took') else 'end_look_1'
    registers['slot'], registers['todo'] = todo[0], todo[1:]
    return 'share_1'


def mark_late(place):
    put = share_store(place)

    def step(access, registers):
        put(access, registers)
        access.store(f'state{registers["slot"]}', 'CACHED')
        return 'share_count'
    return step


def end_with_own_alone(access, registers):
    """bp_registry_thread_ended, if it left what is in sight"""
    return 'end_own'


def clear_late(access, registers):
    """bp_region_clear of a slot that was given already"""
    slot = registers['slot']
    access.exchange(f'page{slot}', 0)
    access.store(f'dirty{slot}', 0)


def clear_first_half(access, registers):
    expect(access, registers['slot'], 'CACHED', 'a purge')
    return 'flush_give'


def give_then_clear(access, registers):
    give(access, registers['slot'], 'a flush')
    return 'clear_late'


def late_clearer():
    steps = {**flusher().steps, 'clear': clear_first_half, 'flush_give': locked(give_then_clear),
             'clear_late': clear_late}
    return Program(**steps)


def putting_thief():
    """A thread that puts what it frees into another's places: two who look and then store."""
    def other_look(access, registers):
        return 'other_put' if not access.load('place1') else 'other_give'

    def other_put(access, registers):
        access.store('place1', registers['slot'])
        return 'other_count'

    def other_count(access, registers):
        access.add('in_sight', 1)

    def other_free(access, registers):
        access.store(f'state{registers["slot"]}', 'CACHED')
        return 'other_look'
    steps = {**thief('x').steps, 'other_free': other_free, 'other_look': other_look,
             'other_put': other_put, 'other_count': other_count, 'other_give': locked(other_give)}
    return Program(**steps)


MODEL = (MEMORY, CASTS, check_end)
MUTANTS = {
    'others load and store': (owner(), thief('x', grab_by_load_and_store), flusher()),
    'a flush loads and stores': (owner(), thief('x'), flusher(grab_by_load_and_store)),
    'places are not looked at before': (owner(share_1=share_blindly, put=lambda *_: 'share_1'),),
    'the record comes after the slot':
        (owner(free_next=free_unmarked, share_place1=mark_late('place1'),
               share_place2=mark_late('place2')), thief('x')),
    'the end leaves what is in sight': (owner(end_look_1=end_with_own_alone), thief('x')),
    'pages go after the slot': (owner(), thief('x'), late_clearer()),
    'two threads put': (owner(), putting_thief()),
}
