# SPDX-License-Identifier: MIT
"""Two threads call the same heap away (src/thread/recall.c), in any order: the owner may come home from
one round and be called away by the other, whose barrier it has not passed.
"""
from explore import Program
from recall import CALLER, MEMORY, OWNER, check_end


def callers(**changes):
    """The second one is as it is, so that each change is one thread's alone."""
    return (Program(**OWNER), Program(**{**CALLER, **changes}), Program(**CALLER))


def look_at_no_round(access, registers):
    """empty_locked, if a heap that is away were enough."""
    if not access.load('away') or access.load('visits'):
        return 'done'
    access.store('emptied', 1)
    return 'cut_head'


def barrier_first(access, registers):
    access.unlock('lock')
    return 'early_barrier'


def early_barrier(access, registers):
    access.barrier_all()
    return 'round_lock'


def no_second_barrier(access, registers):
    return 'finish'


MODEL = (MEMORY, callers(), check_end)
MUTANTS = {
    'rounds are not looked at': callers(look=look_at_no_round),
    'the round is read behind the barrier':
        callers(called=barrier_first, early_barrier=early_barrier, barrier=no_second_barrier),
}
