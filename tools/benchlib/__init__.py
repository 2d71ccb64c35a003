# SPDX-License-Identifier: MIT


class UsageError(SystemExit):
    """The command line asks for what is not there; the message says what."""
