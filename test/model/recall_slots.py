# SPDX-License-Identifier: MIT
"""A heap's own large slots when it is called away (bp_large_empty, bp_large_settle in src/thread/large.c):
all but the last go to the pool, while its thread may be within bp_large_try_alloc or
bp_large_try_free. How it is called away, and by whom, is recall.py's.
"""
from explore import Program, Violation
from recall import CALLER, HEAP, enter, flush_look, flush_visit, home, settled

SLOTS = (1, 2, 3)
MEMORY = {'tls': HEAP, 'lock': 0, 'rounds': 0, 'away': 0, 'emptied': 0, 'visits': 0, 'pool': (),
          'count': 3, 'own0': 1, 'own1': 2, 'own2': 3, 'state1': 'CACHED', 'state2': 'CACHED',
          'state3': 'CACHED'}


def give(access, slot):
    """bp_region_give, under the region's lock"""
    access.drain()
    if slot not in SLOTS or slot in access.load('pool') or access.load(f'state{slot}') != 'CACHED':
        raise Violation(f'slot {slot} is given to the pool, which has {access.load("pool")}')
    access.exchange(f'state{slot}', 'DIRTY')
    access.exchange('pool', access.load('pool') + (slot,))


# --- the owner: takes one, frees it, flushes ---

def alloc_count(access, registers):
    registers['count'] = access.load('count')
    return 'alloc_take' if registers['count'] else 'flush_enter'


def alloc_take(access, registers):
    slot = registers['slot'] = access.load(f'own{registers["count"] - 1}')
    if not slot or access.load(f'state{slot}') != 'CACHED':
        raise Violation(f'the owner takes slot {slot}')
    return 'alloc_store'


def alloc_store(access, registers):
    access.store('count', registers['count'] - 1)
    return 'alloc_mark'


def alloc_mark(access, registers):
    access.store(f'state{registers["slot"]}', 'USED')
    return 'free_enter'


def free_mark(access, registers):
    if access.load(f'state{registers["slot"]}') != 'USED':
        raise Violation(f'slot {registers["slot"]} is not the owner\'s any more')
    access.store(f'state{registers["slot"]}', 'CACHED')
    return 'free_count'


def free_count(access, registers):
    registers['count'] = access.load('count')
    return 'free_place'


def free_place(access, registers):
    """The compiler may store the count first; nobody looks at the last place."""
    access.store(f'own{registers["count"]}', registers['slot'])
    return 'free_store'


def free_store(access, registers):
    access.store('count', registers['count'] + 1)
    return 'flush_enter'


def flush_head(access, registers):
    """own_reduce, in a slow path; the step that recall.py's flush_look names"""
    registers['count'] = access.load('count')
    return 'flush_give' if registers['count'] else 'flush_leave'


def flush_give(access, registers):
    give(access, access.load(f'own{registers["count"] - 1}'))
    access.store('count', registers['count'] - 1)
    return 'flush_head'


def flush_leave(access, registers):
    access.store('visits', 0)
    return None


def settle(access, registers):
    """bp_large_settle"""
    if access.load('emptied'):
        kept = [slot for slot in (access.load(f'own{at}') for at in range(access.load('count')))
                if slot]
        for at, slot in enumerate(kept):
            access.store(f'own{at}', slot)
        access.store('count', len(kept))
    access.store('away', 0)
    access.store('emptied', 0)
    access.store('tls', HEAP)
    return 'settled'


OWNER = dict(alloc_enter=enter('alloc_count'), alloc_count=alloc_count, alloc_take=alloc_take,
             alloc_store=alloc_store, alloc_mark=alloc_mark, free_enter=enter('free_mark'),
             free_mark=free_mark, free_count=free_count, free_place=free_place,
             free_store=free_store, flush_enter=enter('flush_visit'), flush_visit=flush_visit,
             flush_look=flush_look, flush_head=flush_head, flush_give=flush_give,
             flush_leave=flush_leave, home=home, settle=settle, settled=settled)


# --- bp_large_empty ---

def look(access, registers):
    """empty_locked in src/thread/recall.c"""
    if not 0 < access.load('away') <= registers['last'] or access.load('visits'):
        return 'done'
    access.store('emptied', 1)
    registers['at'] = 0
    return 'own_look'


def own_look(access, registers):
    """The last one is left to the operation that may be under way."""
    return 'own_give' if registers['at'] + 1 < access.load('count') else 'done'


def own_give(access, registers):
    at = registers['at']
    slot = access.load(f'own{at}')
    if slot:
        give(access, slot)
    access.store(f'own{at}', 0)
    registers['at'] = at + 1
    return 'own_look'


STEPS = {name: step for name, step in CALLER.items() if not name.startswith(('cut', 'sort'))}
STEPS = {**STEPS, 'look': look, 'own_look': own_look, 'own_give': own_give}


def cast(owner=None, **changes):
    return (Program(**{**OWNER, **(owner or {})}), Program(**{**STEPS, **changes}))


def check_end(memory, registers):
    """All that the owner has left is in its places, the rest is in the pool."""
    kept = [memory[f'own{at}'] for at in range(memory['count']) if memory[f'own{at}']]
    if sorted(list(memory['pool']) + kept) != list(SLOTS):
        raise Violation(f'slots at the end: {memory}')


# --- what must show if the protocol lacked it ---

def own_look_at_all(access, registers):
    return 'own_give' if registers['at'] < access.load('count') else 'done'


def look_without_visits(access, registers):
    access.store('emptied', 1)
    registers['at'] = 0
    return 'own_look' if access.load('away') else 'done'


def no_barrier(access, registers):
    return 'finish'


def settle_without_slots(access, registers):
    """A way home that does not look whether the heap was emptied"""
    access.store('away', 0)
    access.store('emptied', 0)
    access.store('tls', HEAP)
    return 'settled'


MODEL = (MEMORY, cast(), check_end)
MUTANTS = {
    'the last one goes too': cast(own_look=own_look_at_all),
    'visits are not looked at': cast(look=look_without_visits),
    'no barrier': cast(barrier=no_barrier),
    'places are not settled': cast(owner={'settle': settle_without_slots}),
}
