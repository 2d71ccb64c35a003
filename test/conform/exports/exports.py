# SPDX-License-Identifier: MIT
"""What the built libraries show to the linker.

exports.py symbols|segments|archive LIBRARY [LIST]...
Prints each deviation; exit status 1 if there is any, 77 if binutils are missing.
"""
import re
import shutil
import subprocess
import sys


def tool(*command):
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    return result.stdout


def names_in(*lists):
    names = set()
    for path in lists:
        with open(path, encoding='utf-8') as file:
            names |= {line.strip() for line in file if line.strip() and line[0] != '#'}
    return names


def defined(library, *options):
    """Name -> type letter of the global symbols that the library defines."""
    lines = tool('nm', '--format=posix', '--defined-only', *options, library).splitlines()
    fields = [line.split() for line in lines if not line.endswith(':')]
    return {field[0]: field[1] for field in fields if len(field) >= 2}


def difference(found, wanted, library):
    yield from (f'{name} is not in {library}' for name in sorted(wanted - found))
    yield from (f'{name} is in {library}, but not in the list' for name in sorted(found - wanted))


def check_symbols(library, *lists):
    """The dynamic symbols are those of the list, unversioned, all plain functions."""
    found = defined(library, '--dynamic')
    yield from difference(set(found), names_in(*lists), library)
    yield from (f'{name} has type {letter}, not that of a function'
                for name, letter in sorted(found.items()) if letter not in 'TW')
    for section in re.findall(r"Version (?:definition|symbols) section '[^']*'",
                              tool('readelf', '-VW', library)):
        if 'definition' in section:
            yield f'{section}: old programs ask for GLIBC versions, so there must be none'


def segments(library):
    """(type, memory size, flags) of each program header."""
    row = re.compile(r'^ +([A-Z_]+) +0x\w+ 0x\w+ 0x\w+ 0x\w+ (0x\w+) ([RWE ]{3})', re.M)
    return [(kind, int(size, 16), flags.replace(' ', ''))
            for kind, size, flags in row.findall(tool('readelf', '-lW', library))]


def check_program_headers(library):
    headers = segments(library)
    tls = [size for kind, size, _ in headers if kind == 'TLS']
    if tls != [8]:
        yield f'thread-local bytes: {tls}, expected [8]'
    if [flags for kind, _, flags in headers if kind == 'GNU_STACK'] != ['RW']:
        yield 'the stack must be marked, and not executable'
    if not any(kind == 'GNU_RELRO' for kind, _, _ in headers):
        yield 'there is no GNU_RELRO segment'
    if any('W' in flags and 'E' in flags for kind, _, flags in headers if kind == 'LOAD'):
        yield 'a segment is writable and executable'


def check_dynamic_section(library):
    text = tool('readelf', '-dW', library)
    needed = re.findall(r'\(NEEDED\).*\[(.*)\]', text)
    if needed != ['libc.so.6']:
        yield f'needs {needed}, expected libc.so.6 alone'
    flags = ' '.join(re.findall(r'\(FLAGS(?:_1)?\) *(.*)', text)).replace('Flags:', '').split()
    for flag in 'NODELETE', 'NOW', 'BIND_NOW', 'STATIC_TLS':
        if flag not in flags:
            yield f'flag {flag} is missing from {flags}'
    for entry in 'TEXTREL', 'RPATH', 'RUNPATH':
        if f'({entry})' in text:
            yield f'there is a dynamic entry {entry}'


def check_relocations(library):
    kinds = set(re.findall(r'\bR_[A-Z0-9]+_\w+', tool('readelf', '-rW', library)))
    for kind in sorted(kinds):
        if re.search(r'DTPMOD|DTPOFF|DTPREL|TLSDESC|IRELATIV', kind):
            yield f'relocation {kind}: thread-local storage must be initial-exec, ifuncs are banned'
    if not any(re.search(r'TPOFF|TPREL', kind) for kind in kinds):
        yield f'no initial-exec relocation among {sorted(kinds)}'


def check_segments(library):
    yield from check_program_headers(library)
    yield from check_dynamic_section(library)
    yield from check_relocations(library)


def check_archive(library, *lists):
    """All names of the lists, and beyond them only names with the internal prefix."""
    found = {name for name in defined(library, '--extern-only') if not name.startswith('bp_')}
    yield from difference(found, names_in(*lists), library)


def main():
    checks = {'symbols': check_symbols, 'segments': check_segments, 'archive': check_archive}
    if not shutil.which('nm') or not shutil.which('readelf'):
        print('skipped: no nm or readelf')
        return 77
    failures = list(checks[sys.argv[1]](*sys.argv[2:]))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
