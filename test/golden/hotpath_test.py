# SPDX-License-Identifier: MIT
"""The counting, on disassembly written down here."""
import contextlib
import io
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, sys.argv.pop(1) if len(sys.argv) > 1 else str(HERE.parent.parent / 'tools'))
sys.argv.insert(1, sys.path[0])  # golden_test reads it
import golden_test  # the path above has to come first
import hotpath

sys.argv.pop(1)

POP = '''
lib.so:     file format elf64-x86-64

Disassembly of section .text:

0000000000001000 <malloc@@BUMP_1>:
    1000:\tendbr64
    1004:\tcmp    $0x8000,%rdi
    100b:\tja     1050 <malloc@@BUMP_1+0x50>
    100d:\tmov    0x2fd4(%rip),%rax        # 3fe8 <heap+0x3fe8>
    1014:\tmov    %fs:(%rax),%rdx
    1018:\tmov    (%rdx,%rdi,1),%rax
    101c:\ttest   %rax,%rax
    101f:\tje     1040 <malloc@@BUMP_1+0x40>
    1021:\tmov    (%rax),%rcx
    1024:\tmov    %rcx,(%rdx,%rdi,1)
    1028:\tret
    1029:\tnopl   0x0(%rax)
    1040:\tpush   %rbx
    1041:\tcall   2000 <heap_slow>
    1046:\tpop    %rbx
    1047:\tret
    1050:\tjmp    2100 <large_slow>
'''
# Each: lines of code from address 0, what the line counts, how it ends.
LINES = {
    'rep ret': (['repz ret', 'push %rax'], {'insns': 1}, 'ret'),
    'jump inside is followed': (['jmp 3 <f+0x3>', 'push %rax', 'call 99', 'ret'], {'insns': 2},
                                'ret'),
    'jump outside ends the line': (['nop', 'jmp 77 <g>', 'ret'], {'insns': 2}, 'tail'),
    'indirect jump ends the line': (['jmp *%rax', 'ret'], {'insns': 1}, 'tail'),
    'tracked indirect jump': (['notrack jmp *0x10(%rax)', 'ret'], {'insns': 1}, 'tail'),
    'backward conditional is not taken': (['mov %rax,(%rdx)', 'jne 0 <f>', 'ret'],
                                          {'insns': 3, 'jcc': 1}, 'ret'),
    'endless loop': (['nop', 'jmp 0 <f>'], {'insns': 2}, 'loop'),
    'runs out of the symbol': (['nop'], {'insns': 1}, 'end'),
    'conditionals': (['ja 5', 'jrcxz 5', 'jne 5', 'loop 5', 'bnd jb 5', 'ret'],
                     {'insns': 6, 'jcc': 5}, 'ret'),
    'calls': (['call 99 <g>', 'call *0x8(%rax)', 'bnd call 99', 'ret'], {'insns': 4, 'calls': 3},
              'ret'),
    'pushes': (['push %rbx', 'pushq $0x5', 'pop %rbx', 'ret'], {'insns': 4, 'pushes': 2}, 'ret'),
    'locks': (['lock cmpxchg %rcx,(%rdx)', 'lock addl $0x1,0x4(%rax)', 'xchg %rax,(%rdx)',
               'xchg %rax,%rbx', 'xchg %ax,%ax', 'ret'], {'insns': 6, 'locks': 3}, 'ret'),
    'divisions': (['div %rcx', 'idivl 0x8(%rax)', 'vdivsd %xmm0,%xmm1,%xmm2', 'divq %fs:0x8',
                   'imul %rax', 'ret'], {'insns': 6, 'divs': 4, 'tls': 1}, 'ret'),
    'tls': (['mov %fs:0x0,%rax', 'add 0x20(%rip),%rax # 30 <x>', 'addl $0x1,%fs:(%rax)',
             'mov %fs,%eax', 'ret'], {'insns': 5, 'tls': 2}, 'ret'),
    'string instructions': (['rep stos %rax,%es:(%rdi)', 'ret'], {'insns': 2}, 'ret'),
}


def code(lines):
    """Disassembly of one-byte instructions from address 0 on."""
    return hotpath.parse(''.join(f'    {i:x}:\t{line}\n' for i, line in enumerate(lines)))


def path(symbol, lines):
    return hotpath.measure(symbol, code(lines))


