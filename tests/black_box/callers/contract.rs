//! The promises of the contract to each caller on each route: sections 3, 5 to 9, 12 and 13.

use shared::http::Route;

use super::caller::{Identity, Proof, Refusal};
use super::world::{CLIENT, Cell, Holders, Organization};

/// The rules of the contract for a route.
struct Rule {
    needs: Needs,
    /// Whether a super administrator reaches every organization (section 3: "endpoints 1 and 2 and reads"; section 13).
    super_admin_reaches_all: bool,
    where_missing: WhereMissing,
    /// Whether the route changes the contact.
    writes: bool,
}

/// Whom a route admits.
#[derive(PartialEq, Eq)]
enum Needs {
    /// Everybody with a valid token.
    Anybody,
    /// An application, whose requests name its own client (section 7).
    Application,
    /// An administrator of the organization, or a super administrator (section 13).
    Administrator,
}

/// The result if the organization has no such contact.
enum WhereMissing {
    /// 404.
    NotFound,
    /// The route creates the contact.
    Created,
    /// The answer says that the contact does not exist.
    Unknown,
}

/// The rule of a route.
fn rule(route: Route) -> Rule {
    use Needs::{Administrator, Anybody, Application};
    use WhereMissing::{Created, NotFound, Unknown};
    let (needs, super_admin_reaches_all, where_missing, writes) = match route {
        Route::VerifyPhoneNumber | Route::VerifyContactMethod => (Anybody, true, NotFound, true),
        Route::GetContact | Route::GetHistory => (Anybody, true, NotFound, false),
        Route::AddContactMethod | Route::RemoveContactMethod => (Anybody, false, NotFound, true),
        Route::EraseContact => (Administrator, true, NotFound, true),
        Route::VerifyContact | Route::Unsubscribe => (Application, false, NotFound, true),
        Route::UpsertContact | Route::Subscribe => (Application, false, Created, true),
        Route::ContactStatus => (Application, false, Unknown, false),
    };
    Rule {
        needs,
        super_admin_reaches_all,
        where_missing,
        writes,
    }
}

/// The answer that the contract promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// 401.
    Unauthorized(Refusal),
    /// 403.
    Forbidden,
    /// 400: the organization has no such audience.
    UnknownAudience,
    /// 400: several organizations have the contact's id.
    Ambiguous,
    /// 404.
    NotFound,
    /// 200: a client sees no such contact.
    Unknown,
    /// 200 about the contact of this organization.
    Done(Organization),
    /// 201: this organization has a new contact.
    Created(Organization),
}

/// The facts that a caller may learn about the world. No other fact of the world decides its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    has_contact: bool,
    has_audience: bool,
}

/// The answer to a cell. The order of the checks is that of contract section 3.
pub(super) fn expected(cell: &Cell) -> Expected {
    let identity = match cell.caller.proof {
        Proof::Nothing(refusal, _) => return Expected::Unauthorized(refusal),
        Proof::Identity(identity) => identity,
    };
    let rule = rule(cell.route);
    if !admits(&rule, &identity, cell.caller.names_client) {
        return Expected::Forbidden;
    }
    let own = identity.organization;
    if rule.needs == Needs::Application && !has(cell.world.audience, own) {
        return Expected::UnknownAudience;
    }
    let others = cell.world.contact.all();
    if let Some(own) = own.filter(|own| others.contains(own)) {
        return with_contact(cell, &rule, own);
    }
    if reaches_all(&rule, &identity) {
        return match others[..] {
            [] => Expected::NotFound,
            [only] => Expected::Done(only),
            _ => Expected::Ambiguous,
        };
    }
    match (rule.where_missing, own) {
        (WhereMissing::Created, Some(own)) => Expected::Created(own),
        (WhereMissing::Unknown, _) => Expected::Unknown,
        _ => Expected::NotFound,
    }
}

/// The answer if the caller's own organization has the contact.
fn with_contact(cell: &Cell, rule: &Rule, own: Organization) -> Expected {
    // Only one client has onboarded the contact (section 7: 404 also without a subscription of this client).
    let is_onboarded = cell.caller.names_client == CLIENT;
    match rule.where_missing {
        WhereMissing::NotFound if rule.needs == Needs::Application && !is_onboarded => {
            Expected::NotFound
        }
        WhereMissing::Unknown if !is_onboarded => Expected::Unknown,
        _ => Expected::Done(own),
    }
}

fn admits(rule: &Rule, identity: &Identity, names_client: &str) -> bool {
    match rule.needs {
        Needs::Anybody => true,
        Needs::Application => {
            identity.organization.is_some() && identity.client == Some(names_client)
        }
        Needs::Administrator => matches!(identity.role, Some("ADMIN" | "SUPERADMIN")),
    }
}

fn reaches_all(rule: &Rule, identity: &Identity) -> bool {
    rule.super_admin_reaches_all && identity.role == Some("SUPERADMIN")
}

fn has(holders: Holders, organization: Option<Organization>) -> bool {
    organization.is_some_and(|organization| holders.has(organization))
}

/// The organization in which the request writes, if it writes.
pub(super) fn written(cell: &Cell) -> Option<Organization> {
    match expected(cell) {
        Expected::Done(organization) if rule(cell.route).writes => Some(organization),
        Expected::Created(organization) => Some(organization),
        _ => None,
    }
}

/// The caller's view of the world. `None` for a super administrator on a route that reaches every organization.
pub(super) fn view(cell: &Cell) -> Option<View> {
    let nothing = View {
        has_contact: false,
        has_audience: false,
    };
    match (expected(cell), &cell.caller.proof) {
        (Expected::Unauthorized(_) | Expected::Forbidden, _) | (_, Proof::Nothing(..)) => {
            Some(nothing)
        }
        (_, Proof::Identity(identity)) if reaches_all(&rule(cell.route), identity) => None,
        (_, Proof::Identity(Identity { organization, .. })) => Some(View {
            has_contact: has(cell.world.contact, *organization),
            has_audience: has(cell.world.audience, *organization),
        }),
    }
}
