# SPDX-License-Identifier: MIT
"""The slots of one class region (src/region/class_region.c, slot_pages.c) and what is done with them.

Three slots stand side by side. Two are dirty at first; the third was never used. What the region's
lock guards is done in one step; what only the owner of a slot touches is not locked at all. See
purge.py.
"""
from explore import Program, Violation, locked

SLOTS = (1, 2, 3)
JUNK = 'junk'  # what former users left
MEMORY = {'pool': (1, 2), 'clean': (), 'busy': 0, 'frontier': 2, 'dirty_bytes': 2, 'slot_bytes': 0,
          'refuses': 0, 'target': 0,
          'state1': 'DIRTY', 'state2': 'DIRTY', 'state3': 'FRESH',
          'dirty1': 1, 'dirty2': 1, 'dirty3': 0, 'page1': JUNK, 'page2': JUNK, 'page3': 0}


# --- what is done under the region's lock ---

def to_dirty(access, slot):
    """bp_slot_dirty_locked"""
    access.store(f'state{slot}', 'DIRTY')
    access.store('pool', access.load('pool') + (slot,))
    access.add('dirty_bytes', access.load(f'dirty{slot}'))


def to_clean(access, slot):
    """bp_slot_clean_locked"""
    access.store(f'state{slot}', 'CLEAN')
    access.store('clean', access.load('clean') + (slot,))


def to_busy(access, slot):
    """bp_slot_detach_locked"""
    remove(access, slot)
    access.store(f'state{slot}', 'BUSY')
    access.add('busy', 1)


def remove(access, slot):
    """dirty_remove_locked"""
    pool = access.load('pool')
    if slot not in pool:
        raise Violation(f'slot {slot} leaves {pool}')
    access.store('pool', tuple(other for other in pool if other != slot))
    access.add('dirty_bytes', -access.load(f'dirty{slot}'))


def pool_slot(access, slot):
    """bp_slot_pool"""
    if access.load(f'state{slot}') == 'BUSY':
        access.add('busy', -1)
    else:
        access.add('slot_bytes', -access.load(f'dirty{slot}'))
    (to_dirty if access.load(f'dirty{slot}') else to_clean)(access, slot)


# --- a user: take, write, read, free; several times ---

def user(name, times):
    def take(access, registers):
        """bp_region_take_pooled: nobody waits for busy slots"""
        pool, clean = access.load('pool'), access.load('clean')
        if not pool and not clean:
            return 'take_fresh'
        slot = registers['slot'] = pool[-1] if pool else clean[-1]
        if pool:
            remove(access, slot)
        else:
            access.store('clean', clean[:-1])
        if access.load(f'state{slot}') not in ('DIRTY', 'CLEAN'):
            raise Violation(f'a pool had slot {slot}, {access.load(f"state{slot}")}')
        access.store(f'state{slot}', 'CACHED')
        access.add('slot_bytes', access.load(f'dirty{slot}'))
        return 'use'

    def take_fresh(access, registers):
        """bp_region_take_fresh; if there is none, the request goes elsewhere"""
        slot = registers['slot'] = access.load('frontier') + 1
        if slot not in SLOTS:
            return None
        access.store('frontier', slot)
        access.store(f'state{slot}', 'CACHED')
        return 'use'

    def use(access, registers):
        """bp_region_use, without a lock: a slot that has no dirty bytes reads zero"""
        slot = registers['slot']
        if not access.load(f'dirty{slot}'):
            if access.load(f'page{slot}'):
                raise Violation(f'{name} got slot {slot} as zero: {access.load(f"page{slot}")}')
            access.add('slot_bytes', 1)
        access.store(f'dirty{slot}', 1)
        access.store(f'state{slot}', 'USED')
        access.store(f'page{slot}', name)
        return 'read'

    def read(access, registers):
        slot = registers['slot']
        if access.load(f'page{slot}') != name:
            raise Violation(f'{name} finds {access.load(f"page{slot}")} in slot {slot}')
        return 'free'

    def free(access, registers):
        """slot_free in src/thread/large.c"""
        access.store(f'state{registers["slot"]}', 'CACHED')
        return 'give'

    def give(access, registers):
        """bp_region_give"""
        pool_slot(access, registers['slot'])
        registers['times'] = registers.get('times', 0) + 1
        return 'take' if registers['times'] < times else None
    return Program(take=locked(take), take_fresh=locked(take_fresh), use=use, read=read, free=free,
                   give=locked(give))


# --- bp_region_purge_oldest ---

def may_merge(access, slot):
    """is_mergeable: an owner may change the state meanwhile, but not to or from DIRTY"""
    return slot in SLOTS and slot <= access.load('frontier') and \
        access.load(f'state{slot}') == 'DIRTY'


