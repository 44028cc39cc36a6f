//! Hints for failed checks.

use shared::http::Dialect;

use super::api::{Answer, Api};
use super::callers::{APPLICATION_TOKEN, Origin, TOKEN};
use super::check::{Authorization, Check};
use super::phase::Phase;

/// How a local API gets the sample contacts.
const SERVE_SAMPLES: &str = "`contacts serve` has the sample contacts unless --seed or --dynamodb names other data; or \
    leave them out: --without-contacts";

/// A hint for a check that got this unexpected answer.
pub(super) fn hint(phase: Phase, check: &Check, answer: &Answer, api: &Api) -> Option<String> {
    let is_mailers = check.route.dialect() == Dialect::Mailer;
    match (answer.status, api.callers.get(check.who).origin) {
        (401, Origin::Signed) if check.authorization == Authorization::Token => Some(format!(
            "this API takes no development tokens: set {TOKEN} and {APPLICATION_TOKEN}"
        )),
        (403, Origin::Variable(TOKEN)) if is_mailers => Some(format!(
            "set {APPLICATION_TOKEN} to a token of an application whose client is website"
        )),
        (403, Origin::Variable(name)) if is_mailers => {
            Some(format!("the client of {name} must be website"))
        }
        (404, Origin::Signed) if phase == Phase::Proof => Some(SERVE_SAMPLES.to_owned()),
        (404, Origin::Variable(name)) if phase == Phase::Proof => Some(load_samples(name)),
        _ => None,
    }
}

/// How the table of a deployment gets the sample contacts.
fn load_samples(token: &str) -> String {
    format!(
        "are the sample contacts in the organization of {token}? Load them, ORG being its id: `contacts seed --samples ORG \
         --table TABLE`; or leave them out: --without-contacts"
    )
}

/// The hint for a request without an answer, which may have changed the contact.
pub(super) fn left_behind(phase: Phase, contact: &str) -> Option<String> {
    (phase == Phase::Step)
        .then(|| format!("contact {contact} may be left changed; another run mends it"))
}
