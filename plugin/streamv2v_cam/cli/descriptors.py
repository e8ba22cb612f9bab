"""Standard input, output and errors that were closed by whoever started the program: their numbers stay taken."""

import os


def keep_standard_numbers() -> None:
    """Open the null device in place of each that is closed.

    Otherwise the next file or socket that is opened gets the number, and what is printed goes into it. Python's own
    `sys.stdin`, `sys.stdout` and `sys.stderr` stay None, by which it can be told.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the lowest free number is given, which is this one
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
