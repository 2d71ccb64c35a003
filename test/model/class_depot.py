# SPDX-License-Identifier: MIT
"""The depot of one class and its only span (src/region/depot.c, span.c): magazines, free and fresh
objects, the chunk with its key, and what is read of them without the lock. What is done under the
depot's lock is one step; the chunk's next life, in another class, is under another lock. See depot.py.

The span has the objects a and b, which share a hole, and c. At first a and c are in use; b is fresh,
and a heap runs the span.
"""
from explore import Program, Violation, locked

OBJECTS = ('a', 'b', 'c')
HOLE = ('a', 'b')
MEMORY = {'stack': (), 'free': (), 'fresh': 1, 'running': 1, 'spans': 1, 'free_objects': 0,
          'class': 'ours', 'key': ('ours', 'first'), 'chunk': 'taken', 'stock': 0, 'wanted_count': 0,
          'used': 'DRAINED', 'page_a': 0, 'page_b': 0, 'page_c': 0}


# --- under the depot's lock ---

def is_unused(access):
    """span_is_unused"""
    return not access.load('running') and \
        len(access.load('free')) + access.load('fresh') == len(OBJECTS)


def settle(access, unused=is_unused):
    """span_settle, span_give_back: the key goes before the chunk does"""
    if unused(access):
        access.add('free_objects', -len(access.load('free')))
        access.add('spans', -1)
        access.store('key', None)
        access.store('free', ())
        access.exchange('chunk', 'free')


def put(access, item, settle_by=settle):
    """bp_span_put_locked: the object is linked, and the span perhaps unused"""
    if access.load('class') != 'ours' or access.load('chunk') != 'taken':
        raise Violation(f'{item} comes back to a chunk that is {access.load("class")}')
    if item in access.load('free'):
        raise Violation(f'{item} is free twice')
    access.store(f'page_{item}', 'link')
    access.store('free', tuple(sorted(access.load('free') + (item,))))
    access.add('free_objects', 1)
    settle_by(access)


def stock_update(access):
    """The class's lists have its own span alone."""
    listed = access.load('free') if access.load('spans') else ()
    access.store('stock', 1 if access.load('stack') or listed else 0)


def leave(access):
    """depot_give_lock: the hints are set"""
    access.store('used', 'USED')
    stock_update(access)


def give(items, following, settle_by=settle, leave_by=leave):
    """bp_depot_give: the depot keeps one magazine, what is more is sorted"""
    def step(access, registers):
        access.store('wanted_count', 1)
        if access.load('stack'):
            for item in items:
                put(access, item, settle_by)
        else:
            access.store('stack', (items,))
        leave_by(access)
        return following
    return locked(step)


def sort(items, following, settle_by=settle):
    """bp_depot_sort, as flushes do it"""
    def step(access, registers):
        for item in items or registers['items']:
            put(access, item, settle_by)
        leave(access)
        return following
    return locked(step)


def drain(access):
    """drain_locked"""
    for magazine in access.load('stack'):
        for item in magazine:
            put(access, item)
    access.store('stack', ())


# --- who has objects of the span ---

def check_key(item, following):
    """bp_heap_try_free: any owner will do, the class must be right"""
    def step(access, registers):
        key = access.load('key')
        if not key or key[0] != 'ours':
            raise Violation(f'{item} is freed by the key {key}')
        return following
    return step


def write(item, name, following):
    def step(access, registers):
        access.store(f'page_{item}', name)
        return following
    return step


def read(item, name, following):
    def step(access, registers):
        if access.load(f'page_{item}') != name:
            raise Violation(f'{name} finds {access.load(f"page_{item}")} in {item}')
        return following
    return step


def claim(following):
    """bp_span_claim, span_set_owner: without the lock, by who has objects of the span"""
    def step(access, registers):
        access.store('key', ('ours', 'giver'))
        return following
    return step


GIVE = {'free_a': check_key('a', 'claim'), 'claim': claim('give_a'),
        'give_a': give(('a',), 'write_c'), 'write_c': write('c', 'giver', 'read_c'),
        'read_c': read('c', 'giver', 'free_c'), 'free_c': check_key('c', 'give_c'),
        'give_c': give(('c',), None)}


def giver(**changes):
    return Program(**{**GIVE, **changes})


