# SPDX-License-Identifier: MIT
"""The depot of a class (src/region/depot.c): magazines come and go, are drained and sorted into a span
that may be unused then, while others run it, punch it, hold its objects, and change the owner in its
chunk's key; the chunk may begin another life in another class.

Objects are in one place each, nobody's bytes change, a free finds the right class, what the hints
say at rest is true, and a span of which nothing is in use is gone.
"""
from class_depot import (DRAINER, HOLE, MEMORY, OBJECTS, check_key, claim, give, giver, leave, mark, put,
                         punch_all, puncher, runner, serves, settle, sort, stock_update, stop,
                         taker, withdraw)
from explore import Program, Violation, locked


# --- a thread of another class, for which the chunk is as good as any ---

def chunk_take(access, registers):
    """bp_chunks_take"""
    if access.load('chunk') != 'free':
        return None
    access.exchange('chunk', 'taken')
    return 'record'


def record(access, registers):
    """bp_span_create: the record before the key"""
    for word, value in (('free', ()), ('fresh', len(OBJECTS)), ('running', 1), ('class', 'theirs')):
        access.store(word, value)
    return 'key'


def key(access, registers):
    access.store('key', ('theirs', 'newcomer'))
    return 'use'


def use(access, registers):
    for item in HOLE:
        access.store(f'page_{item}', 'newcomer')
    return 'look'


def look(access, registers):
    if access.load('key')[0] != 'theirs':
        raise Violation(f'a newcomer frees by the key {access.load("key")}')
    for item in HOLE:
        if access.load(f'page_{item}') != 'newcomer':
            raise Violation(f'a newcomer finds {access.load(f"page_{item}")} in {item}')
    registers['times'] = registers.get('times', 0) + 1
    return 'keep' if registers['times'] < 2 else None


def keep(access, registers):
    """Under its own depot's lock."""
    access.store('free', HOLE)
    return 'take'


def take(access, registers):
    access.store('free', ())
    return 'use'


NEWCOMER = Program(chunk_take=locked(chunk_take), record=record, key=key, use=use, look=look,
                   keep=locked(keep), take=locked(take))


def check_ours(memory):
    stacked = tuple(item for magazine in memory['stack'] for item in magazine)
    found = len(stacked) + len(memory['free']) + memory['fresh']
    if set(stacked) & set(memory['free']) or found != len(OBJECTS) or memory['spans'] != 1:
        raise Violation(f'at the end: {memory}')
    if not memory['running'] and len(memory['free']) + memory['fresh'] == len(OBJECTS):
        raise Violation(f'a span stays, of which nothing is in use: {memory}')
    if memory['free_objects'] != len(memory['free']):
        raise Violation(f'{memory["free_objects"]} objects are said to be free: {memory}')


def check_gone(memory):
    if memory['stack'] or memory['free_objects'] or memory['spans']:
        raise Violation(f'left of a span that is gone: {memory}')
    if memory['class'] == 'theirs' and memory['key'] != ('theirs', 'newcomer'):
        raise Violation(f'the key of the next life is {memory["key"]}')


def check_end(memory, registers):
    is_ours = memory['class'] == 'ours' and memory['chunk'] == 'taken'
    (check_ours if is_ours else check_gone)(memory)
    free = memory['free'] if is_ours else ()
    if memory['stock'] != (1 if memory['stack'] or free else 0):
        raise Violation(f'the hint of the stock is wrong: {memory}')
    if memory['used'] == 'DRAINED' and memory['stack']:
        raise Violation(f'nobody will drain what is there: {memory}')


def flushers():
    """They sort what others give as magazines, but for the last object."""
    return giver(give_a=sort(('a',), 'write_c')), runner(give_b=sort(('b',), 'stop'))


