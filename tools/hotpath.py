#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what malloc, free and their kin cost when all goes well.

Disassembles a built x86-64 library. The line of a symbol runs from its first instruction to the
first `ret`: conditional jumps are not taken, jumps inside the symbol are followed. A line that
leaves the symbol ends as `tail`. The columns after the bar count the whole body of the symbol.
"""
import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys

SYMBOLS = ('malloc', 'free', 'calloc', 'realloc', '_Znwm', '_Znam', '_ZdlPv', '_ZdlPvm', '_ZdaPv')
COLUMNS = ('insns', 'jcc', 'calls', 'pushes', 'locks', 'divs', 'tls')
PREFIXES = {'lock', 'rep', 'repz', 'repnz', 'repe', 'repne', 'bnd', 'notrack', 'data16', 'cs',
            'xacquire', 'xrelease'}
LICENCE = '# SPDX-License-Identifier: MIT'


class ToolError(Exception):
    """Something that the user has to hear, not a bug."""


@dataclasses.dataclass(frozen=True)
class Insn:
    """One instruction; target is where a direct jump or call goes."""
    address: int
    prefixes: frozenset
    name: str
    operands: str
    target: int = -1

    @property
    def is_return(self):
        return self.name in ('ret', 'retq')

    @property
    def is_jump(self):
        return self.name in ('jmp', 'jmpq')

    @property
    def is_call(self):
        return self.name in ('call', 'callq')

    @property
    def is_conditional(self):
        return (self.name.startswith('j') and not self.is_jump) or self.name.startswith('loop')

    @property
    def is_push(self):
        return self.name in ('push', 'pushq', 'pushf', 'pushfq', 'enter')

    @property
    def is_locked(self):
        """xchg with memory locks the bus without being told to."""
        return 'lock' in self.prefixes or (self.name.startswith('xchg') and '(' in self.operands)

    @property
    def is_division(self):
        return bool(re.fullmatch(r'i?div[bwlq]?|v?div[sp][sd]', self.name))

    @property
    def is_tls(self):
        """The load of a variable's offset from the GOT, which may come before, is not counted."""
        return '%fs:' in self.operands

    def counts(self):
        return (1, self.is_conditional, self.is_call, self.is_push, self.is_locked,
                self.is_division, self.is_tls)


def parse(text):
    """The instructions in objdump's output, in order."""
    insns = []
    for line in text.splitlines():
        match = re.match(r'\s*([0-9a-f]+):\t(.*)$', line)
        if not match:
            continue
        words = match.group(2).split('#')[0].split()
        prefixes = set()
        while len(words) > 1 and (words[0] in PREFIXES or words[0].startswith('rex')):
            prefixes.add(words.pop(0))
        operands = ' '.join(words[1:])
        target = re.match(r'([0-9a-f]+)\b', operands)
        is_branch = words and re.match(r'j|call|loop', words[0])
        insns.append(Insn(int(match.group(1), 16), frozenset(prefixes),
                          words[0].split(',')[0] if words else '(bad)', operands,
                          int(target.group(1), 16) if is_branch and target else -1))
    return insns


def straight_line(insns):
    """(the instructions up to the first return, how the line ends)."""
    at = {insn.address: i for i, insn in enumerate(insns)}
    line, seen, i = [], set(), 0
    while i < len(insns):
        insn = insns[i]
        if insn.address in seen:
            return line, 'loop'
        seen.add(insn.address)
        line.append(insn)
        if insn.is_return:
            return line, 'ret'
        if insn.is_jump and insn.target not in at:
            return line, 'tail'
        i = at[insn.target] if insn.is_jump else i + 1
    return line, 'end'


def count(insns):
    """Sums by COLUMNS."""
    return dict(zip(COLUMNS, (sum(column) for column in zip(*(i.counts() for i in insns)))))


@dataclasses.dataclass(frozen=True)
class Path:
    """What one symbol does."""
    symbol: str
    end: str
    line: dict
    body: dict


def measure(symbol, insns):
    line, end = straight_line(insns)
    return Path(symbol, end, count(line), count(insns))


