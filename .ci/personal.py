"""What is personal or secret in a log, as the tests' data have it.

The contacts of the black-box tests have numbers that begin with +1416555 or +44, their addresses are on example.com and
the like, and every JSON Web Token begins with eyJ.
"""

import re
import sys

PERSONAL = {
    "a token": re.compile(r"eyJ[A-Za-z0-9_-]{8,}|[Bb]earer [A-Za-z0-9]"),
    "an e-mail address": re.compile(r"[^\s\"@]+@[^\s\"@]+\.[a-z]+"),
    "a phone number": re.compile(r"\+\d{7,15}|416[ -]?555[ -]?\d{4}"),
}


def report(number, line):
    """Reports what is personal in a line of a log, and returns how many kinds of it there are."""
    found = [what for what, pattern in PERSONAL.items() if pattern.search(line)]
    for what in found:
        print(f"line {number} holds {what}: {line}", file=sys.stderr)
    return len(found)
