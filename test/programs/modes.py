# SPDX-License-Identifier: MIT
"""Ways to start a program: limits and settings, the same without and with the library."""
import ctypes
import errno
import resource
import struct

ADDR_NO_RANDOMIZE = 0x0040000
CLONE_THREAD = 0x00010000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
SYS_CLONE, SYS_CLONE3 = 56, 435  # x86-64
AUDIT_ARCH_X86_64 = 0xc000003e
ALLOW, FAIL = 0x7fff0000, 0x00050000

LIBC = ctypes.CDLL(None, use_errno=True)  # loaded before a fork: nothing is opened in the child


def limit_addresses():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def fix_addresses():
    """What setarch -R does."""
    LIBC.personality(ADDR_NO_RANDOMIZE)


def no_threads_filter():
    """A seccomp program: new threads fail with EAGAIN, all else, new processes too, is allowed."""
    def step(code, value, true=0, false=0):
        return struct.pack('=HBBI', code, true, false, value)
    load, equal, any_bit, give = 0x20, 0x15, 0x45, 0x06
    return b''.join([
        step(load, 4), step(equal, AUDIT_ARCH_X86_64, 0, 6),
        step(load, 0), step(equal, SYS_CLONE3, 3, 0), step(equal, SYS_CLONE, 0, 3),
        step(load, 16), step(any_bit, CLONE_THREAD, 2, 1),
        step(give, FAIL | errno.ENOSYS),  # glibc falls back to clone, whose flags can be read
        step(give, ALLOW),
        step(give, FAIL | errno.EAGAIN)])


def forbid_threads():
    code = no_threads_filter()
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack('@HxxxxxxQ', len(code) // 8, ctypes.addressof(held))
    for with_privileges in (True, False):
        if not with_privileges:
            LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if LIBC.prctl(PR_SET_SECCOMP, 2, program, 0, 0) == 0:
            return
    raise OSError(ctypes.get_errno(), 'no seccomp')


class Mode:
    def __init__(self, about, prepare=None, env=None):
        self.about = about
        self.prepare = prepare  # called in the child, before the program
        self.env = env or {}

    def same_without(self):
        """Whether a pass without the library is the one of mode plain."""
        return self.prepare is None


MODES = {
    'plain': Mode('as it is'),
    'ulimit-4G': Mode('ulimit -v 4 GiB', limit_addresses),
    'no-aslr': Mode('setarch -R', fix_addresses),
    'thp-always': Mode('BUMPALLOC_THP=always', env={'BUMPALLOC_THP': 'always'}),
    'reserve-256M': Mode('BUMPALLOC_RESERVE=256M', env={'BUMPALLOC_RESERVE': '256M'}),
    'no-new-threads': Mode('threads cannot be made; the library wants one', forbid_threads,
                           {'BUMPALLOC_BACKGROUND': '1'}),
}
