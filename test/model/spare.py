# SPDX-License-Identifier: MIT
"""A bin's spare magazine (src/thread/heap.c): its thread puts full ones there and takes them back,
while others, who flush, take whatever stands there. Each magazine ends in one place.
"""
from explore import Program, Violation

MEMORY = {'spare': 0, 'links_a': 0, 'links_b': 0, 'depot': (), 'lock': 0}


def fill(name, following):
    def step(access, registers):
        access.store(f'links_{name}', 1)
        return following
    return step


def turn(name, following):
    """bin_turn: the magazine becomes the spare, the spare that was there is in hand."""
    def step(access, registers):
        registers['old'] = access.exchange('spare', name)
        return following
    return step


def check_complete(access, name):
    if name and not access.load(f'links_{name}'):
        raise Violation(f'{name} changed hands before it was complete')


def to_depot(following):
    def lock(access, registers):
        access.lock('lock')
        return following + '_put'

    def put(access, registers):
        check_complete(access, registers['old'])
        if registers['old']:
            access.store('depot', access.load('depot') + (registers['old'],))
        return following + '_unlock'

    def unlock(access, registers):
        access.unlock('lock')
        return following if following != 'end' else None
    return {following + '_lock': lock, following + '_put': put, following + '_unlock': unlock}


def take(access, registers):
    registers['mine'] = access.exchange('spare', 0)
    check_complete(access, registers['mine'])
    return None


def owner(turn_step=turn):
    return Program(fill_a=fill('a', 'turn_a'), turn_a=turn_step('a', 'fill_b_lock'),
                   **to_depot('fill_b'), fill_b=fill('b', 'turn_b'),
                   turn_b=turn_step('b', 'take_lock'), **to_depot('take'), take=take)


def flusher(exchange=True):
    def peek(access, registers):
        registers['old'] = access.load('spare')
        return 'steal' if registers['old'] else None

    def steal(access, registers):
        if exchange:
            registers['old'] = access.exchange('spare', 0)
        else:
            access.store('spare', 0)
        return 'end_lock'
    return Program(peek=peek, steal=steal, **to_depot('end'))


def turn_by_load_and_store(name, following):
    def load(access, registers):
        registers['old'] = access.load('spare')
        access.store('spare', name)
        return following
    return load


def check_end(memory, registers):
    places = list(memory['depot']) + [name for name in (registers[0]['mine'], memory['spare'])
                                      if name]
    if sorted(places) != ['a', 'b']:
        raise Violation(f'magazines at the end: {places}')


MODEL = (MEMORY, (owner(), flusher(), flusher()), check_end)
MUTANTS = {
    'others load and store': (owner(), flusher(), flusher(exchange=False)),
    'the owner loads and stores': (owner(turn_by_load_and_store), flusher(), flusher()),
}
