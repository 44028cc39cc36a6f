#!/usr/bin/env python3
"""Writes the sample events: what API Gateway (HTTP API, payload 2.0) hands to each function.

    python3 events/generate.py            # writes events/<function>/<case>.json
    python3 events/generate.py --check    # writes nothing, fails where a file is missing, stale or nobody's

They refer to the demo data of `contacts serve` (cli/src/serve/demo.json) and carry tokens signed with the published
development key (shared/src/auth/mod.rs), so that they work on one machine: against `contacts serve --database-only`,
with `cargo lambda invoke FUNCTION --data-file FILE` beside a `cargo lambda watch` that has the settings of a function.

A file is named for what it shows. What has to be there before, such as the verification that is kept, is made by
another file; tests/black_box/events.rs says which, and holds every file against its answer. The output depends on
nothing but this script: tokens do not expire before 2099, ids and times come from the file's name.
"""

import base64
import hashlib
import hmac
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl

HERE = Path(__file__).resolve().parent

# The published development key, and what development tokens say (cli/src/development.rs).
SECRET = b"contact-verification development key: public, not secret"
KEY_ID = "development"
ISSUER = "https://contacts.localhost"
AUDIENCE = "contacts"

# The demo data.
CRM = "64f0a1b2c3d4e5f6a7b8c9d3"
JANE = "64f0a1b2c3d4e5f6a7b8c9d0"
ALEX = "64b2c3d4e5f60012345678aa"
MAILER = "org_a"
USER = "64a1b2c3d4e5f60012345679"
PHONE = "+14165550100"
EMAIL = "alex@example.com"

API = "a1b2c3d4e5"
DOMAIN = f"{API}.execute-api.ca-central-1.amazonaws.com"
USER_AGENT = "python-requests/2.32.3"

# function: its route, and the contact that its events are about unless they say otherwise.
FUNCTIONS = {
    "verify-phone-number": ("PATCH /api/contacts/{id}/phone-number/verify", JANE),
    "verify-contact-method": ("PATCH /api/contacts/{id}/verify-contact-methods", ALEX),
    "verify-contact": ("PATCH /api/contacts/{id}/verification", "c_1"),
    "upsert-contact": ("POST /api/contacts", None),
    "get-contact": ("GET /api/contacts/{id}", ALEX),
    "contact-status": ("GET /api/contacts/status", None),
    "add-contact-method": ("POST /api/contacts/{id}/contact-methods", ALEX),
    "remove-contact-method": ("POST /api/contacts/{id}/contact-methods/remove", ALEX),
    "subscribe": ("POST /api/subscriptions/subscribe", None),
    "unsubscribe": ("POST /api/subscriptions/unsubscribe", None),
}

# Those that an application calls; a person calls the others.
OF_APPLICATIONS = {"verify-contact", "upsert-contact", "contact-status", "subscribe", "unsubscribe"}

# Those whose events hold every way not to be let in, and not to be read. The others read a request by the same code.
WITH_ALL_REFUSALS = {"verify-phone-number", "verify-contact-method", "verify-contact"}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def token(organization, subject=USER, secret=SECRET, **claims):
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": 1767225600,  # 2026-01-01
        "exp": 4070908800,  # 2099-01-01
        "organizationId": organization,
    } | claims
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"typ": "JWT", "alg": "HS256", "kid": KEY_ID}
    signed = f"{base64url(compact(header).encode())}.{base64url(compact(claims).encode())}"
    return f"{signed}.{base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def bearer(organization, subject=USER, **claims):
    return "Bearer " + token(organization, subject, **claims)


OF_USER = bearer(CRM)
OF_WEBSITE = bearer(MAILER, "website", client="website")

# How a caller fails to be let in; alike for every function. The expired token is of 2025-01-01.
REFUSED = {
    "no-token": {"authorization": None},
    "not-a-bearer": {"authorization": "Basic d2Vic2l0ZTpzZWNyZXQ="},
    "malformed-token": {"authorization": "Bearer not.a.token"},
    "expired-token": {"authorization": bearer(CRM, iat=1735689600, exp=1735693200)},
    "forged-token": {"authorization": bearer(CRM, secret=b"a secret that is not the one of the key set")},
    "other-issuer": {"authorization": bearer(CRM, iss="https://idp.example.com")},
    "token-without-organization": {"authorization": bearer(None)},
    # API Gateway joins the values of two headers of one name by a comma.
    "two-authorization-headers": {"authorization": f"{OF_USER},{OF_USER}"},
}