CASTS = {
    'depot: a taker': (giver(), runner(), taker(), NEWCOMER),
    'depot: drained': (giver(), runner(), DRAINER, DRAINER, NEWCOMER),
    'depot: punched': (giver(), runner(), puncher(), NEWCOMER),
    'depot: punched and drained': (giver(), runner(), puncher(), DRAINER, taker()),
    'depot: flushed and punched': (*flushers(), punch_all(), taker(), NEWCOMER),
    'depot: two takers': (giver(), runner(), taker(), taker()),
}


# --- what must show if the protocol lacked it ---

def stacked_is_unused(access):
    """span_is_unused, if objects in the depot's magazines were not in use"""
    stacked = sum(len(magazine) for magazine in access.load('stack'))
    return not access.load('running') and \
        len(access.load('free')) + access.load('fresh') + stacked == len(OBJECTS)


def run_is_unused(access):
    """span_is_unused, if nobody ran spans"""
    return len(access.load('free')) + access.load('fresh') == len(OBJECTS)


def settle_by(unused):
    return lambda access: settle(access, unused)


def no_settle(access):
    """The last one home does not look what he leaves."""


def withdraw_nothing(access, registers):
    """span_punch, if the holes' objects stayed in the span's lists"""
    if not serves(access) or not set(HOLE) <= set(access.load('free')):
        return None
    return 'punch_a'


def mark_nothing(access, registers):
    leave(access)


def withdraw_any(access, registers):
    """span_punch, if it trusted what it saw before it had the lock"""
    return withdraw(access, registers, lambda access: True)


def mark_unsettled(access, registers):
    mark(access, registers, no_settle)


def take_by_hint(access, registers):
    """bp_depot_take, if it trusted the hint"""
    if not access.load('stack') and not access.load('free'):
        raise Violation('a taker finds nothing where something was to be')
    registers['items'] = access.load('stack')[-1] if access.load('stack') else access.load('free')
    return 'take_it'


def take_it(access, registers):
    """The second half of a bp_depot_take without the lock"""
    items = registers['items']
    if items in access.load('stack'):
        access.store('stack', tuple(one for one in access.load('stack') if one != items))
    else:
        access.store('free', tuple(one for one in access.load('free') if one not in items))
        access.add('free_objects', -len(items))
    leave(access)
    return 'write_all'


def leave_unstocked(access):
    access.store('used', 'USED')


def leave_unused(access):
    stock_update(access)


MODEL = (MEMORY, CASTS, check_end)
MUTANTS = {
    'magazines count as free':
        (giver(give_c=give(('c',), None, settle_by(stacked_is_unused))), runner(), taker()),
    'runs are not looked at':
        (giver(give_c=give(('c',), None, settle_by(run_is_unused))),
         runner(stop=stop(settle_by(run_is_unused))), DRAINER, DRAINER, NEWCOMER),
    'the end of a run does not settle': (giver(), runner(stop=stop(no_settle)), DRAINER, DRAINER),
    'punched in the list':
        (*flushers(), punch_all(withdraw=locked(withdraw_nothing), mark=locked(mark_nothing)),
         taker()),
    'another life is punched':
        (*flushers(), punch_all(withdraw=locked(withdraw_any)), taker(), NEWCOMER),
    'marked holes do not settle':
        (giver(), runner(), puncher(mark=locked(mark_unsettled)), taker()),
    'a claim after the object is given':
        (giver(free_c=check_key('c', 'give_c'), give_c=give(('c',), 'late_claim'),
               late_claim=claim(None)), runner(), taker(), NEWCOMER),
    'the hint is trusted, without a lock':
        (giver(), taker(), taker(take=take_by_hint, take_it=take_it)),
    'who gives does not tell of the stock':
        (giver(give_a=give(('a',), 'write_c', settle, leave_unstocked),
               give_c=give(('c',), None, settle, leave_unstocked)),),
    'who gives does not tell of the use':
        (giver(give_a=give(('a',), 'write_c', settle, leave_unused),
               give_c=give(('c',), None, settle, leave_unused)), DRAINER),
}
