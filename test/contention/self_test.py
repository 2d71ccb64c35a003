# SPDX-License-Identifier: MIT
"""tools/contention on what is written down here: opcodes, profiles, traces.

usage: self_test.py TOOLS
"""
import io
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
from contentionlib import binary, callgrind, counts, lines  # the path above has to come first

LISTING = '''
lib.so:     file format elf64-x86-64

Disassembly of section .text:

0000000000001000 <malloc>:
    1000:\tmov    (%rdi),%rax
    1003:\tlock incl 0x2000(%rip)        # 3000 <calls>
    100a:\tret

0000000000001100 <depot_take>:
    1100:\tlock cmpxchg %ecx,(%rbx)
    1104:\tjne    1200 <depot_take.cold>
    110a:\txchg   %eax,(%rbx)
    110c:\txchg   %rax,0x8(%rbx)
    1110:\txchg   %r9d,(%rbx)
    1113:\txchg   %r9,(%rbx)
    1116:\txchg   %ax,%ax
    1118:\tlock xadd %rax,0x38(%rdx)
    111e:\tlock orq $0x0,(%rsp)
    1124:\tmfence
    1127:\tret

0000000000001200 <depot_take.cold>:
    1200:\tlock subq $0x1,0x48(%rax)
'''

PROFILE = '''events: Ir
ob=/usr/lib/libc.so.6
fl=???
fn=malloc
0x1000 7
ob=/nonesuch/lib.so
fl=???
fn=malloc
0x1000 5
0x1003 3
cob=/usr/lib/libc.so.6
cfn=write
calls=2 0x9000
0x1003 900
0x100a 5

fn=depot_take
0x1100 1
'''

# Thread 1 writes to the library's variable and to a record; thread 2 to both, and to an object that
# the program writes to as well. Then it ends, and another one gets its number and a line of its.
TRACE = '''==1== lackey
--1--   SCHED[1]:  acquired lock (VG_(scheduler):timeslice)
I  00401000,3
 S 00403000,8
 S 00500000,8
I  00401100,4
 S 00500008,8
 S 00600000,8
--1--   SCHED[2]:  acquired lock (VG_(scheduler):timeslice)
I  00401000,3
 L 00403010,8
I  00401100,4
 M 00403010,8
 M 00500000,8
 S 00600000,8
I  00900000,4
 S 00600008,8
 S 00403008,8
 S 00700000,8
--1--   SCHED[1]:  acquired lock (VG_(scheduler):timeslice)
I  00401000,3
 S 00500000,8
I  00401100,4
 S 00800000,8
--1--   SCHED[1]: exiting VG_(scheduler)
--1--   SCHED[1]: entering VG_(scheduler)
I  00401000,3
 S 00800000,8
'''


class Code:
    """Stands in for a Binary."""
    entries = {0x1000: 'malloc'}
    sites = binary.sites_of(LISTING)

    def hot_sites(self):
        return [site for site in self.sites.values() if site.function in binary.HOT]

    def starts(self, *names):
        return [0x1100] if 'bp_entry_malloc_slow' in names else []

    def symbol_at(self, address):
        return {0x1000: 'malloc', 0x1100: 'depot_take', 0x3000: 'calls'}.get(address & ~0x1f)


class Opcodes(unittest.TestCase):
    def test_kinds(self):
        kinds = {address: site.kind for address, site in Code.sites.items()}
        self.assertEqual(kinds, {
            0x1003: 'count', 0x1100: 'lock', 0x110a: 'unlock', 0x110c: 'pass', 0x1110: 'unlock',
            0x1113: 'pass', 0x1118: 'count', 0x111e: 'fence', 0x1124: 'fence', 0x1200: 'count'})

    def test_split_parts_are_the_functions_own(self):
        self.assertEqual(Code.sites[0x1200].function, 'depot_take')

    def test_a_lock_in_malloc_is_seen(self):
        self.assertEqual([site.address for site in Code().hot_sites()], [0x1003])

    def test_symbols(self):
        found = binary.symbols_of('0000000000001000 0000000000000010 t local_name\n'
                                  '0000000000001000 0000000000000010 T name\n')
        self.assertEqual(found, {0x1000: (16, 'name')})


class Profiles(unittest.TestCase):
    def test_counts_of_the_library_alone(self):
        found = callgrind.parse(PROFILE.splitlines(True), '/nonesuch/lib.so')
        self.assertEqual(found, {0x1000: 5, 0x1003: 3, 0x100a: 5, 0x1100: 1})

    def test_figures(self):
        it = counts.Figures(Code(), callgrind.parse(PROFILE.splitlines(True), '/nonesuch/lib.so'))
        self.assertEqual((it.calls, it.slow_calls, it.locked, it.hot_locked), (5, 1, 4, 3))
        self.assertEqual(it.rates()['lock'], 2e5)
        self.assertEqual(it.top('count'), [('malloc', 6e5)])
        self.assertEqual((it.calls_per_slow, it.locked_per_slow, it.most_per_slow), (5, 4, 3))

    def test_exponent(self):
        self.assertAlmostEqual(counts.slope([(2, 50), (4, 25), (8, 12.5)]), -1)
        self.assertAlmostEqual(counts.slope([(2, 9), (4, 9), (8, 9)]), 0)
        self.assertIsNone(counts.slope([(2, 9)]))
        self.assertIsNone(counts.slope([(2, 9), (2, 8)]))


class Traces(unittest.TestCase):
    def setUp(self):
        trace = lines.Trace(Code(), 0x400000, ((0x1000, 0x2000), (0x3000, 0x4000)))
        self.sharing = lines.Sharing(Code(), trace.read(io.StringIO(TRACE)))

    def test_shared_lines(self):
        # Not the line that a thread left to one that came after its end.
        self.assertEqual((self.sharing.calls, self.sharing.line_count), (4, 2))

    def test_touched_once_a_call(self):
        # From when on a second thread wrote to them.
        self.assertEqual(self.sharing.touched, 3 * 2.5e5)
        self.assertEqual(self.sharing.places, {
            ('calls', 'depot_take'): 2.5e5, ('metadata', 'depot_take'): 2.5e5,
            ('metadata', 'malloc'): 2.5e5})

    def test_fetched(self):
        self.assertEqual(self.sharing.fetched, 3 * 2.5e5)

    def test_load_address(self):
        said = ('  1:\tfile=/nonesuch/lib.so [0];  generating link map\n'
                '  1:\t  dynamic: 0x0000000000401f00  base: 0x0000000000{}   size: 0x4000\n')
        text = said.format('700000') + said.format('400000')
        self.assertEqual(lines.load_address(text, '/nonesuch/lib.so'), 0x400000)
        with self.assertRaises(callgrind.RunError):
            lines.load_address(text, '/nonesuch/other.so')


if __name__ == '__main__':
    unittest.main()