class Counting(unittest.TestCase):
    def test_whole_symbol(self):
        measured = hotpath.measure('malloc', hotpath.parse(POP))
        self.assertEqual(measured.end, 'ret')
        self.assertEqual(measured.line, {'insns': 11, 'jcc': 2, 'calls': 0, 'pushes': 0, 'locks': 0,
                                         'divs': 0, 'tls': 1})
        self.assertEqual(measured.body, {'insns': 17, 'jcc': 2, 'calls': 1, 'pushes': 1, 'locks': 0,
                                         'divs': 0, 'tls': 1})

    def test_lines(self):
        for name, (lines, expected, end) in LINES.items():
            with self.subTest(name):
                measured = path('f', lines)
                self.assertEqual(measured.end, end)
                self.assertEqual({c: n for c, n in measured.line.items() if n}, expected)

    def test_listing_marks_the_line(self):
        rows = list(hotpath.listing(hotpath.parse(POP)))
        self.assertEqual(sum(row.startswith('>') for row in rows), 11)
        self.assertTrue(rows[4].startswith('>     1014  mov %fs:(%rax),%rdx'))
        self.assertTrue(rows[4].endswith(' tls'))
        self.assertTrue(rows[12].startswith('      1040  push %rbx'))

    def test_symbols(self):
        text = ('0000000000011ab0 000000000000006f T _Znwm@@BUMP_1\n'
                '0000000000011100 0000000000000005 W free\n'
                '0000000000021100 0000000000000008 B malloc\n'
                '                 U mmap@GLIBC_2.2.5\n')
        self.assertEqual(hotpath.parse_symbols(text),
                         {'_Znwm': (0x11ab0, 0x6f), 'free': (0x11100, 5)})

    def test_compiler(self):
        gcc = '  [     0]  GCC: (Debian 12.2.0-14+deb12u1) 12.2.0\n'
        clang = '  [    28]  Debian clang version 14.0.6\n'
        self.assertEqual(hotpath.parse_compiler(gcc), 'gcc 12')
        self.assertEqual(hotpath.parse_compiler(gcc + clang), 'clang 14')
        self.assertEqual(hotpath.parse_compiler(''), 'unknown')

    def test_usage(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(hotpath.main(['/nonexistent.so']), 1)
        self.assertIn('/nonexistent.so: no such file', said.getvalue())


class Limits(unittest.TestCase):
    GOOD = ['mov %fs:(%rax),%rdx', 'ret']

    def broken(self, symbol, lines):
        good = {name: path(name, self.GOOD) for name in hotpath.SYMBOLS}
        good[symbol] = path(symbol, lines)
        return list(golden_test.broken_limits(good.values()))

    def test_good(self):
        self.assertEqual(self.broken('malloc', self.GOOD), [])
        self.assertEqual(self.broken('malloc', ['nop'] * 13 + self.GOOD), [])
        self.assertEqual(self.broken('free', ['nop'] * 15 + self.GOOD), [])

    def test_each_limit(self):
        for bad in ('push %rbx', 'call 99', 'lock incl (%rax)', 'div %rcx', 'mov %fs:0x0,%rax'):
            for symbol in hotpath.SYMBOLS:
                with self.subTest(bad, symbol=symbol):
                    expected = 0 if symbol == 'realloc' else 1
                    self.assertEqual(len(self.broken(symbol, [bad, *self.GOOD])), expected)

    def test_lengths_and_ends(self):
        self.assertEqual(self.broken('malloc', ['nop'] * 14 + self.GOOD),
                         ['malloc: 16 instructions, expected at most 15'])
        self.assertEqual(self.broken('free', ['nop'] * 18 + self.GOOD),
                         ['free: 20 instructions, expected at most 19'])
        self.assertEqual(self.broken('calloc', ['ret']),
                         ['calloc: 0 TLS accesses on the line, expected 1'])
        self.assertEqual(self.broken('free', ['mov %fs:(%rax),%rdx', 'jmp 77']),
                         ['free: the line ends with "tail", not with a return'])

    def test_missing_symbol(self):
        self.assertIn('_ZdaPv is not exported', list(golden_test.broken_limits([])))


class Golden(unittest.TestCase):
    def table(self, compiler, n_nops):
        return [f'# compiler: {compiler}', '# arch: x86_64',
                *hotpath.format_table([path('malloc', ['nop'] * n_nops + Limits.GOOD)])]

    def test_difference(self):
        three, four = self.table('gcc 12', 3), self.table('gcc 12', 4)
        self.assertEqual(golden_test.difference(three, three), [])
        diff = golden_test.difference(three, four)
        self.assertEqual(len([line for line in diff if line.startswith(('-malloc', '+malloc'))]), 2)

    def test_other_compiler(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            diff = golden_test.difference(self.table('gcc 12', 3), self.table('gcc 13', 4))
        self.assertEqual(diff, [])
        self.assertIn('limits only', said.getvalue())

    def test_an_empty_table_is_a_difference(self):
        self.assertNotEqual(golden_test.difference([], self.table('gcc 12', 3)), [])


if __name__ == '__main__':
    unittest.main()
