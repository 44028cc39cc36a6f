"""What two APIs answer to one request, and in what they differ though they must not."""

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

# Headers that an answer has from the function; the others are of whoever stands before it.
HEADERS = ["content-type", "etag", "www-authenticate", "retry-after"]

REQUEST_ID = re.compile(r'("requestId"\s*:\s*)"([^"]*)"')
# The id that a contact is given is another one in each API.
NEW_CONTACT = re.compile(r"\bc_[0-9a-f]{32}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Answer(NamedTuple):
    status: int
    headers: dict  # by lower-cased name
    body: str


def faults(answer):
    """What every answer of a function must have."""
    request_id = answer.headers.get("x-request-id")
    if not request_id:
        yield "the answer has no x-request-id"
    for _, named in REQUEST_ID.findall(answer.body):
        if named != request_id:
            yield f"the body names the request {named}, x-request-id {request_id}"


def differences(ours, theirs):
    """One line for each thing in which the answers differ, but for the request's id, those of new contacts, and times of
    today."""
    if ours.status != theirs.status:
        yield f"status {ours.status}, not {theirs.status}"
    for name in HEADERS:
        if ours.headers.get(name) != theirs.headers.get(name):
            yield f"{name} {ours.headers.get(name)!r}, not {theirs.headers.get(name)!r}"
    if same_for_all(ours.body) != same_for_all(theirs.body):
        yield f"body {ours.body}\n    not {theirs.body}"


def same_for_all(body):
    return TIME.sub(hide_today, NEW_CONTACT.sub("c_NEW", REQUEST_ID.sub(r'\1"ID"', body)))


def hide_today(match):
    """The clock's time is another one for each API; times that a request gave are not."""
    time = datetime.strptime(match[0][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return "TODAY" if abs(datetime.now(timezone.utc) - time) < timedelta(days=1) else match[0]
