//! The content of the table: three organizations, and for each cell of the matrix a contact and an audience in some of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::domain::OrganizationId;
use shared::http::{Dialect, Route};

use super::caller::Caller;

/// The client that onboarded the contact in every organization that has the audience.
pub(super) const CLIENT: &str = "website";
/// The contact's phone number.
pub(super) const PHONE: &str = "+14165550100";

/// The time of the last change of the contact before the request.
const BEFORE: &str = "2026-05-01T14:30:00.000Z";

/// The beginning of the keys of all cells.
const KEYS: &str = "cell_";

/// The beginning of the ids of all organizations, by which `Database::items` finds the items of each.
pub(super) const ORGANIZATIONS: &str = "org_";

/// An organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Organization {
    /// The organization of most callers.
    Ours,
    /// Another organization.
    Theirs,
    /// An organization without contacts and audiences.
    Elsewhere,
}

impl Organization {
    pub(super) const ALL: [Self; 3] = [Self::Ours, Self::Theirs, Self::Elsewhere];

    pub(super) fn id(self) -> OrganizationId {
        let name = match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
            Self::Elsewhere => "elsewhere",
        };
        OrganizationId::parse(&format!("{ORGANIZATIONS}{name}")).unwrap()
    }

    /// The organization with this id.
    pub(super) fn of_id(id: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|organization| organization.id().as_str() == id)
            .unwrap()
    }
}

/// The organizations that have the contact or the audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holders {
    ours: bool,
    theirs: bool,
}

impl Holders {
    pub(super) const NOBODY: Self = Self::new(false, false);
    pub(super) const OURS: Self = Self::new(true, false);
    pub(super) const THEIRS: Self = Self::new(false, true);
    pub(super) const BOTH: Self = Self::new(true, true);
    pub(super) const ALL: [Self; 4] = [Self::NOBODY, Self::OURS, Self::THEIRS, Self::BOTH];

    const fn new(ours: bool, theirs: bool) -> Self {
        Self { ours, theirs }
    }

    /// Whether this organization is one of them.
    pub(super) fn has(self, organization: Organization) -> bool {
        match organization {
            Organization::Ours => self.ours,
            Organization::Theirs => self.theirs,
            Organization::Elsewhere => false,
        }
    }

    /// The organizations.
    pub(super) fn all(self) -> Vec<Organization> {
        let mut all = Organization::ALL.to_vec();
        all.retain(|organization| self.has(*organization));
        all
    }

    /// The name of their audience. All names have the same length, so that answers with them do too.
    pub(super) fn audience(self) -> &'static str {
        match (self.ours, self.theirs) {
            (false, false) => "list-of-none",
            (true, false) => "list-of-ours",
            (false, true) => "list-of-them",
            (true, true) => "list-of-both",
        }
    }
}

/// The organizations that have the contact and the audience of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct World {
    /// The organizations that have the contact, under one id and with one address.
    pub(super) contact: Holders,
    /// The organizations that have the audience.
    pub(super) audience: Holders,
}

impl World {
    /// The worlds in which a route is tried. An audience matters only to the mailer's routes.
    pub(super) fn of_route(route: Route) -> Vec<Self> {
        let mut worlds = Vec::from(Holders::ALL.map(|contact| Self {
            contact,
            audience: Holders::BOTH,
        }));
        if route.dialect() == Dialect::Mailer {
            let other_audiences = [Holders::NOBODY, Holders::OURS, Holders::THEIRS];
            worlds.extend(other_audiences.map(|audience| Self {
                contact: Holders::BOTH,
                audience,
            }));
        }
        worlds
    }
}

/// A cell of the matrix: a caller sends a request to a route in a world.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) route: Route,
    pub(super) caller: Caller,
    pub(super) world: World,
    /// The number of its contact.
    pub(super) number: usize,
}

impl Cell {
    /// The text with which the contact's id and address begin, of the same length in all cells.
    pub(super) fn key(&self) -> String {
        format!("{KEYS}{:05}", self.number)
    }

    /// The number of the cell that a text names.
    pub(super) fn number_in(text: &str) -> Option<usize> {
        let (_, number) = text.split_once(KEYS)?;
        number.get(..5)?.parse().ok()
    }

    pub(super) fn contact(&self) -> String {
        format!("{}_contact", self.key())
    }

    pub(super) fn email(&self) -> String {
        format!("{}@example.com", self.key())
    }

    pub(super) fn audience(&self) -> &'static str {
        self.world.audience.audience()
    }

    /// The contact, if this organization has it.
    fn contact_of(&self, organization: Organization) -> Option<Value> {
        // The subscription is pending, so that every write changes something.
        let subscription =
            json!({ "audience": self.audience(), "client": CLIENT, "status": "pending" });
        let is_onboarded = self.world.audience.has(organization);
        self.world.contact.has(organization).then(|| {
            json!({
                "id": self.contact(), "createdAt": BEFORE, "updatedAt": BEFORE,
                "phoneNumber": [{ "value": PHONE, "isPrimary": true }],
                "emails": [{ "value": self.email(), "isPrimary": true }],
                "subscriptions": if is_onboarded { json!([subscription]) } else { json!([]) },
            })
        })
    }
}

/// The seed of the organizations with what each has in these cells.
pub(super) fn seed(cells: &[Cell]) -> Value {
    let organizations = Organization::ALL.map(|organization| {
        let audiences = Holders::ALL.into_iter();
        let audiences = audiences.filter(|holders| holders.has(organization));
        let contacts = cells
            .iter()
            .filter_map(|cell| Some((cell.number, cell.contact_of(organization)?)));
        // Some cells share a contact.
        let contacts: BTreeMap<_, _> = contacts.collect();
        json!({
            "id": organization.id(), "clients": [CLIENT],
            "audiences": audiences.map(Holders::audience).collect::<Vec<_>>(),
            "contacts": contacts.values().collect::<Vec<_>>(),
        })
    });
    json!({ "organizations": organizations })
}
