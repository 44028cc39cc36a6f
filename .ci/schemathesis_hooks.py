"""What Schemathesis must know about the API that no schema in openapi.yaml can express.

- The phone numbers, addresses and times. A schema only names the format; the strategies below generate texts of it.
- The contacts, audiences and clients of the demo data of `contacts serve`. Requests about others only get 404, 400 or 403,
  so most requests are about these.
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
# .ci/schemathesis has created it, so that no edit removes the numbers and addresses that other requests verify.
EDITED_CONTACT = os.environ["EDITED_CONTACT"]
# An address of the contact.
ADDRESS = "jane.doe@example.com"
# .ci/schemathesis has added it to the contact.
NUMBER = "+14165550100"
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")
ENTITY_TAGS = re.compile(r'"[!#-~]*"(, ?"[!#-~]*")*')
NO_ENTITY_TAGS = re.compile(rf"(?!{ENTITY_TAGS.pattern}$).*", re.DOTALL)

# Spellings of a few numbers and addresses, so that requests meet data of earlier requests.
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
    """Replaces valid ids in the request by ids that exist."""
    body = case.body if isinstance(case.body, dict) else {}
    for parameters in [body, case.query]:
        # Always: an unknown audience gets 400, as an invalid request does.
        stand_in(parameters, "audience", SLUG, AUDIENCE, always=True)
        stand_in(parameters, "client", SLUG, CLIENT)
    edits = case.path.endswith(("/contact-methods", "/remove"))
    stand_in(case.path_parameters, "id", ID, EDITED_CONTACT if edits else CONTACT)
    if case.path.endswith("/verification"):
        stand_in(body, "email", re.compile(".*@.*"), ADDRESS)
    # A random entity tag is hardly ever the contact's, and other texts are no entity tags.
    stand_in(case.headers, "If-Match", ENTITY_TAGS, "*")
    stand_in(case.headers, "If-Match", NO_ENTITY_TAGS, "*", always=True)
    say_in_words(case.path, body)
    if case.path.endswith("/verification-history") and isinstance(case.query, Mapping):
        ask_in_words(case.query)


def ask_in_words(query):
    """Makes the query of a history follow the rules that its descriptions state in words."""
    # Cursors come only from answers.
    query.pop("cursor", None)
    # `type` and `value` come together, and `value` is of that kind.
    kind = query.get("type")
    if kind in ("phone", "email"):
        known = NUMBERS if kind == "phone" else ADDRESSES
        query["value"] = known[crc32(str(query.get("value")).encode()) % len(known)]
    elif kind is None:
        query.pop("value", None)


def say_in_words(path, body):
    """Makes the body follow the rules that the descriptions state in words."""
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
    # The API reads the time only if `verified` is true.
    if body.get("verified_at") is not None:
        if body.get("verified") is False or (path == "/api/contacts" and body.get("verified") is None):
            body["verified"] = True


def stand_in(parameters, name, pattern, known, always=False):
    """Replaces a valid value by a known one: always, or for nine of ten values, the same ones in each run."""
    value = parameters.get(name) if isinstance(parameters, Mapping) else None
    if isinstance(value, str) and pattern.fullmatch(value) and (always or crc32(value.encode()) % 10):
        parameters[name] = known


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether the reported failure is one."""
    # API Gateway answers a method without a route as it answers a path without one: 404.
    if isinstance(failure, UnsupportedMethodResponse) and response.status_code == 404:
        return False
    # The request is valid, but the state refuses it: another contact has the address.
    if isinstance(failure, RejectedPositiveData) and "that no other contact has" in response.text:
        return False
    # The contact does not have the address.
    if isinstance(failure, RejectedPositiveData) and '"fields":{"email":"not_found"}' in response.text:
        return False
    # The contact exists. It does not have the number, because the request names another number than the added one.
    if isinstance(failure, EnsureResourceAvailability) and "not found on contact" in response.text:
        return False
    if isinstance(failure, AcceptedNegativeData) and also_accepted(case.body):
        return False
    return True


def also_accepted(body):
    """Whether the body has a form that only a description allows: a number as a text, or a blank text for an absent one."""
    if not isinstance(body, dict):
        return False
    blank = [body.get(member) for member in ("status", "scope")]
    return isinstance(body.get("phoneNumber"), str) or any(isinstance(text, str) and not text.strip() for text in blank)
