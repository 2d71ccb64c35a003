#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write manual pages from the words of the public headers.

A header is a page: its opening comment is the description, and each declaration comes with the
comment above it, which holds for all that follow without an empty line. What has the comment
"Private." is left out. bumpalloc.h becomes bumpalloc.3, region.h becomes bump_region.3; every function has a page that
leads to the one that tells of it.
"""
import argparse
import pathlib
import re
import sys
from dataclasses import dataclass

NAME = re.compile(r'\b(bump_\w+)\s*\(')
DECLARATION = re.compile(r'#define BUMP_\w+ |enum\b|struct\b|static inline|\w[\w ]*[ *]bump_')
WORD = re.compile(r'\b(?:bump_\w+(?:\(\))?|BUMP(?:ALLOC)?_\w+|NULL|-E[A-Z]+)')


@dataclass
class Item:
    comment: list   # paragraphs
    code: str
    kind: str       # function, type, constant

    @property
    def name(self):
        return NAME.search(self.code).group(1) if self.kind == 'function' else None


def paragraphs(lines):
    """Comment lines, joined where no empty one stands between."""
    text = '\n'.join(re.sub(r'^// ?', '', line.strip()) for line in lines)
    return [' '.join(part.split()) for part in re.split(r'\n\s*\n', text) if part.strip()]


def prose(lines):
    """The opening comment, without the licence."""
    found = []
    for line in lines[1:]:
        if not line.startswith('//'):
            break
        found.append(line)
    return paragraphs(found)


def declaration(lines, at):
    """The declaration that starts there, without a body, and the index of the line behind it."""
    first = at
    inline = lines[at].startswith('static inline')
    ends = re.compile(r'^\}' if inline else r'^\};|^[^{}]*;\s*(//.*)?$')
    if re.match(r'(enum|struct) .*\{$', lines[at]):
        ends = re.compile(r'^\};')
    if lines[at].startswith('#define') or re.match(r'enum \{.*\};$', lines[at]):
        return lines[at], at + 1
    while at < len(lines) and not ends.match(lines[at]):
        at += 1
    code = '\n'.join(lines[first:at + 1])
    if inline:
        code = re.sub(r'^static inline ', '', code[:code.index('\n{')]) + ';'
    return code, at + 1


def kind_of(code):
    if code.startswith('#define') or code.startswith('enum {'):
        return 'constant'
    return 'type' if re.match(r'(enum|struct) \w+ \{', code) else 'function'


def items(text):
    """Everything that a header declares for its users."""
    lines = text.split('\n')
    comment, before = [], []  # of this declaration, and of the one that ended on the line above
    at = next((i for i, line in enumerate(lines) if line.startswith('#ifndef')), 0)
    while at < len(lines):
        line = lines[at]
        if line.startswith('//'):
            comment.append(line)
            at += 1
        elif DECLARATION.match(line):
            code, at = declaration(lines, at)
            before = comment or before
            if not (before and before[0].startswith('// Private.')):
                yield Item(paragraphs(before), code, kind_of(code))
            comment = []
        else:
            comment, before, at = [], [], at + 1


def shown(item):
    """The code as a page shows it: private fields are nobody's business."""
    if item.kind == 'type' and any('private' in part.lower() for part in item.comment):
        return item.code.split('{')[0].strip() + ';'
    return item.code


def escaped(text):
    text = text.replace('\\', '\\e').replace("'", '\\(aq')
    return '\n'.join('\\&' + line if line.startswith('.') else line for line in text.split('\n'))


def running(paragraph):
    return WORD.sub(lambda match: f'\\fB{match.group()}\\fP', escaped(paragraph)).replace(
        '\\fB-', '\\fB\\-')


def code_block(code):
    return ['.nf', escaped(code).replace('-', '\\-'), '.fi']


def page_name(header):
    return header.stem if header.stem.startswith('bump') else 'bump_' + header.stem


def functions(text):
    return [item.name for item in items(text) if item.kind == 'function']


def join_paragraphs(parts):
    lines = []
    for index, part in enumerate(parts):
        lines += (['.PP'] if index else []) + [running(part)]
    return lines


def summary(parts):
    first = re.match(r'.*?[.:](?= |$)', parts[0]).group().rstrip('.:')
    return first[0].lower() + first[1:]


def page(header, text, version, others):
    opening, found = prose(text.split('\n')), list(items(text))
    names = [item.name for item in found if item.kind == 'function']
    lines = ['.\\" SPDX-License-Identifier: MIT', f'.\\" Made by tools/manpages.py from {header.name}',
             f'.TH {page_name(header)} 3 "" "libbumpalloc {version}" "libbumpalloc"', '.nh', '.SH NAME',
             f'{", ".join(names)} \\- {escaped(summary(opening))}', '.SH LIBRARY',
             'libbumpalloc, or libbumpalloc\\-api for programs that keep their malloc', '.SH SYNOPSIS',
             *code_block(f'#include <bumpalloc/{header.name}>\n\n'
                         + '\n'.join(item.code for item in found if item.kind == 'function'))]
    lines += ['.SH DESCRIPTION', *join_paragraphs(opening)]
    types = [item for item in found if item.kind != 'function']
    if types:
        lines.append('.SH TYPES AND CONSTANTS')
    for item in types:
        lines += ['.PP', *join_paragraphs(item.comment), *code_block(shown(item))]
    lines.append('.SH FUNCTIONS')
    for item in found:
        if item.kind == 'function':
            lines += [f'.SS {item.name}', *code_block(item.code), '.PP',
                      *join_paragraphs(item.comment)]
    also = sorted(set(others) - {page_name(header)})
    lines += ['.SH SEE ALSO', ',\n'.join(f'\\fB{name}\\fP(3)'
                                         for name in also)]
    return '\n'.join(lines) + '\n'


def outputs(header):
    """The page, and the names that lead to it."""
    name = page_name(header)
    return [f'{name}.3'] + sorted(f'{other}.3' for other in set(functions(header.read_text()))
                                  if other != name)


def write(header, folder, version, headers):
    text = header.read_text()
    first, *rest = outputs(header)
    others = [page_name(other) for other in headers]
    (folder / first).write_text(page(header, text, version, others))
    for name in rest:
        (folder / name).write_text(f'.so man3/{first}\n')


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--list', action='store_true', help='print the files that would be written')
    parser.add_argument('--version', default='', help='what the pages say the version is')
    parser.add_argument('--into', type=pathlib.Path, metavar='DIR', help='where the pages go')
    parser.add_argument('--only', type=pathlib.Path, metavar='HEADER', help='this page alone')
    parser.add_argument('headers', nargs='+', type=pathlib.Path, metavar='HEADER')
    options = parser.parse_args(arguments)
    for header in [options.only] if options.only else options.headers:
        if options.list:
            print('\n'.join(outputs(header)))
        elif options.into:
            write(header, options.into, options.version, options.headers)
        else:
            parser.error('give --list or --into')
    return 0


if __name__ == '__main__':
    sys.exit(main())
