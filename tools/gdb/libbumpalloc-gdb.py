# SPDX-License-Identifier: MIT
"""gdb commands that say what libbumpalloc knows of an address, in a live process or a core file.

    bumpalloc what ADDRESS    whose it is, where its object begins and ends, in use or free
    bumpalloc classes         every size class: spans, objects in use and free
    bumpalloc spans [BYTES]   every span, or those of the class that objects of BYTES are in
    bumpalloc span ADDRESS    the objects of a span, one by one
    bumpalloc slots           the large objects

Needs no debug information: the library's records are found by a note in its file, and laid out as
this script says, which refuses a library of another layout. Loaded by gdb itself when the library
is installed where it looks; else: source libbumpalloc-gdb.py
"""
import re
import struct

import gdb

NOTE_SECTION = '.note.bumpalloc'
CHUNK_SHIFT = 16
CLASS_COUNT = 53
OWNER_COUNT, OWNER_BINS = 8, 64
REGION_COUNT = 23
META_SPANS, META_HEAPS, META_SLOTS = 2, 3, 4
PARTS = ('reservation', 'hot', 'counters', 'options', 'meta_start', 'meta_committed',
         'meta_skipped', 'tallies', 'heap_count', 'heap_share', 'budget', 'limit', 'depots', 'regions')
# Records of the library: size, and of what is read the offset and format. A test compares them.
LAYOUT = {
    'page': {'size': 272, 'part_count': (12, 'I'), 'part': (32, None)},
    'reservation': {'size': 40, 'base': (0, 'Q'), 'n_bytes': (8, 'Q'), 'arena_begin': (16, 'I'),
                    'arena_end': (20, 'I'), 'region_count': (24, 'I'), 'region_shift': (28, 'I'),
                    'regions': (32, 'Q')},
    'span': {'size': 128, 'free_count': (0, 'H'), 'fresh_count': (2, 'H'),
             'object_count': (4, 'H'), 'punched': (6, 'H'), 'class_index': (12, 'B'),
             'running': (14, 'B'), 'first_chunk': (16, 'I'), 'chunk_count': (28, 'I'),
             'chain': (32, None)},
    'hole': {'size': 6, 'head': (0, 'H'), 'count': (4, 'H')},
    'slot': {'size': 40, 'usable_bytes': (0, 'Q'), 'dirty_bytes': (8, 'Q'), 'state': (36, 'B')},
    'bin': {'size': 32, 'head': (0, 'Q'), 'run': (16, None)},
    'cold': {'size': 80, 'spare': (0, 'Q'), 'run_end': (48, 'Q')},
    'heap': {'size': 40960, 'bin': (0, None), 'cold': (23912, None), 'owner': (22536, 'I')},
    'depot': {'size': 192, 'count': (12, 'I'), 'stack': (16, None)},
    'magazine': {'size': 16, 'head': (0, 'Q')},
}
SLOT_STATES = ('never used', 'in use', 'free, kept by a thread', 'free, dirty', 'free, clean',
               'free, being purged', 'in use, stays where it is', 'in use, sampled by the profile')


