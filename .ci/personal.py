"""Patterns of personal and secret data in a log of the tests.

In the black-box tests, phone numbers begin with +1416555 or +44, e-mail addresses are on example.com and similar domains,
and every JSON Web Token begins with eyJ.
"""

import re
import sys

PERSONAL = {
    "a token": re.compile(r"eyJ[A-Za-z0-9_-]{8,}|[Bb]earer [A-Za-z0-9]"),
    "an e-mail address": re.compile(r"[^\s\"@]+@[^\s\"@]+\.[a-z]+"),
    "a phone number": re.compile(r"\+\d{7,15}|416[ -]?555[ -]?\d{4}"),
}


def report(number, line):
    """Reports the personal data in a line of a log, and returns how many kinds it found."""
    found = [what for what, pattern in PERSONAL.items() if pattern.search(line)]
    for what in found:
        print(f"line {number} holds {what}: {line}", file=sys.stderr)
    return len(found)
