// Creates, verifies and reads a contact, with the types that openapi-typescript generates.

import assert from "node:assert/strict";
import { env } from "node:process";
import createClient from "openapi-fetch";
import type { components, paths } from "./contact-verification.d.ts";

type NewContact = components["schemas"]["UpsertContact"];
type Verification = components["schemas"]["VerifyContact"];

const EMAIL = "typescript@example.com";
const PHONE = "+14165550143";
const SINCE = "2024-09-01T10:00:00.000Z";
const MEMBER = { audience: "newsletter", client: "website" };

function caller(token: string | undefined) {
  return createClient<paths>({ baseUrl: env.CONTACTS_URL, headers: { Authorization: `Bearer ${token}` } });
}

const application = caller(env.CONTACTS_APPLICATION_TOKEN);
const person = caller(env.CONTACTS_COLLEAGUE_TOKEN);

// Create the contact.
const body: NewContact = {
  ...MEMBER,
  email: EMAIL,
  status: "subscribed",
  phoneNumber: [{ value: PHONE, isPrimary: true }],
};
const created = await application.POST("/api/contacts", { body });
assert.equal(created.response.status, 201);
assert.equal(created.data?.outcome, "created");
assert.equal(created.data.verified_at, null);
const id = created.data.contact_id;
assert.ok(id !== null);

// Verify the address (endpoint 3) and the phone number (endpoint 2); clear the number again.
const verification: Verification = { ...MEMBER, verified: true, verified_at: SINCE };
const verified = await application.PATCH("/api/contacts/{id}/verification", {
  params: { path: { id }, header: { "If-Match": "*" } },
  body: verification,
});
assert.equal(verified.data?.outcome, "recorded");
assert.equal(verified.data.verified_at, SINCE);

const changed = await person.PATCH("/api/contacts/{id}/verify-contact-methods", {
  params: { path: { id } },
  body: { type: "phone", value: "(416) 555-0143", verifiedAt: SINCE },
});
assert.equal(changed.data?.data.outcome, "recorded");
assert.equal(changed.data.data.contact.phoneNumber[0]?.verifiedAt, SINCE);

const cleared = await person.PATCH("/api/contacts/{id}/verify-contact-methods", {
  params: { path: { id } },
  body: { type: "phone", value: PHONE, verifiedAt: null },
});
assert.equal(cleared.data?.data.outcome, "cleared");

// Read the contact.
const contact = await person.GET("/api/contacts/{id}", { params: { path: { id } } });
assert.deepEqual(contact.data?.phoneNumber.map((number) => number.value), [PHONE]);
assert.deepEqual(contact.data?.emails.map((email) => email.verifiedAt), [SINCE]);

const status = await application.GET("/api/contacts/status", { params: { query: { ...MEMBER, email: EMAIL } } });
assert.equal(status.data?.can_send_marketing, true);
assert.deepEqual(status.data.marketing.verified_by, ["contact", "client"]);

// Errors have types too, one for each dialect.
const forbidden = await application.PATCH("/api/contacts/{id}/verification", {
  params: { path: { id } },
  body: { ...verification, client: "another" },
});
assert.ok(forbidden.error !== undefined && "error" in forbidden.error);
assert.equal(forbidden.error.error.code, "validation_error");
assert.equal(forbidden.error.error.fields?.client, "forbidden");

const unknown = await person.GET("/api/contacts/{id}", { params: { path: { id: "nobody" } } });
assert.ok(unknown.error !== undefined && "error" in unknown.error);
assert.equal(unknown.error.error, "Contact not found");
