#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the budgets and habits that keep this tree readable.

Prints one finding per line as `file:line: rule: text`. Exit status: 0 clean, 1 findings, 2 usage.
"""
import argparse
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True  # a check leaves the tree as it was
from c_source import Source, functions

TREES = ('src', 'include', 'test', 'tools')
ROOT_FILES = ('meson.build', 'meson_options.txt')
TEXT_SUFFIXES = {'.c', '.h', '.cc', '.cpp', '.py', '.sh', '.map', '.build'}
PLATFORM = ('src/os/', 'src/interpose/', 'src/secure/os/', 'src/secure/interpose/')
HOT_HEADER = 'src/thread/heap_hot.h'
ATOMICS = 'src/base/atomics.h'
ATTRIBUTES = 'src/base/attr.h'
DOCS = ('README.md', 'src/README.md')

MAX_FUNCTION = 60
LONG_FUNCTION = 40
MAX_LONG_SHARE = 0.03
MAX_MEDIAN = 8
MAX_FILE = 500
MAX_IF_DEPTH = 2
MAX_MACROS_PER_KLOC = 2.0

# What the documents may name although only a build or an installation makes it.
PRODUCTS = {'build/', 'build/src/', 'build/src/libbumpalloc.so', 'build/src/libbumpalloc.a'}
# Flags after the first operand of these belong to the program that they run.
RUNNERS = {'tools/run'}

OS_MACRO = re.compile(r'\b(?:__linux(?:__)?|__gnu_linux__|_WIN32|_WIN64|__APPLE__|__MACH__|__unix'
                      r'(?:__)?|__FreeBSD__|__NetBSD__|__OpenBSD__|__ANDROID__|__CYGWIN__|'
                      r'__MINGW32__|__GLIBC__|__BIONIC__|__sun)\b')
COMPILER_MACRO = re.compile(r'\b(?:__GNUC__|__GNUC_MINOR__|__clang\w*|_MSC_VER|__INTEL_COMPILER|'
                            r'__has_(?:attribute|builtin|feature|extension|c_attribute))\b')
RAW_ATOMIC = re.compile(r'\b(?:atomic_|__atomic_|__sync_)\w+\s*\(')
WRAPPER = re.compile(r'\bbp_(?:load|store|cas|exchange|fetch|fence)(?:_\w+)?(?=\s*\()')
ORDERED = re.compile(r'\b(bp_\w*(?:acquire|release|acq_rel|seq_cst)\w*)\s*\(')
LOCK = re.compile(r'\bstruct\s+bp_lock\s+(?:[A-Z0-9_]+\s*\([^()]*\)\s*)?\w+\b(?!\s*\()')
ERRNO_SET = re.compile(r'\berrno\s*(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|\b__errno_location\b')
ERRNO_RESTORE = re.compile(r'\berrno\s*=\s*saved\w*\s*;')
UNFINISHED = re.compile(r'\b(?:TO' r'DO|FIX' r'ME|X' r'XX)\b')

# Rules over one C file: (name, path prefixes, exempt prefixes, check); a check yields (line, text).
C_RULES = []


def rule(name, where=TREES, exempt=()):
    def register(check):
        C_RULES.append((name, where, exempt, check))
        return check
    return register


@rule('function-length', ('src/',))
def function_length(source, _tree):
    for name, first, last in functions(source):
        if last - first + 1 > MAX_FUNCTION:
            yield first, f'{name} has {last - first + 1} lines, more than {MAX_FUNCTION}'


# An allocator of the including program's malloc has to say that program's names.
@rule('os-macro', ('src/', 'include/'), (*PLATFORM, 'include/bumpalloc/allocator.h'))
def os_macro(source, _tree):
    for number, match in source.matches(OS_MACRO):
        yield number, f'{match.group()} belongs in src/os or src/interpose'


@rule('compiler-macro', ('src/', 'include/'), (ATTRIBUTES,))
def compiler_macro(source, _tree):
    for number, match in source.matches(COMPILER_MACRO):
        yield number, f'{match.group()} belongs in {ATTRIBUTES}'


@rule('if-depth', exempt=PLATFORM)
def if_depth(source, _tree):
    depth = -1 if source.guard() else 0
    for number, word, _ in source.directives:
        if word.startswith('if'):
            depth += 1
            if depth > MAX_IF_DEPTH:
                yield number, f'#{word} at depth {depth}, more than {MAX_IF_DEPTH}'
        depth -= word == 'endif'


@rule('hot-header', (HOT_HEADER,))
def hot_header(source, _tree):
    skip = source.guard()
    for number, word, _ in source.directives[skip:len(source.directives) - bool(skip)]:
        if word.startswith(('if', 'el', 'endif')):
            yield number, f'#{word}: the hot path has no conditionals'


@rule('if-0')
def if_zero(source, _tree):
    for number, word, argument in source.directives:
        if word in ('if', 'elif') and re.fullmatch(r'[(\s]*0[)\s]*', argument):
            yield number, 'dead code: delete it'


@rule('include-c')
def include_c(source, _tree):
    for number, word, _ in source.directives:
        if word == 'include' and re.search(r'\.c\s*[">]', source.lines[number - 1]):
            yield number, 'a .c file is compiled, not included'


@rule('layer-include', ('src/',))
def layer_include(source, tree):
    layer = source.path.split('/')[1]
    above = tree.layers[tree.layers.index(layer) + 1:] if layer in tree.layers else ()
    for number, word, _ in source.directives:
        match = re.search(r'include\s*"(\w+)/', source.lines[number - 1])
        if word == 'include' and match and match.group(1) in above:
            yield number, f'{layer} is below {match.group(1)}'


@rule('raw-atomic', ('src/',), (ATOMICS,))
def raw_atomic(source, _tree):
    for number, match in source.matches(RAW_ATOMIC):
        yield number, f'{match.group()}...) outside {ATOMICS}'


@rule('pairs-with', ('src/',), (ATOMICS,))
def pairs_with(source, tree):
    for number, match in source.matches(re.compile(r'\bbp_\w+(?=\s*\()')):
        name = match.group()
        if '_relaxed' in name or not (WRAPPER.match(name + '(') or name in tree.ordered):
            continue
        near = ' '.join(source.comments[max(number - 3, 0):number + 1])
        if 'pairs with' not in near.lower():
            yield number, f'{name} without a comment that says what it "pairs with"'


@rule('lock-rank', ('src/',))
def lock_rank(source, _tree):
    for number, _ in source.matches(LOCK):
        if not re.search(r'\brank', source.comment_above(number), re.I):
            yield number, 'a struct bp_lock without a comment on its rank and what it guards'


@rule('errno', ('src/',), ('src/entry/', 'src/secure/entry/'))
def errno_rule(source, _tree):
    for number, match in source.matches(ERRNO_SET):
        restored = ERRNO_RESTORE.match(source.code_lines[number - 1], match.start())
        if not (restored and source.path.startswith(('src/os/', 'src/secure/os/'))):
            yield number, 'errno is set in src/entry alone (src/os restores a saved one)'


@rule('typedef-t', ('src/',))
def typedef_t(source, _tree):
    for match in re.finditer(r'\btypedef\b', source.code):
        text, before = source.code[match.end():], None
        while text != before:  # innermost braces first: what is left has the typedef's own `;`
            text, before = re.sub(r'\{[^{}]*\}', ' ', text), text
        text = text.split(';')[0]
        names = re.findall(r'\(\s*\*\s*(\w+)', text)[:1] or re.findall(r'\w+', re.sub(
            r'\[[^\]]*\]|\([^()]*\)', ' ', text))[-1:]
        if names and names[0].endswith('_t'):
            yield source.code.count('\n', 0, match.start()) + 1, f'{names[0]}: say struct x'


@rule('header-prose', ('src/',))
def header_prose(source, _tree):
    if not source.path.endswith('.h'):
        return
    number = 2
    while number <= len(source.lines) and not source.comments[number] and re.fullmatch(
            r'\s*(#\s*(pragma once|ifndef \w+|define \w+)\s*)?', source.code_lines[number - 1]):
        number += 1
    prose = 0
    while number <= len(source.lines) and source.only_comment(number):
        prose += bool(re.search(r'[A-Za-z]{2}', source.comments[number]))
        number += 1
    if prose < 2:
        yield 1, 'a header opens with at least two lines of prose'


class Tree:
    """All files that the rules look at."""

    def __init__(self, root):
        self.root = root
        self.texts = {}  # path relative to the root -> text
        for path in self._files():
            self.texts[path.relative_to(root).as_posix()] = path.read_text(errors='replace')
        self.sources = {path: Source(path, text) for path, text in self.texts.items()
                        if path.endswith(('.c', '.h'))}
        atomics = self.sources.get(ATOMICS)
        self.layers = re.findall(r"^ *\['(\w+)', ", self.texts.get('src/meson.build', ''), re.M)
        self.ordered = set(ORDERED.findall(atomics.code)) if atomics else set()

    def _files(self):
        for name in ROOT_FILES:
            if (self.root / name).is_file():
                yield self.root / name
        for top in TREES:
            for path in sorted((self.root / top).rglob('*')):
                hidden = any(part.startswith(('.', '__pycache__'))
                             for part in path.relative_to(self.root).parts)
                if path.is_file() and not hidden and self._is_text(path):
                    yield path

    @staticmethod
    def _is_text(path):
        if path.suffix in TEXT_SUFFIXES:
            return True
        with path.open('rb') as file:
            return not path.suffix and file.read(2) == b'#!'

    def library(self):
        return [source for path, source in self.sources.items() if path.startswith('src/')]


def check_texts(tree):
    for path, text in tree.texts.items():
        lines = text.split('\n')
        first = lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]
        if 'SPDX-License-Identifier: MIT' not in first:
            yield path, 1, 'spdx', 'the first line names the licence'
        count = text.count('\n') + bool(lines[-1])
        if count > MAX_FILE:
            yield path, count, 'file-length', f'{count} lines, more than {MAX_FILE}'
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                yield path, number, 'unfinished', UNFINISHED.search(line).group()


def check_sources(tree):
    for path, source in tree.sources.items():
        for name, where, exempt, check in C_RULES:
            if path.startswith(where) and not path.startswith(exempt or ('\0',)):
                for line, text in check(source, tree):
                    yield path, line, name, text
    if (tree.root / 'src/thread').is_dir() and HOT_HEADER not in tree.sources:
        yield HOT_HEADER, 1, 'hot-header', 'the hot path has left its header'


def measure(tree):
    """The numbers over src/ that have a budget, and those that are worth knowing."""
    sources = tree.library()
    lengths = sorted(last - first + 1 for s in sources for _, first, last in functions(s)) or [0]
    lines = sum(len(s.lines) - 1 for s in sources)
    code = sum(bool(line.strip()) for s in sources for line in s.code_lines)
    comments = sum(s.only_comment(i) for s in sources for i in range(1, len(s.lines) + 1))
    macros = [(s.path, line) for s in sources for line, word, text in s.directives
              if word == 'define' and re.match(r'\w+\(', text)]
    ifs = sum(w.startswith(('if', 'elif')) for s in sources for _, w, _ in s.directives[s.guard():])
    return {'files': len(sources), 'lines': lines, 'functions': len(lengths),
            'median': statistics.median(lengths), 'p95': lengths[(len(lengths) * 95 - 1) // 100],
            'longest': lengths[-1],
            'long share': sum(n > LONG_FUNCTION for n in lengths) / len(lengths),
            'comment share': comments / max(code + comments, 1),
            '#if per 1000': 1000 * ifs / max(code, 1),
            'macros': macros, 'macros per 1000': 1000 * len(macros) / max(lines, 1)}


def check_numbers(numbers):
    if numbers['median'] > MAX_MEDIAN:
        yield 'src', 1, 'function-median', f'{numbers["median"]} lines, more than {MAX_MEDIAN}'
    if numbers['long share'] > MAX_LONG_SHARE:
        yield ('src', 1, 'function-share', f'{numbers["long share"]:.1%} of the functions have '
               f'more than {LONG_FUNCTION} lines, allowed are {MAX_LONG_SHARE:.0%}')
    if numbers['macros per 1000'] > MAX_MACROS_PER_KLOC:
        where = ', '.join(f'{path}:{line}' for path, line in numbers['macros'])
        yield ('src', 1, 'macro-density', f'{numbers["macros per 1000"]:.1f} function-like macros '
               f'per 1000 lines, more than {MAX_MACROS_PER_KLOC:g}: {where}')


class Docs:
    """What a document names between backticks has to exist."""

    def __init__(self, tree):
        self.root = tree.root
        code = '\n'.join(s.code for path, s in tree.sources.items()
                         if path.startswith(('src/', 'include/')))
        self.identifiers = set(re.findall(r'\b(?:bump|bp)_\w+', code))
        used = '\n'.join(text for path, text in tree.texts.items() if not path.startswith('test/'))
        self.options = set(re.findall(r'\bBUMPALLOC_\w+', used))
        self.tools = {path: text for path, text in tree.texts.items()
                      if path.startswith('tools/') or path.endswith(('run.py', 'pairs.py'))}
        self.names = {path.rsplit('/', 1)[-1] for path in tree.texts} | {
            path.name for path in self.root.glob('*')}

    def check(self, path):
        text = (self.root / path).read_text()
        base = self.root / path.rsplit('/', 1)[0] if '/' in path else self.root
        for number, span, fenced in self.spans(text):
            for problem in self.problems(span, base, fenced):
                yield path, number, 'docs', problem

    @staticmethod
    def spans(text):
        """(line, code, whether in a fence) of every fenced line and every `span`."""
        fenced = False
        for number, line in enumerate(text.split('\n'), 1):
            if line.lstrip().startswith('```'):
                fenced = not fenced
            elif fenced:
                yield number, line.strip(), True
            else:
                yield from ((number, span, False) for span in re.findall(r'`([^`]+)`', line))

    def problems(self, span, base, fenced):
        for name in re.findall(r'\bBUMPALLOC_[A-Z]\w*\*?|\b(?:bump|bp)_[a-z]\w*\*?', span):
            if not self.known(name, self.options if name[1] == 'U' else self.identifiers):
                yield f'{name} is not in the code'
        for header in re.findall(r'<(bumpalloc/[\w/.-]+)>', span):
            if not (self.root / 'include' / header).is_file():
                yield f'<{header}> does not exist'
        for word in re.findall(r'[\w.@+*/<>~$-]+', span):
            word = word[2:] if word.startswith('./') else word.rstrip('.')
            if self.is_path(word, base, fenced) and not self.exists(word, base):
                yield f'{word} does not exist'
        yield from (f'{flag} is not an option of {tool}' for tool, flag in self.bad_flags(span))

    @staticmethod
    def known(name, names):
        if name.endswith(('*', '_')):
            return any(other.startswith(name.rstrip('*')) for other in names)
        return name in names

    def is_path(self, word, base, fenced):
        """Commands in a fence may name the reader's own files: only our folders count there."""
        if re.search(r'[<>~$@]', word) or word.startswith(('/', '-', '..', '*')):
            return False
        first, slash, _ = word.partition('/')
        if slash and ((self.root / first).exists() or (base / first).exists()):
            return True
        pattern = r'.*(?:/|\.[a-z]\w*)' if slash else r'[\w-]+\.(?:c|h|py|sh|map|md|build)'
        return not fenced and bool(re.fullmatch(pattern, word))

    def exists(self, word, base):
        if word in PRODUCTS or ('/' not in word and word in self.names):
            return True
        return any(folder.joinpath(word).exists() or ('*' in word and any(folder.glob(word)))
                   for folder in (self.root, base))

    def bad_flags(self, span):
        words = span.split()
        tool = next((w.lstrip('./') for w in words if w.lstrip('./') in self.tools), None)
        if tool is None and not span.startswith('--'):
            return
        at = [w.lstrip('./') for w in words].index(tool) + 1 if tool else 0
        texts = [self.tools[tool]] if tool else self.tools.values()
        for word in words[at:]:
            flag = re.match(r'--[a-z][\w-]*', word)
            if tool in RUNNERS and not word.startswith('-'):
                return
            if flag and flag.group() != '--help' and not self.mentions(texts, flag.group()):
                yield tool or 'any tool', flag.group()

    @staticmethod
    def mentions(texts, flag):
        return any(re.search(re.escape(flag) + r'(?![\w-])', text) for text in texts)


