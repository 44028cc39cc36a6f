//! The size of a seed, in words.

use std::fmt;

use serde::Serialize;

/// The size of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Size {
    pub(super) organizations: usize,
    pub(super) audiences: usize,
    pub(super) clients: usize,
    pub(super) contacts: usize,
    pub(super) subscriptions: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            organizations,
            audiences,
            clients,
            contacts,
            subscriptions,
        } = *self;
        let count = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            more => format!("{more} {one}s"),
        };
        write!(
            f,
            "{}, {}, {} and {} of {}",
            count(contacts, "contact"),
            count(subscriptions, "subscription"),
            count(audiences, "audience"),
            count(clients, "client"),
            count(organizations, "organization"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_one_has_a_singular_noun() {
        let size = Size {
            organizations: 1,
            audiences: 0,
            clients: 2,
            contacts: 3,
            subscriptions: 1,
        };
        assert_eq!(
            size.to_string(),
            "3 contacts, 1 subscription, 0 audiences and 2 clients of 1 organization"
        );
    }
}
