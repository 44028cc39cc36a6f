"""Creates, verifies and reads a contact, with the client that openapi-python-client generates."""

import os
import sys
from datetime import datetime, timezone

from contact_verification_client import AuthenticatedClient
from contact_verification_client.api.crm import get_contact, verify_contact_method
from contact_verification_client.api.mailer import contact_status, upsert_contact, verify_contact
from contact_verification_client.models import (
    AudienceContact,
    Contact,
    CrmError,
    ErrorCode,
    FieldCode,
    Level,
    MailerError,
    MethodChanged,
    MethodKind,
    NewPhoneNumber,
    Outcome,
    SubscriptionStatus,
    UpsertContact,
    VerifyContact,
    VerifyContactMethod,
)
from contact_verification_client.types import Unset

EMAIL = "python@example.com"
PHONE = "+14165550142"
SINCE = datetime(2024, 9, 1, 10, 0, tzinfo=timezone.utc)


def expect(got: object, expected: object) -> None:
    if got != expected:
        sys.exit(f"got {got!r} instead of {expected!r}")


url = os.environ["CONTACTS_URL"]
application = AuthenticatedClient(base_url=url, token=os.environ["CONTACTS_APPLICATION_TOKEN"])
person = AuthenticatedClient(base_url=url, token=os.environ["CONTACTS_COLLEAGUE_TOKEN"])

# Create the contact.
body = UpsertContact(
    email=EMAIL,
    audience="newsletter",
    client="website",
    status=SubscriptionStatus.SUBSCRIBED,
    phone_number=[NewPhoneNumber(value=PHONE, is_primary=True)],
)
created = upsert_contact.sync(client=application, body=body)
assert isinstance(created, AudienceContact) and created.contact_id is not None, created
expect(created.outcome, Outcome.CREATED)
expect(created.verified_at, None)
contact_id = created.contact_id

# Verify the address (endpoint 3) and the phone number (endpoint 2); clear the number again.
verification = VerifyContact(verified=True, verified_at=SINCE, audience="newsletter", client="website")
verified = verify_contact.sync(contact_id, client=application, body=verification, if_match="*")
assert isinstance(verified, AudienceContact), verified
expect(verified.outcome, Outcome.RECORDED)
expect(verified.verified_at, SINCE)

method = VerifyContactMethod(type_=MethodKind.PHONE, value="(416) 555-0142", verified_at=SINCE)
changed = verify_contact_method.sync(contact_id, client=person, body=method)
assert isinstance(changed, MethodChanged), changed
expect(changed.data.outcome, Outcome.RECORDED)
expect(changed.data.contact.phone_number[0].verified_at, SINCE)

method = VerifyContactMethod(type_=MethodKind.PHONE, value=PHONE, verified_at=None)
cleared = verify_contact_method.sync(contact_id, client=person, body=method)
assert isinstance(cleared, MethodChanged), cleared
expect(cleared.data.outcome, Outcome.CLEARED)

# Read the contact.
contact = get_contact.sync(contact_id, client=person)
assert isinstance(contact, Contact), contact
expect([number.value for number in contact.phone_number], [PHONE])
expect([email.verified_at for email in contact.emails], [SINCE])

status = contact_status.sync(client=application, email=EMAIL, audience="newsletter", client_query="website")
assert isinstance(status, AudienceContact), status
expect(status.can_send_marketing, True)
expect(status.marketing.verified_by, [Level.CONTACT, Level.CLIENT])

# Errors have types too, one for each dialect.
verification.client = "another"
forbidden = verify_contact.sync(contact_id, client=application, body=verification)
assert isinstance(forbidden, MailerError), forbidden
expect(forbidden.error.code, ErrorCode.VALIDATION_ERROR)
assert not isinstance(forbidden.error.fields, Unset)
expect(forbidden.error.fields["client"], FieldCode.FORBIDDEN)

unknown = get_contact.sync("nobody", client=person)
assert isinstance(unknown, CrmError), unknown
expect(unknown.error, "Contact not found")