def class_bytes():
    sizes = list(range(16, 257, 16)) + list(range(288, 513, 32)) + list(range(576, 1025, 64))
    for top in (2048, 4096, 8192, 16384, 32768):
        sizes += [top // 2 + top // 8 * i for i in range(1, 5)]
    return [0] + sizes


SIZES = class_bytes()


class Record:
    """One record of the library's memory; its fields are attributes."""

    def __init__(self, kind, data):
        self.data = data
        for name, of in LAYOUT[kind].items():
            if name != 'size' and of[1]:
                setattr(self, name, struct.unpack_from('<' + of[1], data, of[0])[0])


class Heap:
    """The library's state, read through read(address, n_bytes)."""

    def __init__(self, read, page_address):
        self.read = read
        page = read(page_address, LAYOUT['page']['size'])
        if page[:8] != b'bumppage' or page[8:12] != struct.pack('<I', 1):
            raise gdb.GdbError('the library has another layout than this script')
        self.parts = {}
        for i, name in enumerate(PARTS):
            self.parts[name] = struct.unpack_from('<QQ', page, LAYOUT['page']['part'][0] + 16 * i)
        self.reservation = self.record('reservation', self.parts['reservation'][0])
        meta_bytes = self.parts['meta_start'][1]
        self.meta = struct.unpack(f'<{meta_bytes // 8}Q', self.part('meta_start'))
        self.committed = struct.unpack(f'<{meta_bytes // 8}Q', self.part('meta_committed'))
        units = struct.unpack('<QQ', self.part('hot')[:16])[1]
        self.frontier = units >> (CHUNK_SHIFT - 4)
        self.resting = None

    def part(self, name):
        return self.read(*self.parts[name])

    def record(self, kind, address):
        return Record(kind, self.read(address, LAYOUT[kind]['size']))

    # --- spans ---

    def span(self, chunk):
        return self.record('span', self.meta[META_SPANS] + LAYOUT['span']['size'] * chunk)

    def spans(self):
        """(first chunk, span) of every span, from one read of all records."""
        size = LAYOUT['span']['size']
        begin = self.reservation.arena_begin
        if self.frontier <= begin:
            return
        data = self.read(self.meta[META_SPANS] + size * begin, size * (self.frontier - begin))
        for at in range(0, len(data), size):
            span = Record('span', data[at:at + size])
            if span.first_chunk == begin + at // size:
                yield span.first_chunk, span

    def chunk_address(self, chunk):
        return self.reservation.base + (chunk << CHUNK_SHIFT)

    def chain(self, head, most):
        """The objects of a chain of free ones, linked by their first words."""
        while head and most:
            yield head
            head, = struct.unpack('<Q', self.read(head, 8))
            most -= 1

    def punched_objects(self, chunk, span):
        """Objects of holes that were given back: the chain does not have them."""
        n_bytes = SIZES[span.class_index]
        hole = max(4096, n_bytes)
        for index in range(span.object_count):
            if span.punched >> (index * n_bytes // hole) & 1:
                yield self.chunk_address(chunk) + index * n_bytes

    def free_objects(self, chunk, span):
        free = set(self.punched_objects(chunk, span))
        size = LAYOUT['hole']['size']
        for at in range(LAYOUT['span']['chain'][0], LAYOUT['span']['size'], size):
            hole = Record('hole', span.data[at:at + size])
            if hole.count:
                free.update(self.chain(self.chunk_address(chunk) + hole.head * 16, hole.count))
        return free

    # --- what threads and the depot keep ---

    def gather_resting(self):
        """Free objects outside of spans, by class, and the fresh ranges of runs."""
        objects = {}
        runs = []
        for heap in self.heaps():
            self.gather_heap(heap, objects, runs)
        size = LAYOUT['depot']['size']
        data = self.part('depots')
        for index in range(1, len(data) // size):
            depot = Record('depot', data[index * size:(index + 1) * size])
            for i in range(depot.count):
                at = index * size + LAYOUT['depot']['stack'][0] + 16 * i
                self.gather_chain(struct.unpack_from('<Q', data, at)[0], 'the depot', objects)
        return objects, runs

    def gather_chain(self, head, holder, objects):
        for address in self.chain(head, 1 << 16):
            if address in objects:
                break
            objects[address] = holder

    def heaps(self):
        count, = struct.unpack('<I', self.part('heap_count')[:4])
        size = LAYOUT['heap']['size']
        for index in range(count):
            yield index, self.read(self.meta[META_HEAPS] + size * index, size)

    def gather_heap(self, numbered, objects, runs):
        index, data = numbered
        holder = f'the cache of thread heap {index}'
        owner, = struct.unpack_from('<I', data, LAYOUT['heap']['owner'][0])
        for row in range((OWNER_COUNT + 1) * OWNER_BINS):
            at = LAYOUT['heap']['bin'][0] + LAYOUT['bin']['size'] * row
            self.gather_chain(struct.unpack_from('<Q', data, at)[0], holder, objects)
            cursor, limit = struct.unpack_from('<QQ', data, at + LAYOUT['bin']['run'][0])
            if row // OWNER_BINS == owner and row % OWNER_BINS < CLASS_COUNT:
                spare, limit = self.cold_of(data, row % OWNER_BINS)
                self.gather_chain(spare, holder, objects)
            if cursor < limit:
                runs.append((cursor, limit, index))

    def cold_of(self, data, class_index):
        """The spare magazine and the end of the run, of a class."""
        at = LAYOUT['heap']['cold'][0] + LAYOUT['cold']['size'] * class_index
        return [struct.unpack_from('<Q', data, at + LAYOUT['cold'][name][0])[0]
                for name in ('spare', 'run_end')]

    def rest(self):
        if self.resting is None:
            self.resting = self.gather_resting()
        return self.resting

    def state_of(self, chunk, span, address, free):
        """'in use', or why an object is free."""
        objects, runs = self.rest()
        if address in free:
            return 'free, in its span'
        if address in objects:
            return f'free, in {objects[address]}'
        for begin, end, heap in runs:
            if begin <= address < end:
                return f'never used, thread heap {heap} is about to'
        index = (address - self.chunk_address(chunk)) // SIZES[span.class_index]
        if not span.running and index >= span.object_count - span.fresh_count:
            return 'never used'
        return 'in use'

    # --- slots ---

    def region_base(self, region):
        return self.reservation.regions + (region << self.reservation.region_shift)

    def slot(self, region, index):
        at = self.meta[META_SLOTS + region] + LAYOUT['slot']['size'] * index
        if LAYOUT['slot']['size'] * (index + 1) > self.committed[META_SLOTS + region]:
            return None
        return self.record('slot', at)

    def slots(self):
        size = LAYOUT['slot']['size']
        for region in range(self.reservation.region_count):
            n_bytes = self.committed[META_SLOTS + region]
            data = self.read(self.meta[META_SLOTS + region], n_bytes) if n_bytes else b''
            for index in range(len(data) // size):
                slot = Record('slot', data[index * size:(index + 1) * size])
                if slot.state:
                    yield region, index, slot

    # --- any address ---

    def describe(self, address):
        offset = address - self.reservation.base
        if not 0 <= offset < self.reservation.n_bytes:
            return ['not ours: outside the reservation (a direct mapping is not looked for)']
        chunk = offset >> CHUNK_SHIFT
        if chunk < self.reservation.arena_begin:
            return ["the library's own records"]
        if chunk < self.reservation.arena_end:
            return self.describe_chunk(chunk, address)
        return self.describe_slot(address)

    def describe_chunk(self, chunk, address):
        if chunk >= self.frontier:
            return ['ours: arena area, never used']
        first = self.span(chunk).first_chunk
        if not first:
            return [f'ours: a free chunk, number {chunk}']
        span = self.span(first)
        begin = self.chunk_address(first)
        if not span.class_index:
            n_bytes = span.chunk_count << CHUNK_SHIFT
            return place('a run of chunks', begin, n_bytes, address, 'in use')
        n_bytes = SIZES[span.class_index]
        index = (address - begin) // n_bytes
        where = f'a span of class {span.class_index}, chunk {first}'
        if index >= span.object_count:
            return [f'ours: the unused end of {where}']
        start = begin + index * n_bytes
        state = self.state_of(first, span, start, self.free_objects(first, span))
        return place(f'{where}, object {index} of {span.object_count}', start, n_bytes, address,
                     state)

    def describe_slot(self, address):
        region = (address - self.region_base(0)) >> self.reservation.region_shift
        if region >= self.reservation.region_count:
            return ['ours: beyond the last class region']
        shift = CHUNK_SHIFT + region
        index = (address - self.region_base(region)) >> shift
        slot = self.slot(region, index)
        start = self.region_base(region) + (index << shift)
        if not slot or not slot.state:
            return [f'ours: slot {index} of {1 << shift} bytes, never used']
        return place(f'slot {index} of {1 << shift} bytes', start, slot.usable_bytes, address,
                     SLOT_STATES[slot.state])


def place(where, start, n_bytes, address, state):
    lines = [f'ours: {where}', f'state: {state}',
             f'object: {start:#x} to {start + n_bytes:#x}, {n_bytes} bytes']
    inside = address - start
    if inside:
        beyond = ', beyond its end' if inside >= n_bytes else ''
        lines.append(f'the address is byte {inside} of it{beyond}')
    return lines


# --- gdb ---

def read_memory(address, n_bytes):
    return bytes(gdb.selected_inferior().read_memory(address, n_bytes)) if n_bytes else b''


def find_page():
    """The note's section is in every file's list; behind its name it says where the page is."""
    text = gdb.execute('info files', to_string=True)
    match = re.search(r'(0x[0-9a-f]+) - 0x[0-9a-f]+ is ' + re.escape(NOTE_SECTION), text)
    if not match:
        raise gdb.GdbError('no libbumpalloc in this process')
    cell = int(match.group(1), 16) + 24
    offset, = struct.unpack('<q', read_memory(cell, 8))
    return cell + offset


def heap_now():
    try:
        return Heap(read_memory, find_page())
    except gdb.MemoryError as error:
        raise gdb.GdbError(f'the library cannot be read here: {error}')


def address_of(text):
    return int(gdb.parse_and_eval(text).cast(gdb.lookup_type('unsigned long')))


class Bumpalloc(gdb.Command):
    """What libbumpalloc knows: bumpalloc what|classes|spans|span|slots"""

    def __init__(self):
        super().__init__('bumpalloc', gdb.COMMAND_DATA, prefix=True)


class What(gdb.Command):
    """What an address is: bumpalloc what ADDRESS"""

    def __init__(self):
        super().__init__('bumpalloc what', gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        if not argument:
            raise gdb.GdbError('bumpalloc what ADDRESS')
        print('\n'.join(heap_now().describe(address_of(argument))))


class Classes(gdb.Command):
    """Every size class: spans, objects in use and free"""

    def __init__(self):
        super().__init__('bumpalloc classes', gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        heap = heap_now()
        kept = count_kept(heap)
        rows = {}
        for _, span in heap.spans():
            if span.class_index:
                row = rows.setdefault(span.class_index, [0, 0, 0])
                row[0] += 1
                row[1] += span.object_count - span.free_count
                row[2] += span.free_count
                row[1] -= 0 if span.running else span.fresh_count
        print(f'{"bytes":>7} {"spans":>8} {"in use":>10} {"free":>10}')
        for index, (spans, used, free) in sorted(rows.items()):
            resting = kept.get(index, 0)
            print(f'{SIZES[index]:7} {spans:8} {used - resting:10} {free + resting:10}')


def count_kept(heap):
    """Objects that threads and the depot keep, and those of runs, by class."""
    objects, runs = heap.rest()
    kept = {}
    classes = {chunk: span.class_index for chunk, span in heap.spans()}
    for address in objects:
        chunk = (address - heap.reservation.base) >> CHUNK_SHIFT
        kept[classes.get(chunk, 0)] = kept.get(classes.get(chunk, 0), 0) + 1
    for begin, end, _ in runs:
        of = classes.get((begin - heap.reservation.base) >> CHUNK_SHIFT, 0)
        if of:
            kept[of] = kept.get(of, 0) + (end - begin) // SIZES[of]
    return kept


class Spans(gdb.Command):
    """Every span, or those whose objects are of so many bytes: bumpalloc spans [BYTES]"""

    def __init__(self):
        super().__init__('bumpalloc spans', gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        heap = heap_now()
        wanted = address_of(argument) if argument else 0
        for chunk, span in heap.spans():
            n_bytes = SIZES[span.class_index]
            if wanted and not (n_bytes >= wanted > SIZES[max(span.class_index - 1, 0)]):
                continue
            print(f'{heap.chunk_address(chunk):#x} {n_bytes or span.chunk_count << CHUNK_SHIFT:7} bytes, '
                  f'{span.free_count} free and {span.fresh_count} fresh of {span.object_count}'
                  f'{", running" if span.running else ""}')


class SpanObjects(gdb.Command):
    """The objects of the span at an address: bumpalloc span ADDRESS"""

    def __init__(self):
        super().__init__('bumpalloc span', gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        heap = heap_now()
        chunk = (address_of(argument) - heap.reservation.base) >> CHUNK_SHIFT
        known = heap.reservation.arena_begin <= chunk < heap.frontier
        span = heap.span(chunk) if known else None
        if not span or not span.first_chunk or not span.class_index:
            raise gdb.GdbError('no span of small objects is there')
        free = heap.free_objects(chunk, span)
        n_bytes = SIZES[span.class_index]
        for index in range(span.object_count):
            address = heap.chunk_address(chunk) + index * n_bytes
            print(f'{address:#x} {heap.state_of(chunk, span, address, free)}')


class Slots(gdb.Command):
    """The slots of large objects that were ever used"""

    def __init__(self):
        super().__init__('bumpalloc slots', gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        heap = heap_now()
        for region, index, slot in heap.slots():
            address = heap.region_base(region) + (index << (CHUNK_SHIFT + region))
            print(f'{address:#x} slot of {1 << (CHUNK_SHIFT + region)} bytes: '
                  f'{SLOT_STATES[slot.state]}, {slot.usable_bytes} bytes, '
                  f'{slot.dirty_bytes} dirty')


for command in (Bumpalloc, What, Classes, Spans, SpanObjects, Slots):
    command()
