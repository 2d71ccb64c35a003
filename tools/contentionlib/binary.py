# SPDX-License-Identifier: MIT
"""The library's machine code: where it locks the bus, and where calls come in.

What a locked instruction is for can be told from its opcode, because src/base/atomics.h is the only
source of them: a compare-and-exchange takes a lock (or elects a thread), an exchange of 32 bits
gives it back, one of 64 bits passes a chain or slot on, a full fence orders, and all else counts.
"""
import collections
import os
import re

import hotpath

KINDS = ('lock', 'unlock', 'pass', 'count', 'fence')
ENTRIES = ('malloc', 'calloc', 'realloc', 'free', 'memalign', 'aligned_alloc', 'posix_memalign',
           'reallocarray', 'reallocf', 'valloc', 'pvalloc', 'free_sized', 'free_aligned_sized')
HOT = ('malloc', 'free')

Site = collections.namedtuple('Site', 'address function kind text')


def kind_of(insn):
    """One of KINDS, or None for an instruction that locks nothing."""
    if insn.name.startswith('mfence'):
        return 'fence'
    if not insn.is_locked:
        return None
    if insn.name.startswith('cmpxchg'):
        return 'lock'
    if insn.name.startswith('xchg'):
        wide = insn.name == 'xchgq' or re.match(r'%r([a-d]x|[sd]i|bp|\d+),', insn.operands)
        return 'pass' if wide else 'unlock'
    return 'fence' if re.search(r'\(%[er]sp\)$', insn.operands) else 'count'


def functions(listing):
    """(name, lines) of each function in objdump's output; parts that compilers split off are the
    function's own."""
    for block in re.split(r'\n(?=[0-9a-f]{8,} <)', listing):
        head = re.match(r'\s*[0-9a-f]+ <([^>]+)>:\n', block)
        if head:
            yield re.sub(r'\.(cold|part|constprop|isra)\b.*', '', head.group(1)), block


def sites_of(listing):
    """address -> Site of what is locked."""
    found = {}
    for name, block in functions(listing):
        for insn in hotpath.parse(block):
            kind = kind_of(insn)
            if kind:
                text = f'{insn.name} {insn.operands}'.strip()
                found[insn.address] = Site(insn.address, name, kind, text)
    return found


class Binary:
    """A built library: locked instructions, entries, and which function an address is in."""

    def __init__(self, path):
        self.path = os.path.realpath(path)
        library = hotpath.Library(self.path)
        if library.arch != 'x86_64':
            raise hotpath.ToolError(f'{path}: {library.arch} is not understood, only x86_64 is')
        self.sites = sites_of(hotpath.run('objdump', '-d', '--no-show-raw-insn', '-M', 'att',
                                          self.path))
        # Aliases share an address: each counts once.
        self.entries = {library.symbols[name][0]: name for name in reversed(ENTRIES)
                        if name in library.symbols}
        self.symbols = symbols_of(hotpath.run('nm', '-S', '--defined-only', self.path))

    def hot_sites(self):
        return [site for site in self.sites.values() if site.function in HOT]

    def starts(self, *names):
        """The addresses of functions, local ones too."""
        return [start for start, (_, name) in self.symbols.items() if name in names]

    def symbol_at(self, address):
        """What covers an address, or None."""
        for start, (size, name) in self.symbols.items():
            if start <= address < start + size:
                return name
        return None


def symbols_of(text):
    """start -> (size, name) from the output of nm -S; the shortest of an address's names."""
    found = {}
    for match in re.finditer(r'^([0-9a-f]+) ([0-9a-f]+) \w (\S+)$', text, re.M):
        start, size, name = int(match.group(1), 16), int(match.group(2), 16), match.group(3)
        if start not in found or len(name) < len(found[start][1]):
            found[start] = (size, name)
    return found
