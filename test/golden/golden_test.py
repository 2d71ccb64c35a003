# SPDX-License-Identifier: MIT
"""Hold the hot paths of the built library to their limits and to the checked-in table."""
import argparse
import difflib
import pathlib
import platform
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import hotpath  # the path above has to come first

SKIP = 77
REPORTED_ONLY = {'realloc'}
AT_MOST = {'malloc': 15, 'free': 19}
NONE_OF = ('calls', 'pushes', 'locks', 'divs')


def broken_limits(paths):
    """One sentence for each limit that is exceeded."""
    missing = set(hotpath.SYMBOLS) - {path.symbol for path in paths}
    yield from (f'{symbol} is not exported' for symbol in sorted(missing))
    for path in paths:
        if path.symbol in REPORTED_ONLY:
            continue
        if path.end != 'ret':
            yield f'{path.symbol}: the line ends with "{path.end}", not with a return'
        for column in NONE_OF:
            if path.line[column]:
                yield f'{path.symbol}: {path.line[column]} {column} on the line, expected none'
        if path.line['tls'] != 1:
            yield f'{path.symbol}: {path.line["tls"]} TLS accesses on the line, expected 1'
        most = AT_MOST.get(path.symbol, path.line['insns'])
        if path.line['insns'] > most:
            yield f'{path.symbol}: {path.line["insns"]} instructions, expected at most {most}'


def header(lines):
    """Whom a table is for."""
    return [line for line in lines if line.startswith(('# compiler:', '# arch:'))]


def difference(golden, actual):
    """The diff, or nothing if they are equal or the table is for another compiler or machine."""
    if header(golden) and header(golden) != header(actual):
        print(f'The table is for {header(golden)}, this library is {header(actual)}: limits only.')
        return []
    return list(difflib.unified_diff(golden, actual, 'checked in', 'this build', lineterm=''))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('tools')
    parser.add_argument('library')
    parser.add_argument('table', type=pathlib.Path)
    parser.add_argument('--not-release', action='store_true')
    parser.add_argument('--limits-only', action='store_true')
    options = parser.parse_args()
    if options.not_release or platform.machine() not in ('x86_64', 'AMD64'):
        print('only a release build for x86_64 has limits')
        return SKIP
    library = hotpath.Library(options.library)
    actual = library.table()
    print('\n'.join(actual))
    failures = list(broken_limits(library.paths()))
    if not options.limits_only:
        diff = difference(options.table.read_text().splitlines(), actual)
        failures += diff
        if diff:
            library_path = pathlib.Path(options.library).resolve()
            failures.append(f'If this is meant: tools/hotpath.py {library_path} '
                            '--write test/golden/hotpath.txt')
    print('\n'.join(['', *failures]))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