def stop(settle_by=settle):
    """bp_depot_run_give, bp_span_stop_locked: all was bumped"""
    def step(access, registers):
        access.store('fresh', 0)
        access.store('running', 0)
        settle_by(access)
        leave(access)
    return locked(step)


RUN = {'bump': write('b', 'runner', 'read'), 'read': read('b', 'runner', 'free_b'),
       'free_b': check_key('b', 'give_b'), 'give_b': give(('b',), 'stop'), 'stop': stop()}


def runner(**changes):
    return Program(**{**RUN, **changes})


# --- bp_depot_take, and back ---

def stock_look(access, registers):
    """A hint: who misses what was just given goes on to a run."""
    return 'take' if access.load('stock') else None


def take(access, registers):
    stack, free = access.load('stack'), access.load('free')
    if stack:
        registers['items'] = stack[-1]
        access.store('stack', stack[:-1])
    else:
        gather(access, registers, free)
    leave(access)
    return 'write_all' if registers['items'] else None


def gather(access, registers, free):
    """bp_span_gather_locked: a span that was mostly free changes owner"""
    registers['items'] = free
    access.store('free', ())
    access.add('free_objects', -len(free))
    if 2 * len(free) >= len(OBJECTS):
        access.store('key', ('ours', 'taker'))


def write_all(access, registers):
    for item in registers['items']:
        access.store(f'page_{item}', 'taker')
    return 'read_all'


def read_all(access, registers):
    for item in registers['items']:
        read(item, 'taker', None)(access, registers)
        check_key(item, None)(access, registers)
    return 'sort'


TAKE = {'stock_look': stock_look, 'take': locked(take), 'write_all': write_all,
        'read_all': read_all, 'sort': sort((), None)}


def taker(**changes):
    return Program(**{**TAKE, **changes})


# --- bp_depot_drain_idle ---

def used_look(access, registers):
    """Whoever comes now will be seen the next time."""
    return 'drain_idle' if access.load('used') != 'DRAINED' else None


def drain_idle(access, registers):
    used = access.load('used')
    if used == 'IDLE':
        drain(access)
    access.store('used', 'IDLE' if used == 'USED' else 'DRAINED')
    stock_update(access)


DRAINER = Program(used_look=used_look, drain_idle=locked(drain_idle))


# --- bp_depot_punch_wanted, span_punch ---

def wanted_look(access, registers):
    return 'wanted_take' if access.load('wanted_count') else None


def wanted_take(access, registers):
    wanted = access.load('wanted_count')
    access.store('wanted_count', 0)
    leave(access)
    return 'ripe_look' if wanted else None


def ripe_look(access, registers):
    """bp_span_looks_worth and the record's class, of whatever life of the chunk"""
    ripe = set(HOLE) <= set(access.load('free'))
    return 'withdraw' if ripe and access.load('class') == 'ours' else None


def serves(access):
    """bp_span_serves_locked"""
    key = access.load('key')
    return key and key[0] == 'ours'


def withdraw(access, registers, serves_by=serves):
    """bp_span_withdraw_locked: as if in a magazine, so that the span stays"""
    free = access.load('free')
    if not serves_by(access) or not set(HOLE) <= set(free):
        return None
    access.store('free', tuple(item for item in free if item not in HOLE))
    access.add('free_objects', -len(HOLE))
    leave(access)
    return 'punch_a'


def punch(item, following):
    """bp_reserve_punch, page after page"""
    def step(access, registers):
        access.exchange(f'page_{item}', 0)
        return following
    return step


def mark(access, registers, settle_by=settle):
    """bp_span_mark_locked"""
    access.store('free', tuple(sorted(access.load('free') + HOLE)))
    access.add('free_objects', len(HOLE))
    settle_by(access)
    leave(access)


PUNCH = {'wanted_look': wanted_look, 'wanted_take': locked(wanted_take), 'ripe_look': ripe_look,
         'withdraw': locked(withdraw), 'punch_a': punch('a', 'punch_b'),
         'punch_b': punch('b', 'mark'), 'mark': locked(mark)}


def puncher(**changes):
    return Program(**{**PUNCH, **changes})


def punch_all(**changes):
    """bp_depot_punch_all"""
    return Program(**{**{name: PUNCH[name] for name in list(PUNCH)[2:]}, **changes})
