# SPDX-License-Identifier: MIT
"""The recall of src/thread/recall.h: a heap is called away and emptied while its thread works.

One bin holds a chain of objects. Its thread pops one, writes to it, pushes it back, flushes the bin
in a slow path, and comes home whenever it finds itself called away. The other thread calls the heap
away, makes everyone pass a barrier, and takes what lies behind the chain's first two objects.
"""
from explore import Program, Violation

OBJECTS = (1, 2, 3, 4)
HEAP, AWAY, GARBAGE = 'heap', 'away', 99

MEMORY = {'tls': HEAP, 'head': 1, 'link1': 2, 'link2': 3, 'link3': 4, 'link4': 0, 'lock': 0,
          'rounds': 0, 'away': 0, 'emptied': 0, 'visits': 0, 'depot': ()}


def link(number):
    return f'link{number}'


def chain(load, head):
    """The objects of a chain; one that leads astray or does not end is a violation."""
    objects = []
    while head:
        if head not in OBJECTS or head in objects:
            raise Violation(f'a chain leads from {objects} to {head}')
        objects.append(head)
        head = load(link(head))
    return tuple(objects)


def give(access, objects):
    """Under the depot's lock: one indivisible step."""
    there = access.exchange('depot', ())
    if set(there) & set(objects):
        raise Violation(f'{objects} come to the depot, which has {there}')
    access.exchange('depot', there + objects)


# --- the owner ---

def enter(operation):
    """The first load of an operation of the hot path: is the heap here?"""
    def step(access, registers):
        registers['next'] = operation
        return operation if access.load('tls') == HEAP else 'home'
    return step


def home(access, registers):
    access.lock('lock')
    return 'settle'


def settle(access, registers):
    """Under the lock; the walk's loads see a bin that nobody else touches now."""
    if access.load('emptied'):
        chain(access.load, access.load('head'))
    access.store('away', 0)
    access.store('emptied', 0)
    access.store('tls', HEAP)
    return 'settled'


def settled(access, registers):
    access.unlock('lock')
    return registers['next']


def pop_head(access, registers):
    registers['object'] = access.load('head')
    return 'pop_link' if registers['object'] else 'flush_enter'


def pop_link(access, registers):
    registers['second'] = access.load(link(registers['object']))
    return 'pop_store'


def pop_store(access, registers):
    access.store('head', registers['second'])
    return 'use'


def use(access, registers):
    access.store(link(registers['object']), GARBAGE)
    return 'push_enter'


def push_head(access, registers):
    registers['second'] = access.load('head')
    return 'push_link'


def push_link(access, registers):
    access.store(link(registers['object']), registers['second'])
    return 'push_store'


def push_store(access, registers):
    access.store('head', registers['object'])
    registers['object'] = 0
    return 'flush_enter'


# A slow path: bp_registry_enter, bin_flush, bp_registry_leave.
def flush_visit(access, registers):
    access.store('visits', 1)
    return 'flush_look'


def flush_look(access, registers):
    if access.load('tls') == HEAP:
        return 'flush_head'
    access.store('visits', 0)
    registers['next'] = 'flush_visit'
    return 'home'


def flush_head(access, registers):
    registers['chain'] = access.load('head')
    return 'flush_store'


def flush_store(access, registers):
    access.store('head', 0)
    return 'flush_next'


def flush_next(access, registers):
    """sort_locked: the next link is read before the object is given away."""
    if not registers['chain']:
        return 'flush_leave'
    registers['rest'] = access.load(link(registers['chain']))
    return 'flush_give'


def flush_give(access, registers):
    give(access, (registers['chain'],))
    registers['chain'] = registers['rest']
    return 'flush_next'


def flush_leave(access, registers):
    access.store('visits', 0)
    return None


OWNER = dict(pop_enter=enter('pop_head'), pop_head=pop_head, pop_link=pop_link,
             pop_store=pop_store, use=use, push_enter=enter('push_head'), push_head=push_head,
             push_link=push_link, push_store=push_store, flush_enter=enter('flush_visit'),
             flush_visit=flush_visit, flush_look=flush_look, flush_head=flush_head,
             flush_store=flush_store, flush_next=flush_next, flush_give=flush_give,
             flush_leave=flush_leave, home=home, settle=settle, settled=settled)


