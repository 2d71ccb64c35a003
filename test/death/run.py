# SPDX-License-Identifier: MIT
"""Runs one crime and holds its end against the table: run.py LIBRARY PROGRAM CRIME|options.

A crime prints the pointer that it abuses to stdout. It has to die of the signal in the table after
exactly one line on stderr. `options` runs an innocent program under odd settings instead.
"""
import os
import re
import resource
import signal
import subprocess
import sys

POINTERS = ('unused', 'metadata', 'interior_large', 'misaligned_small_1', 'misaligned_small_8',
            'misaligned_large_1', 'misaligned_large_8', 'uncommitted', 'purged', 'unmapped',
            'fresh')
CALLS = {'free': 'free', 'realloc': 'realloc', 'usable_size': 'malloc_usable_size'}

# Crime -> signal, the line on stderr; {p} is the pointer.
CRIMES = {
    f'{prefix}_{pointer}':
        (signal.SIGABRT, f'bumpalloc: invalid pointer {{p}} passed to {function}')
    for prefix, function in CALLS.items() for pointer in POINTERS
}
INVALID = 'bumpalloc: invalid pointer {p} passed to '
GLIBCS = 'free(): invalid pointer'
CORRUPT = 'bumpalloc: free objects corrupted: double free or write after free (class 208)'
CRIMES |= {name: (signal.SIGABRT, line) for name, line in {
    'double_free_large': 'bumpalloc: double free of {p} (class 262144)',
    'double_free_small': 'bumpalloc: double free of {p} (class 208)',
    'double_free_last': 'bumpalloc: double free of {p} (class 208)',
    'double_free_last_stray': 'bumpalloc: double free of {p} (class 208)',
    'double_free_smallest': 'bumpalloc: double free of {p} (class 16)',
    'double_free_across': CORRUPT,
    'free_interior_small': INVALID + 'free',
    'usable_size_interior_small': INVALID + 'malloc_usable_size',
    'realloc_interior_small_stays': INVALID + 'realloc',
    'realloc_interior_small_moves': INVALID + 'realloc',
    'realloc_interior_small_large': INVALID + 'realloc',
    'write_after_free': CORRUPT,
    'free_thread_stack': GLIBCS,
    'free_mapping_middle': GLIBCS,
    'realloc_freed_large': INVALID + 'realloc',
    'usable_size_freed_large': INVALID + 'malloc_usable_size',
    'reallocarray_interior_small': INVALID + 'realloc',
    'reallocarray_interior_large': INVALID + 'realloc',
    'outside_write_after_free': CORRUPT,
    'outside_double_free_gone': INVALID + 'free',
}.items()}

# What is freed twice, and its class; a mapping of its own has the class of its bytes.
TWICE = {'aligned_small': 192, 'aligned_page': 4096, 'aligned_large': 2**20, 'huge_calloc': 2**30,
         'realloc_small': 208, 'realloc_large': 262144, 'realloc_zero': 208, 'large_across': 262144,
         'direct': 200 * 1024, 'direct_across': 200 * 1024}
LARGE_CALLS = ('free_sized', 'free_aligned_sized', 'delete', 'delete_array', 'delete_sized',
               'delete_aligned', 'delete_sized_aligned')
TWICE_LINE = 'bumpalloc: double free of {p} (class %d)'
CRIMES |= {f'double_free_{name}': (signal.SIGABRT, TWICE_LINE % n_bytes)
           for name, n_bytes in TWICE.items()}
CRIMES |= {f'{call}_twice': (signal.SIGABRT, TWICE_LINE % 262144)
           for call in LARGE_CALLS}
CRIMES |= {f'{call}_interior': (signal.SIGABRT, INVALID + 'free') for call in LARGE_CALLS}
CRIMES |= {f'{prefix}_interior_direct': (signal.SIGABRT, INVALID + function)
           for prefix, function in CALLS.items()}
CRIMES |= {f'{prefix}_{pointer}': (signal.SIGABRT, INVALID + function)
           for prefix, function in CALLS.items() for pointer in ('stack', 'global')}
