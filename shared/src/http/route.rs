//! The routes of the API. `template.yaml` repeats them, and so does `Cargo.toml` for `cargo lambda watch`. A test compares each
//! with the routes here.

/// A route of the API, named after the function that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the method and the path of each route say more"
)]
pub enum Route {
    VerifyPhoneNumber,
    VerifyContactMethod,
    VerifyContact,
    UpsertContact,
    GetContact,
    ContactStatus,
    AddContactMethod,
    RemoveContactMethod,
    Subscribe,
    Unsubscribe,
    GetHistory,
    EraseContact,
}

/// The form of a route's answers and errors. It depends on the callers of the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The dialect of endpoints 1 and 2, for people.
    Crm,
    /// The dialect of endpoint 3, for applications.
    Mailer,
}

impl Route {
    /// All routes.
    pub const ALL: [Self; 12] = [
        Self::VerifyPhoneNumber,
        Self::VerifyContactMethod,
        Self::VerifyContact,
        Self::UpsertContact,
        Self::GetContact,
        Self::ContactStatus,
        Self::AddContactMethod,
        Self::RemoveContactMethod,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::GetHistory,
        Self::EraseContact,
    ];

    /// Method and path, as API Gateway writes them.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::VerifyPhoneNumber => "PATCH /api/contacts/{id}/phone-number/verify",
            Self::VerifyContactMethod => "PATCH /api/contacts/{id}/verify-contact-methods",
            Self::VerifyContact => "PATCH /api/contacts/{id}/verification",
            Self::UpsertContact => "POST /api/contacts",
            Self::GetContact => "GET /api/contacts/{id}",
            Self::ContactStatus => "GET /api/contacts/status",
            Self::AddContactMethod => "POST /api/contacts/{id}/contact-methods",
            Self::RemoveContactMethod => "POST /api/contacts/{id}/contact-methods/remove",
            Self::Subscribe => "POST /api/subscriptions/subscribe",
            Self::Unsubscribe => "POST /api/subscriptions/unsubscribe",
            Self::GetHistory => "GET /api/contacts/{id}/verification-history",
            Self::EraseContact => "DELETE /api/contacts/{id}",
        }
    }

    /// The function that answers: the name of its crate, and the operation's id in `openapi.yaml`.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::VerifyPhoneNumber => "verify-phone-number",
            Self::VerifyContactMethod => "verify-contact-method",
            Self::VerifyContact => "verify-contact",
            Self::UpsertContact => "upsert-contact",
            Self::GetContact => "get-contact",
            Self::ContactStatus => "contact-status",
            Self::AddContactMethod => "add-contact-method",
            Self::RemoveContactMethod => "remove-contact-method",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::GetHistory => "get-history",
            Self::EraseContact => "erase-contact",
        }
    }

    /// The method, in capitals.
    #[must_use]
    pub fn method(self) -> &'static str {
        self.key().split_once(' ').map_or("", |(method, _)| method)
    }

    /// Whether the route's requests have a body.
    #[must_use]
    pub fn has_body(self) -> bool {
        matches!(self.method(), "PATCH" | "POST")
    }

    /// The path, with `{id}` for the contact's id if it names one.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.key().split_once(' ').map_or("", |(_, path)| path)
    }

    /// The path for this contact.
    #[must_use]
    pub fn path_of(self, contact: &str) -> String {
        self.path().replace("{id}", contact)
    }

    /// The form of the route's answers and errors.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::VerifyPhoneNumber
            | Self::VerifyContactMethod
            | Self::GetContact
            | Self::AddContactMethod
            | Self::RemoveContactMethod
            | Self::GetHistory
            | Self::EraseContact => Dialect::Crm,
            Self::VerifyContact
            | Self::UpsertContact
            | Self::ContactStatus
            | Self::Subscribe
            | Self::Unsubscribe => Dialect::Mailer,
        }
    }
}
