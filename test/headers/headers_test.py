# SPDX-License-Identifier: MIT
"""Compile headers alone. Public ones are include/**/*.h, internal ones src/**/*.h."""
import argparse
import pathlib
import shlex
import subprocess
import sys

STRICT = ['-Wall', '-Wextra', '-Wshadow', '-Wundef', '-Werror', '-fsyntax-only']
C11 = ['-x', 'c', '-std=c11', '-Wstrict-prototypes']
CXX17 = ['-x', 'c++', '-std=c++17', '-pedantic']


def discover(root):
    return sorted(path.relative_to(root).as_posix()
                  for top in ('include', 'src') for path in (root / top).rglob('*.h'))


def commands(header, cc, cxx):
    """How one header is compiled: (what it is called, command)."""
    if header.startswith('include/'):
        yield 'C11', [*cc, *C11, '-pedantic', *STRICT, '-Iinclude']
        yield 'C++17', [*cxx, *CXX17, *STRICT, '-Iinclude']
        return
    # Those of the secure library stand before others of the same name.
    secure = ['-iquote', 'src/secure'] if header.startswith('src/secure/') else []
    for checks in (0, 1):
        yield f'C11 BP_CHECKS={checks}', [*cc, *C11, f'-DBP_CHECKS={checks}', *STRICT, *secure,
                                          '-Isrc', '-Iinclude']


def compile_alone(root, header, command):
    """What the compiler says, or nothing; twice, so that a missing guard shows."""
    name = header.split('/', 1)[1]
    unit = f'#include "{name}"\n#include "{name}"\nextern int not_an_empty_unit;\n'
    done = subprocess.run([*command, '-'], input=unit, cwd=root, stderr=subprocess.PIPE, text=True,
                          check=False)
    return done.stderr if done.returncode else ''


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--root', type=pathlib.Path, required=True)
    parser.add_argument('--cc', type=shlex.split)
    parser.add_argument('--cxx', type=shlex.split)
    parser.add_argument('--list', action='store_true', help='print the headers, compile nothing')
    parser.add_argument('--except', dest='exempt', nargs='*',
                        help='compile all headers but these')
    parser.add_argument('headers', nargs='*')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(discover(options.root)))
        return 0
    headers = options.headers
    if options.exempt is not None:
        headers = sorted(set(discover(options.root)) - set(options.exempt))
    failed = False
    for header in headers:
        for how, command in commands(header, options.cc, options.cxx):
            said = compile_alone(options.root, header, command)
            failed |= bool(said)
            verdict = 'does not compile alone' if said else 'ok'
            print(f'{header} as {how}: {verdict}\n{said}', end='')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
