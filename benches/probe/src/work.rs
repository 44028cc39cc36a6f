//! What can be measured.

use anyhow::Context;

/// A whole invocation, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing: what measuring itself costs.
    Nothing,
    /// The same, inside the asynchronous runtime.
    NothingAwaited,
    /// The event's bytes become a request.
    Event,
    /// The `Authorization` header becomes a caller.
    Token,
    /// The call, and the members of the body in their normal forms.
    Body,
    /// A phone number in international form.
    PhoneInternational,
    /// A phone number in national form.
    PhoneNational,
    /// An e-mail address.
    Email,
    /// A time of endpoints 1 and 2.
    Time,
    /// A time of endpoint 3 without an offset.
    LocalTime,
    /// The store's operation: the database's calls, what is built for them and made of their answers.
    Store,
    /// The database's calls by the bare SDK.
    Bare,
    /// The handler: from a request to a response.
    Handle,
    /// All of it: from the event's bytes to the answer's.
    Invoke,
}

impl Work {
    const NAMES: [(&'static str, Self); 14] = [
        ("nothing", Self::Nothing),
        ("nothing-awaited", Self::NothingAwaited),
        ("event", Self::Event),
        ("token", Self::Token),
        ("body", Self::Body),
        ("phone-international", Self::PhoneInternational),
        ("phone-national", Self::PhoneNational),
        ("email", Self::Email),
        ("time", Self::Time),
        ("local-time", Self::LocalTime),
        ("store", Self::Store),
        ("bare", Self::Bare),
        ("handle", Self::Handle),
        ("invoke", Self::Invoke),
    ];

    /// What is compared by its processor time.
    pub(crate) const TIMED: [Self; 3] = [Self::Bare, Self::Handle, Self::Invoke];

    pub(crate) fn named(name: &str) -> anyhow::Result<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, work)| *work)
            .with_context(|| format!("no work is called {name}"))
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, work)| *work == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether it changes a contact, and so needs one of its own each time.
    pub(crate) fn needs_contact(self) -> bool {
        matches!(self, Self::Store | Self::Bare | Self::Handle | Self::Invoke)
    }
}
