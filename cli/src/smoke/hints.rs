//! Hints for failed checks.

use shared::http::Dialect;

use super::api::{Answer, Api};
use super::callers::{APPLICATION_TOKEN, Origin, TOKEN};
use super::check::{Authorization, Check};
use super::phase::Phase;

/// The hint for a local API without the sample contacts.
const SERVE_SAMPLES: &str = "`contacts serve` has the sample contacts unless --seed or --dynamodb names other data; \
    --without-contacts skips these checks";

/// A hint for a check that got this unexpected answer.
pub(super) fn hint(phase: Phase, check: &Check, answer: &Answer, api: &Api) -> Option<String> {
    let is_mailers = check.route.dialect() == Dialect::Mailer;
    match (answer.status, api.callers.get(check.who).origin) {
        (401, Origin::Signed) if check.authorization == Authorization::Token => Some(format!(
            "this API refuses development tokens: set {TOKEN} and {APPLICATION_TOKEN}"
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

/// The hint for a deployment without the sample contacts.
fn load_samples(token: &str) -> String {
    format!(
        "the organization of {token} must have the sample contacts; load them with its id as ORG: `contacts seed --samples ORG \
         --table TABLE`; --without-contacts skips these checks"
    )
}

/// The hint for a request without an answer, which may have changed the contact.
pub(super) fn left_behind(phase: Phase, contact: &str) -> Option<String> {
    (phase == Phase::Step)
        .then(|| format!("contact {contact} may have changed; run the command again to restore it"))
}