def format_table(paths):
    body = [name for name in COLUMNS if name != 'tls']
    rows = ['{:8} {:4}'.format('# symbol', 'end') + ''.join(f'{name:>7}' for name in COLUMNS)
            + '  |' + ''.join(f'{name:>7}' for name in body)]
    for path in paths:
        rows.append(f'{path.symbol:8} {path.end:4}'
                    + ''.join(f'{path.line[name]:7}' for name in COLUMNS) + '  |'
                    + ''.join(f'{path.body[name]:7}' for name in body))
    return rows


def run(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors='replace', check=False)
    except FileNotFoundError as error:
        raise ToolError(f'{command[0]} is not installed (binutils)') from error
    if done.returncode != 0:
        raise ToolError(f'{command[0]}: {done.stderr.strip()}')
    return done.stdout


def parse_symbols(text):
    """name -> (start, size) from the output of nm -S; versions are dropped."""
    found = {}
    for match in re.finditer(r'^([0-9a-f]+) ([0-9a-f]+) [TtWi] (\S+)$', text, re.M):
        name = match.group(3).split('@')[0]
        found.setdefault(name, (int(match.group(1), 16), int(match.group(2), 16)))
    return found


def parse_compiler(comment):
    """`gcc 12` or `clang 14` from a .comment section, in which the C runtime's is present too."""
    clang = re.search(r'clang version (\d+)', comment)
    gcc = re.search(r'GCC: \(.*\) (\d+)\.', comment)
    return f'clang {clang.group(1)}' if clang else f'gcc {gcc.group(1)}' if gcc else 'unknown'


class Library:
    """A shared library on disk."""

    def __init__(self, path):
        self.path = str(path)
        if not pathlib.Path(path).is_file():
            raise ToolError(f'{path}: no such file')
        header = run('readelf', '-h', self.path)
        machine = re.search(r'Machine:\s+(.*)', header)
        self.arch = ('x86_64' if machine and 'X86-64' in machine.group(1)
                     else machine.group(1).strip() if machine else 'unknown')
        self.symbols = parse_symbols(run('nm', '-D', '-S', '--defined-only', self.path))
        self.compiler = parse_compiler(run('readelf', '-p', '.comment', self.path))

    def insns(self, symbol):
        if self.arch != 'x86_64':
            raise ToolError(f'{self.path}: {self.arch} is not understood, only x86_64 is')
        if symbol not in self.symbols:
            raise ToolError(f'{self.path}: no symbol {symbol}')
        start, size = self.symbols[symbol]
        return parse(run('objdump', '-d', '--no-show-raw-insn', '-M', 'att',
                         f'--start-address={start}', f'--stop-address={start + size}', self.path))

    def paths(self):
        return [measure(symbol, self.insns(symbol)) for symbol in SYMBOLS if symbol in self.symbols]

    def table(self):
        """The lines of the golden table."""
        return [LICENCE, f'# compiler: {self.compiler}', f'# arch: {self.arch}',
                *format_table(self.paths())]


def listing(insns):
    """The body with the straight line marked, each with what it is counted as."""
    on_line = {insn.address for insn in straight_line(insns)[0]}
    for insn in insns:
        marks = [name for name, yes in zip(COLUMNS[1:], insn.counts()[1:]) if yes]
        text = ' '.join([*sorted(insn.prefixes), insn.name, insn.operands])
        mark = '>' if insn.address in on_line else ' '
        yield f'{mark} {insn.address:8x}  {text:56} {" ".join(marks)}'.rstrip()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('library', metavar='LIB', help='a shared library that exports malloc')
    parser.add_argument('--show', metavar='SYMBOL', help='list the instructions of one symbol')
    parser.add_argument('--write', metavar='FILE', type=pathlib.Path,
                        help='write the table to this file instead')
    options = parser.parse_args(arguments)
    try:
        library = Library(options.library)
        lines = (list(listing(library.insns(options.show))) if options.show else library.table())
    except ToolError as error:
        print(f'{parser.prog}: {error}', file=sys.stderr)
        return 1
    text = '\n'.join(lines) + '\n'
    if options.write:
        options.write.write_text(text)
    else:
        print(text, end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
