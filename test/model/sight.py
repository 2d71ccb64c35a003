# SPDX-License-Identifier: MIT
"""A heap's free large slots (src/thread/large.c): some are its own, others stand in places, in sight of
all threads. The owner frees three slots, takes one, and ends.
What is done under the region's lock is one step; see slots.py for what else happens there, and
steal.py for the model.
"""
from explore import Program, Violation, locked

SLOTS = (1, 2, 3)
OWN_LIMIT = 1
PLACES = ('place1', 'place2')
MEMORY = {'own': (), 'place1': 0, 'place2': 0, 'in_sight': 0, 'pool': (), 'fresh': 0,
          'state1': 'USED', 'state2': 'USED', 'state3': 'USED',
          'page1': 0, 'page2': 0, 'page3': 0, 'dirty1': 1, 'dirty2': 1, 'dirty3': 1}


def expect(access, slot, state, who):
    """The record as its one holder must see it."""
    found = access.load(f'state{slot}')
    if found != state:
        raise Violation(f'{who} finds slot {slot} {found}')


# --- pools ---

def give(access, slot, who):
    """bp_region_give: a cached slot, and nobody else's"""
    expect(access, slot, 'CACHED', who)
    access.store(f'state{slot}', 'DIRTY' if access.load(f'dirty{slot}') else 'CLEAN')
    if slot in access.load('pool'):
        raise Violation(f'{who} gives slot {slot}, which the pool has')
    access.store('pool', access.load('pool') + (slot,))


def take_pooled(access, registers):
    """bp_region_take_pooled; what is not there is looked for elsewhere"""
    pool = access.load('pool')
    if not pool:
        return 'look_1'
    registers['slot'] = pool[-1]
    access.store('pool', pool[:-1])
    access.store(f'state{pool[-1]}', 'CACHED')
    return 'use'


# --- what all do with places ---

def look(place, found, missed):
    """The first half of shared_take"""
    def step(access, registers):
        return found if access.load(place) else missed
    return step


def grab(place, found, missed):
    """The second half of shared_take, and cache_take_shared's count"""
    def step(access, registers):
        registers['slot'] = access.exchange(place, 0)
        return found if registers['slot'] else missed
    return step


def uncount(following):
    def step(access, registers):
        access.add('in_sight', -1)
        return following
    return step


def scan(found, missed, grab_by=grab):
    """cache_take_shared: the places in turn"""
    return dict(look_1=look('place1', 'grab_1', 'look_2'),
                grab_1=grab_by('place1', 'uncount', 'look_2'),
                look_2=look('place2', 'grab_2', missed),
                grab_2=grab_by('place2', 'uncount', missed), uncount=uncount(found))


def use(name, following):
    """bp_region_use, and the user's first bytes"""
    def step(access, registers):
        slot = registers['slot']
        expect(access, slot, 'CACHED', name)
        if not access.load(f'dirty{slot}') and access.load(f'page{slot}'):
            raise Violation(f'{name} got slot {slot} as zero: {access.load(f"page{slot}")}')
        access.store(f'state{slot}', 'USED')
        access.store(f'dirty{slot}', 1)
        access.store(f'page{slot}', name)
        return following
    return step


def read(name, following):
    def step(access, registers):
        slot = registers['slot']
        expect(access, slot, 'USED', name)
        if access.load(f'page{slot}') != name:
            raise Violation(f'{name} finds {access.load(f"page{slot}")} in slot {slot}')
        return following
    return step


# --- the owner: frees two slots, takes one, frees it, and ends ---

def free_next(access, registers):
    """slot_free, then cached_put: a slot is its own, or in sight"""
    todo = registers.setdefault('todo', SLOTS)
    if not todo:
        return 'own_take' if not registers.get('took') else 'end_look_1'
    slot = registers['slot'] = todo[0]
    registers['todo'] = todo[1:]
    access.store(f'state{slot}', 'CACHED')
    return 'put'


def put(access, registers):
    if len(access.load('own')) < OWN_LIMIT:
        access.store('own', access.load('own') + (registers['slot'],))
        return 'free_next'
    return 'share_1'