CRIMES |= {f'free_{pointer}': (signal.SIGABRT, INVALID + 'free')
           for pointer in ('data', 'argument', 'library', 'code', 'mapping', 'misaligned_foreign')}

# Outside the reservation: the setting that leaves none.
OUTSIDE = 'BUMPALLOC_RESERVE=0'
CRIMES |= {f'outside_{prefix}_{pointer}': (signal.SIGABRT, INVALID + function)
           for prefix, function in CALLS.items() for pointer in ('interior', 'unused')}
CRIMES |= {f'outside_double_free{how}': (signal.SIGABRT, TWICE_LINE % 208)
           for how in ('', '_last')}

# Setting -> the line on stderr if it is bad, and the bounds of the address space in GiB.
TIB = 1024
RESERVATION_16T = (16 * TIB, 17 * TIB)
SETTINGS = {
    '': (None, RESERVATION_16T),
    'BUMPALLOC_RESERVE=64M': (None, (0, 1)),
    'BUMPALLOC_RESERVE=0': (None, (0, 1)),
    'BUMPALLOC_RESERVE=2T': (None, (2 * TIB, 3 * TIB)),
    'BUMPALLOC_RESERVE=512G': (None, (512, 768)),
    'BUMPALLOC_REALLOC_ZERO=alloc': (None, RESERVATION_16T),
    'BUMPALLOC_REALLOC_ZERO=free': (None, RESERVATION_16T),
    'BUMPALLOC_REALLOC_ZERO=maybe':
        ('bumpalloc: BUMPALLOC_REALLOC_ZERO=maybe: unknown, using free', RESERVATION_16T),
}
for bad in 'banana', '-1', '12X', '1TB', '1 T', '0x1000', 'T', '99999999999999999999', '20000000T':
    SETTINGS[f'BUMPALLOC_RESERVE={bad}'] = (
        f'bumpalloc: BUMPALLOC_RESERVE={bad}: not a size, using 16T', RESERVATION_16T)


def run(library, program, setting=''):
    """Exit status, stdout and stderr of the program under the library, without a core file."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('BUMPALLOC_')}
    environment['LD_PRELOAD'] = library
    if setting:
        name, value = setting.split('=', 1)
        environment[name] = value
    result = subprocess.run(
        [program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
    return result.returncode, result.stdout, result.stderr


def check_crime(library, program, name):
    end_signal, template = CRIMES[name]
    setting = OUTSIDE if name.startswith('outside_') else ''
    status, output, errors = run(library, program, setting)
    lines = output.split()
    if len(lines) != 1 or not re.fullmatch('0x[0-9a-f]+', lines[0]):
        yield f'the crime was not reached: stdout is {output!r}'
        return
    expected = template.format(p=lines[0]) + '\n'
    if errors != expected:
        yield f'stderr: expected {expected!r}, actual {errors!r}'
    if status != -end_signal:
        yield f'status: expected {-end_signal} ({end_signal.name}), actual {status}'


def check_setting(library, program, setting):
    line, (low, high) = SETTINGS[setting]
    status, output, errors = run(library, program, setting)
    expected = line + '\n' if line else ''
    if errors != expected:
        yield f'{setting or "default"}: stderr: expected {expected!r}, actual {errors!r}'
    if status != 0:
        yield f'{setting or "default"}: status: expected 0, actual {status}'
        return
    n_gib = int(re.fullmatch(r'VmSize:\s*(\d+) kB\n', output).group(1)) / 2**20
    if not low <= n_gib < high:
        yield f'{setting or "default"}: {n_gib:.1f} GiB of addresses, expected {low} to {high}'


def check_settings(library, program):
    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        print('skipped: the address space is limited here')
        sys.exit(77)
    for setting in SETTINGS:
        yield from check_setting(library, program, setting)


def main():
    library, program, name = sys.argv[1:]
    if name == 'options':
        failures = list(check_settings(library, program))
    else:
        failures = list(check_crime(library, program, name))
    print('\n'.join(failures))
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
