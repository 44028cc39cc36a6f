"""What Schemathesis must know of the API beyond openapi.yaml: what no schema can say.

- Which texts are phone numbers, addresses and times. A schema names the format; these make texts of it.
- Which contacts, audiences and clients there are: those of the demo data of `contacts serve`. Requests about others get
  no further than to 404, 400 or 403, so most are made about these.
"""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from zlib import crc32

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData, UnsupportedMethodResponse

CONTACT, AUDIENCE, CLIENT = "c_1", "newsletter", "website"
# .ci/schemathesis has made it, so that what is verified is not taken off meanwhile.
EDITED_CONTACT = os.environ["EDITED_CONTACT"]
# The contact has it.
ADDRESS = "jane.doe@example.com"
# .ci/schemathesis has given it to the contact.
NUMBER = "+14165550100"
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")
ENTITY_TAGS = re.compile(r'"[!#-~]*"(, ?"[!#-~]*")*')
NO_ENTITY_TAGS = re.compile(rf"(?!{ENTITY_TAGS.pattern}$).*", re.DOTALL)

# Spellings of few numbers and addresses, so that requests meet what earlier ones wrote.
NUMBERS = [NUMBER, "+1 (416) 555-0100", "(416) 555-0100", "tel:+1-416-555-0100", "+14165550101"]
ADDRESSES = ["jane.doe@example.com", "Jane.Doe@Example.com", "jane+news@example.com", "j@bücher.example"]
known_numbers = st.sampled_from(NUMBERS)
known_addresses = st.sampled_from(ADDRESSES)

numbers = st.one_of(
    known_numbers,
    known_numbers,
    st.integers(2_000_000, 9_999_999).map(lambda n: f"+1416{n}"),
    st.integers(0, 999_999).map(lambda n: f"011 44 (0)20 79{n:06}"),
)
atoms = st.text("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~é", min_size=1, max_size=20)
labels = st.from_regex(r"\A[a-z0-9]([a-z0-9]{0,20}[a-z0-9])?\Z")
addresses = st.one_of(
    known_addresses,
    st.builds("{}@{}.{}".format, atoms, labels, st.sampled_from(["example", "example.com", "ca"])),
)
# From 1970 to 9999, whatever the offset.
times = st.builds(
    lambda time, fraction, offset: f"{time:%Y-%m-%dT%H:%M:%S}{fraction}{offset}",
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),
    st.sampled_from(["", ".1", ".135", ".135999"]),
    st.sampled_from(["Z", "z", "+00:00", "-04:00", "+05:30"]),
)

schemathesis.openapi.format("phone", numbers)
schemathesis.openapi.format("idn-email", addresses)
schemathesis.openapi.format("date-time", times)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes the request about what there is, where it is about something that could be."""
    body = case.body if isinstance(case.body, dict) else {}
    for parameters in [body, case.query]:
        # Always: another audience is answered 400, as what is wrong is.
        stand_in(parameters, "audience", SLUG, AUDIENCE, always=True)
        stand_in(parameters, "client", SLUG, CLIENT)
    edits = case.path.endswith(("/contact-methods", "/remove"))
    stand_in(case.path_parameters, "id", ID, EDITED_CONTACT if edits else CONTACT)
    if case.path.endswith("/verification"):
        stand_in(body, "email", re.compile(".*@.*"), ADDRESS)
    # Hardly any is the contact's; other texts are none.
    stand_in(case.headers, "If-Match", ENTITY_TAGS, "*")
    stand_in(case.headers, "If-Match", NO_ENTITY_TAGS, "*", always=True)
    say_in_words(case.path, body)
    if case.path.endswith("/verification-history") and isinstance(case.query, Mapping):
        ask_in_words(case.query)


def ask_in_words(query):
    """Keeps the rules that the descriptions of a history's query have in words."""
    # Only an answer gives a cursor.
    query.pop("cursor", None)
    # `type` and `value` come together, and `value` is of that kind.
    kind = query.get("type")
    if kind in ("phone", "email"):
        known = NUMBERS if kind == "phone" else ADDRESSES
        query["value"] = known[crc32(str(query.get("value")).encode()) % len(known)]
    elif kind is None:
        query.pop("value", None)


def say_in_words(path, body):
    """Keeps the rules that the descriptions have in words."""
    # `value` is of the kind that `type` names.
    value, kind = body.get("value"), body.get("type")
    if isinstance(value, str) and 0 < len(value) <= 320 and kind in ("phone", "email"):
        choice = crc32(value.encode())
        new = f"+1416{2_000_000 + choice % 8_000_000}" if kind == "phone" else f"{choice}@example.com"
        known = [*(NUMBERS if kind == "phone" else ADDRESSES), new]
        body["value"] = known[choice % len(known)]
    # At most one phone number is primary.
    numbers = body.get("phoneNumber")
    if isinstance(numbers, list):
        primary = [number for number in numbers if isinstance(number, dict) and number.get("isPrimary") is True]
        for number in primary[1:]:
            number["isPrimary"] = False
    # The time is looked at only if `verified` is true.
    if body.get("verified_at") is not None:
        if body.get("verified") is False or (path == "/api/contacts" and body.get("verified") is None):
            body["verified"] = True


def stand_in(parameters, name, pattern, known, always=False):
    """Puts what is known in place of another value; mostly, and of the same ones each time."""
    value = parameters.get(name) if isinstance(parameters, Mapping) else None
    if isinstance(value, str) and pattern.fullmatch(value) and (always or crc32(value.encode()) % 10):
        parameters[name] = known


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether it is a failure."""
    # API Gateway answers a method without a route as it does a path without one.
    if isinstance(failure, UnsupportedMethodResponse) and response.status_code == 404:
        return False
    # Nothing is wrong with the request, but with the state: no two contacts have one address.
    if isinstance(failure, RejectedPositiveData) and "that no other contact has" in response.text:
        return False
    # The contact does not have the address.
    if isinstance(failure, RejectedPositiveData) and '"fields":{"email":"not_found"}' in response.text:
        return False
    # The contact that was made or added to is there; what it does not have is another number than the one added.
    if isinstance(failure, EnsureResourceAvailability) and "not found on contact" in response.text:
        return False
    if isinstance(failure, AcceptedNegativeData) and also_accepted(case.body):
        return False
    return True


def also_accepted(body):
    """Whether the body has a form that only a description names: a number as a text, or a blank text for an absent one."""
    if not isinstance(body, dict):
        return False
    blank = [body.get(member) for member in ("status", "scope")]
    return isinstance(body.get("phoneNumber"), str) or any(isinstance(text, str) and not text.strip() for text in blank)