def share(place, taken):
    """slot_share: only the owner puts, so a place that is free stays free"""
    def step(access, registers):
        return f'share_{place}' if not access.load(place) else taken
    return step


def share_store(place):
    def step(access, registers):
        access.store(place, registers['slot'])
        return 'share_count'
    return step


def share_count(access, registers):
    access.add('in_sight', 1)
    return 'free_next'


def put_away(access, registers):
    """slot_put: there is no room"""
    give(access, registers['slot'], 'owner')
    return 'free_next'


def own_take(access, registers):
    """cached_take; what it has not is looked for in its own places, then elsewhere"""
    registers['took'] = 1
    own = access.load('own')
    if not own:
        return 'look_1'
    registers['slot'] = own[-1]
    access.store('own', own[:-1])
    return 'use'


def own_freed(access, registers):
    registers['todo'] = (registers['slot'],)
    return 'free_next'


def end_give(access, registers):
    """bp_large_flush_shared at the thread's end"""
    give(access, registers['slot'], 'the end')
    return 'end_look_1'


def end_own(access, registers):
    """own_reduce"""
    own = access.load('own')
    if not own:
        return None
    give(access, own[-1], 'the end')
    access.store('own', own[:-1])
    return 'end_own'


END = {'end_look_1': look('place1', 'end_grab_1', 'end_look_2'),
       'end_grab_1': grab('place1', 'end_uncount', 'end_look_2'),
       'end_look_2': look('place2', 'end_grab_2', 'end_own'),
       'end_grab_2': grab('place2', 'end_uncount', 'end_own'),
       'end_uncount': uncount('end_give'), 'end_give': locked(end_give),
       'end_own': locked(end_own)}

OWNER = {'free_next': free_next, 'put': put, 'share_1': share('place1', 'share_2'),
         'share_place1': share_store('place1'), 'share_2': share('place2', 'put_away'),
         'share_place2': share_store('place2'), 'share_count': share_count,
         'put_away': locked(put_away), 'own_take': own_take, **scan('use', 'nothing'),
         'nothing': lambda access, registers: 'end_look_1', 'use': use('owner', 'read'),
         'read': read('owner', 'own_freed'), 'own_freed': own_freed, **END}


# --- others ---

def in_sight(access, registers):
    """slot_steal: a hint; who is too early takes a fresh slot"""
    return 'scan' if access.load('in_sight') else 'fresh'


def fresh(access, registers):
    """bp_region_take_fresh"""
    access.add('fresh', 1)
    return None


def other_free(access, registers):
    access.store(f'state{registers["slot"]}', 'CACHED')
    return 'other_give'


def other_give(access, registers):
    give(access, registers['slot'], 'a thief')
    return None


def take_or_steal(access, registers):
    following = take_pooled(access, registers)
    return 'in_sight' if following == 'look_1' else following


def thief(name, grab_by=grab):
    """slot_take of a thread that has nothing"""
    return Program(take=locked(take_or_steal), in_sight=in_sight,
                   scan=lambda access, registers: 'look_1', **scan('use', 'fresh', grab_by),
                   fresh=fresh, use=use(name, 'read'), read=read(name, 'other_free'),
                   other_free=other_free, other_give=locked(other_give))


def cached_clear(access, registers):
    """bp_region_clear on a slot in hand: its pages go, the record says so"""
    slot = registers['slot']
    expect(access, slot, 'CACHED', 'a purge')
    access.exchange(f'page{slot}', 0)
    access.store(f'dirty{slot}', 0)
    return 'flush_give'


def flush_give(access, registers):
    give(access, registers['slot'], 'a flush')
    return None


def flusher(grab_by=grab):
    """bp_registry_flush of another thread, which purges what it found"""
    return Program(begin=lambda access, registers: 'look_1', **scan('clear', None, grab_by),
                   clear=cached_clear, flush_give=locked(flush_give))


def check_end(memory, registers):
    """All have ended: every slot is in the pool, once."""
    if sorted(memory['pool']) != list(SLOTS) or memory['in_sight'] or memory['own'] or \
            any(memory[place] for place in PLACES):
        raise Violation(f'at the end: {memory}')
