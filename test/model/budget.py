# SPDX-License-Identifier: MIT
"""Who keeps the budget of dirty bytes (bp_purge_check in src/region/purge.c): one thread at a time; others
that exceed it meanwhile are turned away. When all have gone, the budget is kept all the same.

The fence in front of the exchange is not shown: on x86 the exchange is one.
"""
from explore import Program, Violation

BUDGET = 1
MEMORY = {'dirty_bytes': 0, 'purging': 0}


def freed(access, registers):
    """Memory becomes dirty, under some pool's lock."""
    access.add('dirty_bytes', 2)
    return 'look'


def look(access, registers):
    return 'enter' if access.load('dirty_bytes') > BUDGET else None


def enter(access, registers):
    """bp_cas_u32_acquire: who is turned away relies on who is there"""
    return 'purge' if not access.exchange('purging', 1) else None


def purge(access, registers):
    """bp_purge_down_to: one detached piece after the other"""
    if access.load('dirty_bytes') <= BUDGET:
        return 'leave'
    access.add('dirty_bytes', -1)
    return 'purge'


def leave(access, registers):
    access.store('purging', 0)
    return 'fence'


def fence(access, registers):
    access.drain()
    return 'look'


STEPS = dict(freed=freed, look=look, enter=enter, purge=purge, leave=leave, fence=fence)


def freer(**changes):
    return Program(**{**STEPS, **changes})


def check_end(memory, registers):
    if memory['purging'] or memory['dirty_bytes'] > BUDGET:
        raise Violation(f'at the end: {memory}')


def no_fence(access, registers):
    return 'look'


def no_second_look(access, registers):
    return None


MODEL = (MEMORY, (freer(), freer(), freer()), check_end)
MUTANTS = {
    'no fence between the release and the look': (freer(fence=no_fence), freer(fence=no_fence)),
    'no look after the release': (freer(fence=no_second_look), freer(fence=no_second_look)),
}