# --- who calls it away ---

def begin(access, registers):
    access.lock('lock')
    return 'call'


def call(access, registers):
    """bp_recall_begin: a new round; a heap that is away stays as it is."""
    access.store('rounds', access.load('rounds') + 1)
    if not access.load('away'):
        access.store('away', access.load('rounds'))
        access.store('tls', AWAY)
    return 'called'


def called(access, registers):
    access.unlock('lock')
    return 'round_lock'


def round_lock(access, registers):
    """round_now: the barrier to come covers what was called away until now."""
    access.lock('lock')
    registers['last'] = access.load('rounds')
    return 'round_unlock'


def round_unlock(access, registers):
    access.unlock('lock')
    return 'barrier'


def barrier(access, registers):
    access.barrier_all()
    return 'finish'


def finish(access, registers):
    access.lock('lock')
    return 'look'


def look(access, registers):
    if not 0 < access.load('away') <= registers['last'] or access.load('visits'):
        return 'done'
    access.store('emptied', 1)
    return 'cut_head'


def cut_head(access, registers):
    registers['first'] = access.load('head')
    return 'cut_second' if registers['first'] else 'done'


def cut_second(access, registers):
    registers['second'] = access.load(link(registers['first']))
    return 'cut_again' if registers['second'] else 'done'


def cut_again(access, registers):
    return 'cut_rest' if access.load('head') == registers['first'] else 'done'


def cut_rest(access, registers):
    if registers['second'] not in OBJECTS:
        raise Violation(f'the cut follows {registers["second"]}')
    registers['rest'] = access.load(link(registers['second']))
    return 'cut_store'


def cut_store(access, registers):
    access.store(link(registers['second']), 0)
    return 'sort'


def sort(access, registers):
    give(access, chain(access.load, registers['rest']))
    return 'done'


def done(access, registers):
    access.unlock('lock')
    return None


CALLER = dict(begin=begin, call=call, called=called, round_lock=round_lock,
              round_unlock=round_unlock, barrier=barrier, finish=finish, look=look,
              cut_head=cut_head, cut_second=cut_second, cut_again=cut_again, cut_rest=cut_rest,
              cut_store=cut_store, sort=sort, done=done)


def check_end(memory, registers):
    """Every object is in the depot, in the bin, or in the owner's hand: once."""
    held = [registers[0]['object']] if registers[0].get('object') else []
    places = sorted(chain(memory.get, memory['head']) + memory['depot'] + tuple(held))
    if places != list(OBJECTS):
        raise Violation(f'objects at the end: {places}')


# --- what must show if the protocol lacked it ---

def no_barrier(access, registers):
    return 'finish'


def look_without_visits(access, registers):
    if not access.load('away'):
        return 'done'
    access.store('emptied', 1)
    return 'cut_head'


def no_second_look(access, registers):
    return 'cut_rest'


def cut_behind_first(access, registers):
    registers['rest'], registers['second'] = registers['second'], registers['first']
    return 'cut_store'


def flush_without_look(access, registers):
    access.store('visits', 1)
    return 'flush_head'


MODEL = (MEMORY, (Program(**OWNER), Program(**CALLER)), check_end)
MUTANTS = {
    'no barrier': (Program(**OWNER), Program(**{**CALLER, 'barrier': no_barrier})),
    'visits are not looked at':
        (Program(**OWNER), Program(**{**CALLER, 'look': look_without_visits})),
    'the head is not looked at again':
        (Program(**OWNER), Program(**{**CALLER, 'cut_again': no_second_look})),
    'one object stays instead of two':
        (Program(**OWNER), Program(**{**CALLER, 'cut_rest': cut_behind_first})),
    'a visit does not look where the heap is':
        (Program(**{**OWNER, 'flush_visit': flush_without_look}), Program(**CALLER)),
}
