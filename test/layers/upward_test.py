# SPDX-License-Identifier: MIT
"""Prove that the layer proof works: a planted call upward must not link, and nm finds no other.

The link alone would miss a call that libc can answer (malloc) and a weak reference; nm does not.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile


def symbols(archive, flag, kind=r'\w'):
    """The names that nm lists with this flag, of this kind (T is code)."""
    done = subprocess.run(['nm', '-g', '-P', flag, archive], stdout=subprocess.PIPE, text=True,
                          check=True)
    return set(re.findall(rf'^(\S+) {kind}\b', done.stdout, re.M))


def upward_references(layers):
    """(layer, symbols of layers above that it refers to), for each layer that does."""
    defined = [symbols(layer, '--defined-only') for layer in layers]
    for i, layer in enumerate(layers):
        above = set().union(*defined[i + 1:]) - set().union(*defined[:i + 1])
        found = above & symbols(layer, '--undefined-only')
        if found:
            yield layer, found


class Linker:
    """Links main with whole archives, in a folder of its own."""

    def __init__(self, cc, main, folder):
        self.cc, self.main, self.folder = cc, main, pathlib.Path(folder)

    def archive(self, name, code):
        source, thing = self.folder / f'{name}.c', self.folder / f'{name}.o'
        source.write_text(code)
        subprocess.run([*self.cc, '-c', source, '-o', thing], check=True)
        subprocess.run(['ar', 'rc', self.folder / f'lib{name}.a', thing], check=True)
        return str(self.folder / f'lib{name}.a')

    def link(self, archives):
        """What the linker says; nothing if it is content."""
        done = subprocess.run([*self.cc, self.main, '-Wl,--whole-archive', *archives,
                               '-Wl,--no-whole-archive', '-Wl,--no-demangle', '-pthread',
                               '-o', self.folder / 'program'],
                              stderr=subprocess.PIPE, text=True, check=False)
        return done.stderr if done.returncode else ''


def refused(said, symbol):
    return bool(re.search(r'undefined (?:reference|symbol).*\b' + symbol + r'\b', said))


def planted(linker, below, above):
    """Sentences on what went wrong when code below calls a function of the layer above."""
    names = sorted(name for name in symbols(above, '--defined-only', 'T')
                   if name.startswith(('bp_', 'bump_', '_Z')))
    if not names:
        return
    culprit = linker.archive('planted', f'void {names[0]}(void);\nvoid planted(void);\n'
                                        f'void planted(void)\n{{\n    {names[0]}();\n}}\n')
    print(f'planted below {pathlib.Path(above).name}: a call of {names[0]}')
    said = linker.link([*below, culprit])
    if not refused(said, names[0]):
        yield f'the call of {names[0]} linked without its layer: {said}'
    said = linker.link([*below, culprit, above])
    if said:
        yield f'the call of {names[0]} did not link with its layer: {said}'


def control(linker):
    """The same on two layers made up here, so that the proof does not rest on real ones."""
    lower = linker.archive('lower', 'void upper_f(void);\nvoid lower_f(void);\n'
                                    'void lower_f(void)\n{\n    upper_f();\n}\n')
    weak = linker.archive('weak', '__attribute__((weak)) void upper_f(void);\nvoid weak_f(void);\n'
                                  'void weak_f(void)\n{\n    upper_f();\n}\n')
    upper = linker.archive('upper', 'void upper_f(void);\nvoid upper_f(void)\n{\n}\n')
    if not refused(linker.link([lower]), 'upper_f'):
        yield 'a call of nothing linked'
    if linker.link([lower, upper]) or linker.link([weak]):
        yield 'a sound program did not link'
    for layer in (lower, weak):
        if list(upward_references([layer, upper])) != [(layer, {'upper_f'})]:
            yield f'nm did not find the call in {layer}'
    if list(upward_references([upper, lower])):
        yield 'nm objects to a call downward'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cc', type=shlex.split, required=True)
    parser.add_argument('--main', required=True)
    parser.add_argument('--layers', nargs='+', required=True, help='archives, bottom first')
    options = parser.parse_args()
    failures = [f'{layer} refers to layers above it: {", ".join(sorted(found))}'
                for layer, found in upward_references(options.layers)]
    with tempfile.TemporaryDirectory() as folder:
        linker = Linker(options.cc, options.main, folder)
        failures += control(linker)
        for i in range(1, len(options.layers)):
            failures += planted(linker, options.layers[:i], options.layers[i])
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
