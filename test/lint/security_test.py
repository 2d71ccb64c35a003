# SPDX-License-Identifier: MIT
"""Does SECURITY.md name the tests that there are? security_test.py ROOT BUILD

Each file that it names has to be there, and in a test of the suite; each crime of test/death,
test/guard and test/secure has to be named. A name without a folder is one of its section's folder,
or of the folder of the name before it.
"""
import json
import os
import pathlib
import re
import sys

FOLDERS = {'What ends the process, and when': 'test/death', 'Sampled guards': 'test/guard',
           'The secure library': 'test/secure'}
NAME = re.compile(r'`([\w*/]+\.(?:c|cc|py))`')
INNOCENT = ('innocent.c',)
CRIMES = {'test/death': '', 'test/guard': 'guarded.h|handler.h', 'test/secure': 'crime.h'}


def named_patterns(text):
    """Patterns of paths below the root, as the text names them."""
    folder = None
    for line in text.splitlines():
        if line.startswith('## '):
            folder = FOLDERS.get(line[3:])
        for name in NAME.findall(line):
            if '/' in name:
                folder = os.path.dirname(name)
            yield os.path.join(folder or 'nowhere', os.path.basename(name))


def files_tested(root, build):
    """The sources of what the suite's commands run, and its scripts."""
    def load(name):
        return json.loads((build / 'meson-info' / f'intro-{name}.json').read_text())

    sources = {}
    for target in load('targets'):
        for file in target['filename']:
            sources[os.path.realpath(file)] = {
                os.path.realpath(source) for part in target['target_sources']
                for source in part.get('sources', [])}
    found = set()
    for test in load('tests'):
        for word in test['cmd']:
            path = os.path.realpath(build / word)
            found |= {path} | sources.get(path, set())
    return {os.path.relpath(path, root) for path in found}


def crimes(root):
    for folder, header in CRIMES.items():
        for path in sorted((root / folder).glob('*.c*')):
            included = re.search(rf'#include "({header or ".*"})"', path.read_text())
            if included and path.name not in INNOCENT:
                yield os.path.relpath(path, root)


def check(root, build):
    tested = files_tested(root, build)
    named = set()
    for pattern in named_patterns((root / 'SECURITY.md').read_text()):
        paths = {os.path.relpath(path, root) for path in root.glob(pattern)}
        if not paths:
            yield f'SECURITY.md names {pattern}, which is not there'
        for path in sorted(paths - tested - named):
            yield f'SECURITY.md names {path}, which no test of the suite runs'
        named |= paths
    for path in crimes(root):
        if path not in named:
            yield f'{path} is not named in SECURITY.md'


def main():
    root, build = (pathlib.Path(os.path.realpath(path)) for path in sys.argv[1:])
    failures = list(check(root, build))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
