// Creates, verifies and reads a contact, with the client that oapi-codegen generates.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"reflect"
	"time"

	"contacts/client"
)

const (
	email = "go@example.com"
	phone = "+14165550144"
)

var since = time.Date(2024, time.September, 1, 10, 0, 0, 0, time.UTC)

func main() {
	log.SetFlags(log.Lshortfile)
	ctx := context.Background()
	application := caller(os.Getenv("CONTACTS_APPLICATION_TOKEN"))
	person := caller(os.Getenv("CONTACTS_COLLEAGUE_TOKEN"))

	// Create the contact.
	status, primary := client.Subscribed, true
	created, err := application.UpsertContactWithResponse(ctx, nil, client.UpsertContact{
		Email: email, Audience: "newsletter", Client: "website", Status: &status,
		PhoneNumber: &[]client.NewPhoneNumber{{Value: phone, IsPrimary: &primary}},
	})
	must(err)
	expect(created.StatusCode(), http.StatusCreated)
	expect(*created.JSON201.Outcome, client.Created)
	expect(created.JSON201.VerifiedAt == nil, true)
	id := *created.JSON201.ContactId

	// Verify the address (endpoint 3) and the phone number (endpoint 2); clear the number again.
	verification := client.VerifyContact{Verified: true, VerifiedAt: &since, Audience: "newsletter", Client: "website"}
	anyVersion := "*"
	verified, err := application.VerifyContactWithResponse(ctx, id, &client.VerifyContactParams{IfMatch: &anyVersion}, verification)
	must(err)
	expect(verified.StatusCode(), http.StatusOK)
	expect(*verified.JSON200.Outcome, client.Recorded)
	expect(*verified.JSON200.VerifiedAt, since)

	method := client.VerifyContactMethod{Type: client.Phone, Value: "(416) 555-0144", VerifiedAt: &since}
	changed, err := person.VerifyContactMethodWithResponse(ctx, id, nil, method)
	must(err)
	expect(changed.StatusCode(), http.StatusOK)
	expect(changed.JSON200.Data.Outcome, client.Recorded)
	expect(*changed.JSON200.Data.Contact.PhoneNumber[0].VerifiedAt, since)

	method.VerifiedAt = nil
	cleared, err := person.VerifyContactMethodWithResponse(ctx, id, nil, method)
	must(err)
	expect(cleared.StatusCode(), http.StatusOK)
	expect(cleared.JSON200.Data.Outcome, client.Cleared)

	// Read the contact.
	contact, err := person.GetContactWithResponse(ctx, id, nil)
	must(err)
	expect(contact.StatusCode(), http.StatusOK)
	expect(contact.JSON200.PhoneNumber[0].Value, phone)
	expect(*contact.JSON200.Emails[0].VerifiedAt, since)

	known, err := application.ContactStatusWithResponse(ctx, &client.ContactStatusParams{
		Email: email, Audience: "newsletter", Client: "website",
	})
	must(err)
	expect(known.StatusCode(), http.StatusOK)
	expect(known.JSON200.CanSendMarketing, true)
	expect(known.JSON200.Marketing.VerifiedBy, []client.Level{client.LevelContact, client.LevelClient})

	// Errors have types too, one for each dialect.
	verification.Client = "another"
	forbidden, err := application.VerifyContactWithResponse(ctx, id, nil, verification)
	must(err)
	expect(forbidden.StatusCode(), http.StatusForbidden)
	expect(forbidden.JSON403.Error.Code, client.ValidationError)
	expect((*forbidden.JSON403.Error.Fields)["client"], client.Forbidden)

	unknown, err := person.GetContactWithResponse(ctx, "nobody", nil)
	must(err)
	expect(unknown.StatusCode(), http.StatusNotFound)
	expect(unknown.JSON404.Error, "Contact not found")
}

func caller(token string) *client.ClientWithResponses {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	caller, err := client.NewClientWithResponses(os.Getenv("CONTACTS_URL"), client.WithRequestEditorFn(authorize))
	must(err)
	return caller
}

func must(err error) {
	if err != nil {
		_ = log.Output(2, err.Error())
		os.Exit(1)
	}
}

func expect[T any](got, expected T) {
	if !reflect.DeepEqual(got, expected) {
		log.Printf("got %v instead of %v", got, expected)
		_ = log.Output(2, "here")
		os.Exit(1)
	}
}