def check_docs(tree):
    docs = Docs(tree)
    for path in DOCS:
        if (tree.root / path).is_file():
            yield from docs.check(path)


def check_format(tree):
    if not (tree.root / '.clang-format').is_file():
        yield '.clang-format', 1, 'format', 'the style file is missing'
        return
    program = shutil.which('clang-format')
    if not program:
        print('note: clang-format is not installed; the format is not checked', file=sys.stderr)
        return
    paths = [path for path in tree.sources if not path.startswith('tools/')]
    if not paths:
        return
    done = subprocess.run([program, '--dry-run', '--style=file', *paths], cwd=tree.root,
                          stderr=subprocess.PIPE, text=True, check=False)
    dirty = {}
    for path, line in re.findall(r'^(.+?):(\d+):\d+: \w+: code should be clang-formatted',
                                 done.stderr, re.M):
        dirty.setdefault(path, line)
    for path, line in dirty.items():
        yield path, int(line), 'format', 'not as clang-format would have it (clang-format -i)'
    if done.returncode != 0 and not dirty:
        yield '.clang-format', 1, 'format', done.stderr.strip().replace('\n', ' ')


def lint(root, with_format=True):
    """All findings as (path, line, rule, text), and the numbers."""
    tree = Tree(root)
    numbers = measure(tree)
    findings = [*check_texts(tree), *check_sources(tree), *check_numbers(numbers),
                *check_docs(tree), *(check_format(tree) if with_format else ())]
    return sorted(findings), numbers


def print_stats(numbers):
    for name, value in numbers.items():
        if name == 'macros':
            continue
        share = f'{value:.1%}' if 'share' in name else f'{value:g}'
        print(f'{name:16} {share}')


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--root', type=pathlib.Path, metavar='DIR',
                        default=pathlib.Path(__file__).resolve().parent.parent,
                        help='the tree to look at (default: the one this file is in)')
    parser.add_argument('--stats', action='store_true', help='print the numbers over src/ as well')
    parser.add_argument('--no-format', action='store_true', help='do not run clang-format')
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    if not any((root / top).is_dir() for top in TREES):
        parser.error(f'{options.root} has none of {", ".join(TREES)}')
    findings, numbers = lint(root, not options.no_format)
    for path, line, name, text in findings:
        print(f'{path}:{line}: {name}: {text}')
    if options.stats:
        print_stats(numbers)
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