def detach(access, registers, mergeable=may_merge, act=to_busy):
    """detach_oldest_locked"""
    if not access.load('pool'):
        return None
    first = access.load('pool')[0]
    end = first + 1
    while mergeable(access, first - 1):
        first -= 1
    while mergeable(access, end):
        end += 1
    for slot in range(first, end):
        act(access, slot)
    registers['slots'] = registers['rest'] = tuple(range(first, end))
    return 'call'


def call(access, registers):
    """slots_purge: the system may refuse"""
    registers['failed'] = access.load('refuses')
    return 'attach' if registers['failed'] else 'zap'


def zap(access, registers):
    """The system's half of it, slot after slot."""
    access.exchange(f'page{registers["rest"][0]}', 0)
    registers['rest'] = registers['rest'][1:]
    return 'zap' if registers['rest'] else 'attach'


def attach(access, registers):
    """attach_purged"""
    for slot in registers['slots']:
        if registers['failed']:
            to_dirty(access, slot)
        else:
            access.store(f'dirty{slot}', 0)
            to_clean(access, slot)
    access.add('busy', -len(registers['slots']))
    return None


PURGE = dict(detach=locked(detach), call=call, zap=zap, attach=locked(attach))


def purger(**changes):
    return Program(**{**PURGE, **changes})


# --- bp_region_decommit ---

def clean_detach(access, registers):
    registers['rest'] = access.load('clean')
    access.store('clean', ())
    for slot in registers['rest']:
        access.store(f'state{slot}', 'BUSY')
        access.add('busy', 1)
    return 'decommit' if registers['rest'] else None


def decommit(access, registers):
    """slot_decommit: a fresh mapping"""
    access.exchange(f'page{registers["rest"][0]}', 0)
    return 'put'


def put(access, registers):
    pool_slot(access, registers['rest'][0])
    registers['rest'] = registers['rest'][1:]
    return 'decommit' if registers['rest'] else None


DECOMMITTER = Program(clean_detach=locked(clean_detach), decommit=decommit, put=locked(put))


# --- bp_region_stock: the pages of a dirty slot become another's ---

def donor_take(access, registers):
    if not access.load('pool'):
        return None
    registers['rest'] = access.load('pool')[:1]
    to_busy(access, registers['rest'][0])
    return 'move'


def move(access, registers):
    """donor_give: bp_os_move, then the record"""
    access.exchange('target', access.exchange(f'page{registers["rest"][0]}', 0))
    return 'note'


def note(access, registers):
    access.store(f'dirty{registers["rest"][0]}', 0)
    return 'put'


MOVE = dict(donor_take=locked(donor_take), move=move, note=note, put=locked(put))


def mover(**changes):
    return Program(**{**MOVE, **changes})


# --- fork, and a system that begins to refuse ---

def after_fork(memory):
    """bp_region_after_fork, in the child, where nobody else is"""
    for slot in SLOTS:
        if memory[f'state{slot}'] == 'BUSY':
            memory['busy'] -= 1
            into = ('pool', 'DIRTY') if memory[f'dirty{slot}'] else ('clean', 'CLEAN')
            memory[into[0]] += (slot,)
            memory[f'state{slot}'] = into[1]
            memory['dirty_bytes'] += memory[f'dirty{slot}']


def forker(settle=after_fork):
    def fork(access, registers):
        child = dict(access.memory)
        settle(child)
        check(child, 'in the child, ')
    return Program(fork=locked(fork))


def refuse(access, registers):
    access.exchange('refuses', 1)


def check(memory, where):
    """Free slots are in the pool that their state says; counters are what the slots make of them."""
    for slot in range(1, memory['frontier'] + 1):
        state = memory[f'state{slot}']
        places = [name for name in ('pool', 'clean') for other in memory[name] if other == slot]
        if places != {'DIRTY': ['pool'], 'CLEAN': ['clean']}.get(state, []) or state == 'BUSY':
            raise Violation(f'{where}slot {slot} is {state}, in {places}')
        if state == 'CLEAN' and (memory[f'page{slot}'] or memory[f'dirty{slot}']):
            raise Violation(f'{where}slot {slot} is clean, with {memory[f"page{slot}"]}')
    dirty_bytes = sum(memory[f'dirty{slot}'] for slot in memory['pool'])
    if memory['busy'] or memory['dirty_bytes'] != dirty_bytes:
        raise Violation(f'{where}{memory["busy"]} busy, {memory["dirty_bytes"]} dirty bytes')


def check_end(memory, registers):
    check(memory, 'at the end, ')
    if memory['slot_bytes'] or any(memory[f'state{slot}'] == 'CACHED' for slot in SLOTS):
        raise Violation(f'at the end, {memory["slot_bytes"]} bytes are in use')
