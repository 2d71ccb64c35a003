# SPDX-License-Identifier: MIT
"""Runs a misuse of a guarded object and holds its end against the table: run.py LIBRARY PROGRAM CRIME.

The program prints the object's address to stdout. Its first line on stderr is compared word for
word, the stacks behind it by their titles and by a function that must be in each.
"""
import os
import re
import resource
import signal
import subprocess
import sys

# Name -> signal, first line ({p} is the object, {p+n} an address n bytes on), stacks: title -> function.
SEGV, ABRT = signal.SIGSEGV, signal.SIGABRT
AT_END, AT_BEGIN = {'allocated by': 'object_at_end'}, {'allocated by': 'object_at_begin'}
ACCESSED = {'accessed by': 'main'}
GONE = {'freed by': 'object_free'}
HIT_READ = 'overflow: read of {p+112}, 0 bytes behind {p} (112 bytes)'
CRIMES = {
    'overflow_read': (SEGV, HIT_READ, ACCESSED | AT_END),
    'overflow_write':
        (SEGV, 'overflow: write to {p+115}, 3 bytes behind {p} (112 bytes)', ACCESSED | AT_END),
    'overflow_large':
        (SEGV, 'overflow: write to {p+20000}, 0 bytes behind {p} (20000 bytes)', ACCESSED | AT_END),
    'overflow_locked':
        (SEGV, 'overflow: write to {p+112}, 0 bytes behind {p} (112 bytes)', ACCESSED | AT_END),
    'underflow_read':
        (SEGV, 'underflow: read of {p-1}, 1 byte before {p} (112 bytes)', ACCESSED | AT_BEGIN),
    'underflow_write':
        (SEGV, 'underflow: write to {p-16}, 16 bytes before {p} (112 bytes)', ACCESSED | AT_BEGIN),
    'read_after_free': (SEGV, 'use after free: read of {p+5}, 5 bytes into {p} (112 bytes)',
                        ACCESSED | AT_END | GONE),
    'write_after_free': (SEGV, 'use after free: write to {p}, 0 bytes into {p} (112 bytes)',
                         ACCESSED | AT_BEGIN | GONE),
    'double_free':
        (ABRT, 'double free of {p} (112 bytes)', {'freed again by': 'main'} | AT_END | GONE),
    'double_free_across':
        (ABRT, 'double free of {p} (112 bytes)', {'freed again by': '?'} | AT_END | GONE),
    'free_interior':
        (ABRT, 'invalid pointer {p+16} passed to free, 16 bytes into {p} (112 bytes)',
         {'passed by': 'main'} | AT_END),
    'realloc_interior':
        (ABRT, 'invalid pointer {p+16} passed to realloc, 16 bytes into {p} (112 bytes)',
         {'passed by': 'main'} | AT_END),
    'realloc_freed': (ABRT, 'invalid pointer {p} passed to realloc, 0 bytes into {p} (112 bytes)',
                      {'passed by': 'main'} | AT_END | GONE),
    'usable_size_interior':
        (ABRT,
         'invalid pointer {p+1} passed to malloc_usable_size, 1 byte into {p} (112 bytes)',
         {'passed by': 'main'} | AT_END),
    'usable_size_freed':
        (ABRT, 'invalid pointer {p} passed to malloc_usable_size, 0 bytes into {p} (112 bytes)',
         {'passed by': 'main'} | AT_END | GONE),
    'overflow_slack': (ABRT, 'overflow: found later: 0 bytes behind {p} (100 bytes)',
                       {'found by': 'object_free'} | AT_END),
    'overflow_slack_realloc': (ABRT, 'overflow: found later: 0 bytes behind {p} (100 bytes)',
                               {'found by': 'main'} | AT_END),
    'underflow_slack': (ABRT, 'underflow: found later: 1 byte before {p} (112 bytes)',
                        {'found by': 'object_free'} | AT_END),
    'handler_before': (0, HIT_READ, ACCESSED | AT_END),
    'handler_later': (0, None, {}),
    'handler_chains': (SEGV, HIT_READ, ACCESSED | AT_END),
    'other_trap': (SEGV, None, {}),
    'sent': (SEGV, None, {}),
    'raised': (signal.SIGBUS, None, {}),
    'sent_ignored':
        (SEGV, 'overflow: write to {p+115}, 3 bytes behind {p} (112 bytes)', ACCESSED | AT_END),
    'in_child': (SEGV, 'overflow: write to {p+112}, 0 bytes behind {p} (112 bytes)',
                 ACCESSED | AT_END),
}
SKIPPED = 77
FRAME = re.compile(r'    0x[0-9a-f]+ (\S+) in (\S+)\+0x[0-9a-f]+')


def run(library, program):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith('BUMPALLOC_')}
    environment |= {'LD_PRELOAD': library, 'BUMPALLOC_GUARD': '1'}
    result = subprocess.run(
        [program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
    return result.returncode, result.stdout, result.stderr


def filled(template, address):
    return 'bumpalloc: ' + re.sub(r'\{p([+-]\d+)?\}',
                                  lambda match: hex(address + int(match[1] or 0)), template)


def stacks_of(lines):
    """Title -> names of the functions, from the lines behind the first."""
    stacks = {}
    names = None
    for line in lines:
        title = re.fullmatch(r'bumpalloc:   (.+)', line)
        frame = FRAME.fullmatch(line)
        if title:
            names = stacks.setdefault(title[1], [])
        elif frame and names is not None:
            names.append(frame[1])
        else:
            yield f'unexpected line {line!r}'
    yield stacks


def check(name, status, output, errors):
    end_signal, template, expected = CRIMES[name]
    if status != -end_signal:
        yield f'status: expected {-end_signal}, actual {status}'
    addresses = re.findall('^0x[0-9a-f]+$', output, re.MULTILINE)
    if not addresses:
        yield f'the crime was not reached: stdout is {output!r}'
        return
    if not end_signal and 'handled 1' not in output.splitlines():
        yield f'the handler did not run, or not as it should have: stdout is {output!r}'
    lines = errors.splitlines()
    if not template:
        if lines:
            yield f'stderr: expected nothing, actual {errors!r}'
        return
    first = filled(template, int(addresses[-1], 16))
    if not lines or lines[0] != first:
        yield f'stderr: expected first {first!r}, actual {errors!r}'
    *odd, stacks = stacks_of(lines[1:])
    yield from odd
    if set(stacks) != set(expected):
        yield f'stacks: expected {sorted(expected)}, actual {sorted(stacks)}'
    for title, function in expected.items():
        if function not in stacks.get(title, []):
            yield f'{title}: {function} is not in {stacks.get(title)}'


def main():
    library, program, name = sys.argv[1:]
    outcome = run(library, program)
    if outcome[0] == SKIPPED:
        print('skipped: what the program needs is refused here')
        return SKIPPED
    failures = list(check(name, *outcome))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