# How a body fails before any of its members is looked at.
NO_OBJECT = {
    "body-not-json": {"text": "{\"phoneNumber\": "},
    "body-not-utf8": {"data": b"{\"phoneNumber\":\"\xff\xfe\"}"},
    "body-not-an-object": {"text": "[]"},
}


def phone(**members):
    return {"phoneNumber": PHONE, "verifiedAt": "2026-05-15T09:12:00.000Z"} | members


def method(kind="phone", **members):
    value = PHONE if kind == "phone" else EMAIL
    return {"type": kind, "value": value, "verifiedAt": "2026-05-20T15:04:01.135Z"} | members


def contact(**members):
    verified = {"verified": True, "verified_at": "2024-09-01T10:00:00Z"}
    return verified | {"audience": "newsletter", "client": "website"} | members


def new_method(kind="phone", **members):
    value = "+14165550101" if kind == "phone" else "alex.morgan@example.com"
    return {"type": kind, "value": value} | members


def subject(**members):
    """Whom an application's request is about: c_1 of the demo data."""
    return {"email": "jane.doe@example.com", "audience": "newsletter", "client": "website"} | members


def without(body, *members):
    return {name: value for name, value in body.items() if name not in members}


CASES = {
    "verify-phone-number": {
        "recorded": {"body": phone()},
        "recorded-by-an-earlier-time": {"body": phone(verifiedAt="2026-05-14T18:30:00.000Z")},
        "recorded-national-number": {"body": phone(phoneNumber="(416) 555-0100")},
        "recorded-base64-body": {"body": phone(), "base64_body": True},
        "recorded-without-content-type": {"body": phone(), "headers": {"content-type": None}},
        "recorded-merge-patch": {
            "body": phone(), "base64_body": True, "headers": {"content-type": "application/merge-patch+json"},
        },
        "recorded-if-match": {"body": phone(), "headers": {"if-match": '"1"'}},
        "recorded-joined-if-match": {"body": phone(), "headers": {"if-match": '"7","1"'}},
        "recorded-any-if-match": {"body": phone(), "headers": {"if-match": "*"}},
        "recorded-by-an-application": {
            "body": phone(), "authorization": bearer(CRM, "dialler", client="dialler"),
        },
        "recorded-by-a-superadmin-of-another-tenant": {
            "body": phone(), "authorization": bearer(MAILER, "operator_1", role="SUPERADMIN"),
        },
        "recorded-by-a-superadmin-without-a-tenant": {
            "body": phone(), "authorization": bearer(None, "operator_1", role="SUPERADMIN"),
        },
        "kept": {"body": phone(verifiedAt="2026-06-01T00:00:00.000Z")},
        # The same instant as in `recorded`, on a clock in Toronto.
        "kept-by-an-equal-time": {"body": phone(verifiedAt="2026-05-15T05:12:00-04:00")},
        "cleared": {"body": phone(verifiedAt=None)},
        "cleared-without-a-time": {"body": without(phone(), "verifiedAt")},
        "unchanged": {"body": phone(verifiedAt=None)},
        "contact-not-found": {"body": phone(), "contact": "64f0a1b2c3d4e5f6a7b8c9df"},
        "contact-id-not-an-id": {"body": phone(), "contact": f"{JANE}.json"},
        "other-tenant": {"body": phone(), "authorization": bearer(MAILER)},
        "phone-number-not-found": {"body": phone(phoneNumber="+14165550199")},
        "phone-number-missing": {"body": without(phone(), "phoneNumber")},
        "phone-number-not-a-text": {"body": phone(phoneNumber=14165550100)},
        "bad-phone-number": {"body": phone(phoneNumber="+1 416 555 0100 ext. 5")},
        "bad-date": {"body": phone(verifiedAt="2026-02-30T09:12:00.000Z")},
        "date-without-offset": {"body": phone(verifiedAt="2026-05-15T09:12:00.000")},
        "misspelt-time": {"body": {"phoneNumber": "+14165550100", "verified_at": "2026-05-15T09:12:00.000Z"}},
        "several-faults": {"body": {"verifiedAt": "yesterday"}, "headers": {"if-match": "1"}},
        "body-empty": {},
        "bad-if-match": {"body": phone(), "headers": {"if-match": 'W/"1"'}},
        "version-mismatch": {"body": phone(), "headers": {"if-match": '"2"'}},
        "wrong-content-type": {"body": phone(), "headers": {"content-type": "text/plain"}},
    },
    "verify-contact-method": {
        "phone-recorded": {"body": method(verificationSource="admin-manual")},
        "phone-recorded-by-an-earlier-time": {"body": method(verifiedAt="2026-05-20T15:04:01.134Z")},
        "phone-kept": {"body": method(verifiedAt="2026-05-21T08:00:00.000Z", verificationSource="webchat")},
        "phone-kept-by-an-equal-time": {"body": method(verificationSource="webchat")},
        "phone-cleared": {"body": method(verifiedAt=None)},
        "phone-unchanged": {"body": method(verifiedAt=None)},
        "email-recorded": {"body": method("email", value="Alex@Example.COM", verificationSource="webchat")},
        "email-recorded-base64-body": {"body": method("email"), "base64_body": True},
        "email-kept": {"body": method("email", verifiedAt="2026-05-21T08:00:00.000Z")},
        "email-cleared": {"body": without(method("email"), "verifiedAt")},
        "email-unchanged": {"body": method("email", verifiedAt=None)},
        "recorded-with-a-blank-label": {"body": method(verificationSource="")},
        "recorded-joined-if-match": {"body": method(), "headers": {"if-match": '"7","1"'}},
        "recorded-by-an-application": {
            "body": method(), "authorization": bearer(CRM, "dialler", client="dialler"),
        },
        "recorded-by-a-superadmin-of-another-tenant": {
            "body": method(), "authorization": bearer(MAILER, "operator_1", role="SUPERADMIN"),
        },
        "contact-not-found": {"body": method(), "contact": "64b2c3d4e5f60012345678ab"},
        "other-tenant": {"body": method(), "authorization": bearer(MAILER)},
        "phone-number-not-found": {"body": method(value="+14165550199")},
        "email-not-found": {"body": method("email", value="alex.morgan@example.com")},
        "type-missing": {"body": without(method(), "type")},
        "bad-type": {"body": method(type="fax")},
        "value-missing": {"body": without(method("email"), "value")},
        "bad-phone-number": {"body": method(value="416-555-0100 x5")},
        "bad-email": {"body": method("email", value="alex@")},
        "bad-date": {"body": method(verifiedAt="2026-05-20")},
        "misspelt-time": {
            "body": {"type": "email", "value": "alex@example.com", "verified_at": "2026-05-20T15:04:01.135Z"},
        },
        "bad-label": {"body": method(verificationSource="admin\nmanual")},
        "several-faults": {
            "body": {"value": 5, "verifiedAt": True, "verificationSource": "x" * 101}, "headers": {"if-match": "1"},
        },
        "body-empty": {},
        "bad-if-match": {"body": method(), "headers": {"if-match": "1"}},
        "version-mismatch": {"body": method(), "headers": {"if-match": '"2"'}},
        "wrong-content-type": {
            "body": method(), "headers": {"content-type": "application/x-www-form-urlencoded"}, "base64_body": True,
        },
    },
    "verify-contact": {
        "recorded": {"body": contact()},
        "recorded-now": {"body": without(contact(), "verified_at")},
        "recorded-for-an-address": {"body": contact(email="Jane.Doe@Example.com")},
        "email-invalid": {"body": contact(email="jane.doe")},
        "email-not-on-contact": {"body": contact(email="john.doe@example.com")},
        "recorded-by-an-earlier-time": {"body": contact(verified_at="2024-08-31T23:59:59.999Z")},
        "recorded-naive-time": {"body": contact(verified_at="2024-09-01 10:00")},
        "recorded-base64-body": {"body": contact(), "base64_body": True},
        "recorded-joined-if-match": {"body": contact(), "headers": {"if-match": '"7","1"'}},
        "kept": {"body": contact(verified_at="2024-10-01T00:00:00Z")},
        "kept-by-an-equal-time": {"body": contact(verified_at="2024-09-01T12:00:00+0200")},
        "cleared": {"body": without(contact(verified=False), "verified_at")},
        # What `verified_at` then holds is not looked at.
        "cleared-whatever-the-time": {"body": contact(verified=False, verified_at="yesterday")},
        "unchanged": {"body": without(contact(verified=False), "verified_at")},
        "contact-not-found": {"body": contact(), "contact": "c_2"},
        "contact-id-not-an-id": {"body": contact(), "contact": "c.1"},
        "client-subscription-missing": {
            "body": contact(client="app"), "authorization": bearer(MAILER, "app", client="app"),
        },
        "audience-not-found": {"body": contact(audience="customers")},
        "other-tenant": {"body": contact(), "authorization": bearer(CRM, "website", client="website")},
        # A super administrator reaches other organizations on endpoints 1 and 2 only.
        "superadmin-of-another-tenant": {
            "body": contact(), "authorization": bearer(CRM, "website", client="website", role="SUPERADMIN"),
        },
        "other-client": {"body": contact(client="app")},
        "user-token": {"body": contact(), "authorization": bearer(MAILER)},
        "superadmin-without-a-client": {
            "body": contact(), "authorization": bearer(MAILER, "operator_1", role="SUPERADMIN"),
        },
        "verified-missing": {"body": without(contact(), "verified")},
        "verified-not-a-boolean": {"body": contact(verified="true")},
        "verified-at-not-iso": {"body": contact(verified_at="1 September 2024")},
        "verified-at-a-date-alone": {"body": contact(verified_at="2024-09-01")},
        "audience-missing": {"body": without(contact(), "audience")},
        "client-missing": {"body": without(contact(), "client")},
        "several-faults": {
            "body": {"verified": True, "verified_at": "", "client": "website"}, "headers": {"if-match": "1"},
        },
        "body-empty": {},
        "bad-if-match": {"body": contact(), "headers": {"if-match": 'W/"1"'}},
        "version-mismatch": {"body": contact(), "headers": {"if-match": '"2"'}},
        "wrong-content-type": {"body": contact(), "headers": {"content-type": "text/plain"}},
    },
    # In the order of their names, later ones find what earlier ones did, where they are played one after another.
    "upsert-contact": {
        "created": {"body": subject(email="New@Example.com", status="subscribed", firstName="New")},
        "audience-not-found": {"body": subject(audience="customers")},
        "bad-if-match": {"body": subject(), "headers": {"if-match": "1"}},
        "body-empty": {},
        "other-client": {"body": subject(client="app")},
        "other-tenant": {"body": subject(), "authorization": bearer(CRM, "website", client="website")},
        "recorded": {"body": subject(verified=True, verified_at="2024-09-01T10:00:00Z")},
        "recorded-kept": {"body": subject(verified=True, verified_at="2024-10-01T10:00:00Z")},
        "several-faults": {"body": {"email": "jane@", "client": "website", "tags": "lead", "verified": "yes"}},
        "updated": {"body": subject(firstName="Janet", phoneNumber="(416) 555-0100")},
        "updated-if-match": {"body": subject(tags=["lead"]), "headers": {"if-match": '"1"'}},
        "unchanged": {"body": subject()},
        "user-token": {"body": subject(), "authorization": bearer(MAILER)},
        "version-mismatch": {"body": subject(), "headers": {"if-match": '"77"'}},
        "wrong-content-type": {"body": subject(), "headers": {"content-type": "text/plain"}},
    },
    "get-contact": {
        "read": {},
        "not-modified": {"headers": {"if-none-match": '"1"'}},
        "contact-not-found": {"contact": "64b2c3d4e5f60012345678ab"},
        "other-tenant": {"authorization": bearer(MAILER)},
        "read-by-a-superadmin-of-another-tenant": {"authorization": bearer(MAILER, "operator_1", role="SUPERADMIN")},
    },
    "contact-status": {
        "read": {"query": "email=Jane.Doe@example.com&audience=newsletter&client=website"},
        "unknown": {"query": "email=nobody%2Bnews@example.com&audience=newsletter&client=website"},
        "plus-as-a-blank": {"query": "email=nobody+news@example.com&audience=newsletter&client=website"},
        "audience-not-found": {"query": "email=jane.doe@example.com&audience=customers&client=website"},
        "other-client": {"query": "email=jane.doe@example.com&audience=newsletter&client=app"},
        "query-empty": {},
    },
    "add-contact-method": {
        "phone-added": {"body": new_method(isPrimary=True)},
        "email-added": {"body": new_method("email", value="Alex.Morgan@Example.com")},
        "unchanged": {"body": method(verifiedAt=None)},
        "bad-type": {"body": new_method(type="fax")},
        "calling-code-not-assigned": {"body": new_method(value="+999123456789")},
        "contact-not-found": {"body": new_method(), "contact": "64b2c3d4e5f60012345678ab"},
        "email-of-another-contact": {"body": new_method("email", value="jane.doe@example.com")},
        "other-tenant": {"body": new_method(), "authorization": bearer(MAILER)},
        "version-mismatch": {"body": new_method(value="+14165550102"), "headers": {"if-match": '"77"'}},
        "wrong-content-type": {"body": new_method(), "headers": {"content-type": "text/plain"}},
    },
    "remove-contact-method": {
        "phone-removed": {"body": method(verifiedAt=None)},
        "email-removed": {"body": method("email", value="Alex@Example.com")},
        "bad-phone-number": {"body": method(value="416-555-0100 x5")},
        "contact-not-found": {"body": method(), "contact": "64b2c3d4e5f60012345678ab"},
        "email-not-found": {"body": method("email", value="nobody@example.com")},
        "other-tenant": {"body": method(), "authorization": bearer(MAILER)},
        "phone-number-not-found": {"body": method(value="+14165550199")},
        "contact-has-changed": {"body": method("email"), "headers": {"if-match": '"77"'}},
        "wrong-content-type": {"body": method(), "headers": {"content-type": "text/plain"}},
    },
    "subscribe": {
        "created": {"body": subject(email="new@example.com")},
        "updated": {"body": subject(scope="global")},
        "unchanged": {"body": subject()},
        "audience-not-found": {"body": subject(audience="customers")},
        "bad-scope": {"body": subject(scope="all")},
        "other-client": {"body": subject(client="app")},
        "version-mismatch": {"body": subject(), "headers": {"if-match": '"77"'}},
        "wrong-content-type": {"body": subject(), "headers": {"content-type": "text/plain"}},
    },
    "unsubscribe": {
        "client": {"body": subject(scope="client", reason="too many")},
        "audience": {"body": subject(scope="audience")},
        "global": {"body": subject(scope="global")},
        "unchanged": {"body": subject(scope="client")},
        "audience-not-found": {"body": subject(audience="customers", scope="client")},
        "contact-not-found": {"body": subject(email="nobody@example.com", scope="client")},
        "other-client": {"body": subject(client="app", scope="client")},
        "scope-missing": {"body": subject()},
        "version-mismatch": {"body": subject(scope="client"), "headers": {"if-match": '"77"'}},
        "wrong-content-type": {"body": subject(scope="client"), "headers": {"content-type": "text/plain"}},
    },
}


