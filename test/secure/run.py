# SPDX-License-Identifier: MIT
"""Runs one crime under the secure library: run.py DEATH_FOLDER LIBRARY PROGRAM CRIME|sealed.

As test/death/run.py, with a table of its own. `sealed` looks whether options and secrets are in
pages that cannot be written.
"""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import run as death  # noqa: E402

OVERFLOW = 'bumpalloc: overflow at {p} (class %d)'
WRITTEN = 'bumpalloc: write after free of {p} (class %d)'
DOUBLE = 'bumpalloc: double free of {p} (class %d)'
LINES = {
    'overflow_zero_byte': OVERFLOW % 32,
    'overflow_tag': OVERFLOW % 32,
    'overflow_slack': OVERFLOW % 1024,
    'underflow_byte': OVERFLOW % 208,
    'large_slack': OVERFLOW % 200001,
    'copy_overflow': OVERFLOW % 208,
    'write_after_free': WRITTEN % 208,
    'medium_write_after_free': WRITTEN % 100000,
    'set_after_free': WRITTEN % 208,
    'write_after_free_trimmed': WRITTEN % 100000,
    'double_free_trimmed': DOUBLE % 262144,
    'double_free_at_once': DOUBLE % 208,
    'double_free_later': DOUBLE % 208,
    'double_free_slack': DOUBLE % 1024,
    'double_free_no_bytes': DOUBLE % 0,
    'large_double_free': DOUBLE % 262144,
    'link_overwritten': death.CORRUPT,
    'free_interior': 'bumpalloc: invalid pointer {p} passed to free',
    'delete_wrong_size': 'bumpalloc: wrong size for {p}: 72, not 1',
    'free_wrong_size': 'bumpalloc: wrong size for {p}: 72, not 1',
    'free_aligned_wrong_size': 'bumpalloc: wrong size for {p}: 100031, not 100032',
    'delete_of_array': 'bumpalloc: delete of {p} from new[]',
    'delete_array_of_one': 'bumpalloc: delete[] of {p} from new',
}
# The processor ends these.
FAULTS = ['write_no_bytes', 'read_no_bytes', 'large_overflow', 'large_underflow',
          'large_read_after_free', 'guard_after_many', 'span_guard', 'chunk_uncommitted']
# The block that is named is not the pointer that is abused.
ANY_POINTER = {'copy_underflow':
               r'bumpalloc: (overflow at|write after free of) 0x[0-9a-f]+ \(class 208\)\n'}


def check_any(library, program, name):
    status, _, errors = death.run(library, program)
    if not re.fullmatch(ANY_POINTER[name], errors):
        yield f'stderr: {errors!r}'
    if status != -signal.SIGABRT:
        yield f'status: {status}'


def check_fault(library, program):
    status, output, errors = death.run(library, program)
    if not output or errors:
        yield f'stdout is {output!r}, stderr is {errors!r}'
    if status != -signal.SIGSEGV:
        yield f'status: expected {-signal.SIGSEGV} (SIGSEGV), actual {status}'


def symbols(library):
    """name -> offset of the library's own."""
    text = subprocess.run(['nm', library], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def check_sealed(library, program):
    _, maps, _ = death.run(library, program)
    name = os.path.basename(os.path.realpath(library))
    rows = re.findall(r'^(\w+)-(\w+) (\S+) .*?(\S*)$', maps, re.M)
    begins = [int(low, 16) for low, _, _, path in rows if os.path.basename(path) == name]
    if not begins:
        yield f'{name} is not in the map'
        return
    ours = [(int(low, 16), int(high, 16), access) for low, high, access, _ in rows]
    offsets = symbols(library)
    for symbol in 'bp_options', 'bp_secrets':
        at = begins[0] + offsets[symbol]
        access = [access for low, high, access in ours if low <= at < high]
        if access != ['r--p']:
            yield f'{symbol} is at {at:#x}, access {access}, expected r--p'
    at = begins[0] + offsets['bp_hot']
    if not any(low <= at < high and access == 'rw-p' for low, high, access in ours):
        yield 'bp_hot, which changes, is not writable: the map is not understood'


def main():
    library, program, name = sys.argv[2:]
    if name == 'sealed':
        failures = list(check_sealed(library, program))
    elif name in FAULTS:
        failures = list(check_fault(library, program))
    elif name in ANY_POINTER:
        failures = list(check_any(library, program, name))
    else:
        death.CRIMES[name] = (signal.SIGABRT, LINES[name])
        failures = list(death.check_crime(library, program, name))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