def event(function, name, contact=None, body=None, text=None, data=None, base64_body=False, authorization=None,
          headers=None, query=""):
    route_key, usual_contact = FUNCTIONS[function]
    verb, route = route_key.split(" ")
    contact = contact or usual_contact
    path = route.replace("{id}", contact or "")
    seed = hashlib.sha256(f"{function}/{name}".encode()).digest()
    time = datetime(2026, 5, 20, 15, 4, 2, tzinfo=timezone.utc) + timedelta(milliseconds=seed[0] * 1000 + seed[1])
    if data is None:
        data = (text if text is not None else compact(body) if body is not None else "").encode()
    else:
        base64_body = True
    sent = {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "authorization": authorization,
        "content-length": str(len(data)) if verb != "GET" else None,
        "content-type": "application/json" if verb != "GET" else None,
        "host": DOMAIN,
        "user-agent": USER_AGENT,
        "x-amzn-trace-id": f"Root=1-{int(time.timestamp()):08x}-{seed[2:14].hex()}",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    } | (headers or {})
    made = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name: value for name, value in sorted(sent.items()) if value is not None},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": API,
            "domainName": DOMAIN,
            "domainPrefix": API,
            "http": {
                "method": verb,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": USER_AGENT,
            },
            # Of the form that API Gateway gives them, and another one in each file.
            "requestId": base64.urlsafe_b64encode(seed[14:25]).decode(),
            "routeKey": route_key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(time.timestamp()) * 1000 + time.microsecond // 1000,
        },
    }
    if contact:
        made["pathParameters"] = {"id": contact}
    if query:
        made["queryStringParameters"] = dict(parse_qsl(query))
    if data:
        made["body"] = base64.b64encode(data).decode() if base64_body else data.decode()
    return made | {"isBase64Encoded": base64_body}


def files():
    for function, cases in CASES.items():
        authorization = OF_WEBSITE if function in OF_APPLICATIONS else OF_USER
        for name, case in cases.items():
            yield function, name, {"authorization": authorization} | case
        # It would be done as it should be, if the caller were let in.
        usual = next(iter(cases.values()))
        if function not in WITH_ALL_REFUSALS:
            yield function, "no-token", usual | REFUSED["no-token"]
            continue
        for name, case in NO_OBJECT.items():
            yield function, name, {"authorization": authorization} | case
        for name, case in REFUSED.items():
            yield function, name, usual | case


def main():
    wanted = {
        HERE / function / f"{name}.json": json.dumps(event(function, name, **case), ensure_ascii=False, indent=2) + "\n"
        for function, name, case in files()
    }
    found = {path: path.read_text("utf-8") for path in HERE.glob("*/*.json")}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(path for path in wanted | found if wanted.get(path) != found.get(path))
        for path in wrong:
            print(f"{path.relative_to(HERE.parent)}: not what {Path(__file__).name} writes", file=sys.stderr)
        sys.exit(1 if wrong else 0)
    for path in found.keys() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
