//! What may help where a check does not hold.

use super::api::{Answer, Api};
use super::callers::{APPLICATION_TOKEN, Origin, TOKEN};
use super::check::{Authorization, Check, Endpoint, IfMatch, Version};

/// How the sample contacts come into a local API.
const SERVE_SAMPLES: &str = "`contacts serve` has the sample contacts unless --seed or --dynamodb names other data; or \
    leave them out: --without-contacts";

/// What may help where this came back instead of what the check expects.
pub(super) fn hint(check: &Check, answer: &Answer, api: &Api) -> Option<String> {
    match (answer.status, api.callers.get(check.who).origin) {
        (401, Origin::Signed) if check.authorization == Authorization::Token => Some(format!(
            "this API takes no development tokens: set {TOKEN} and {APPLICATION_TOKEN}"
        )),
        (403, Origin::Variable(TOKEN)) if check.endpoint == Endpoint::Contact => Some(format!(
            "set {APPLICATION_TOKEN} to a token of an application whose client is website"
        )),
        (403, Origin::Variable(name)) if check.endpoint == Endpoint::Contact => {
            Some(format!("the client of {name} must be website"))
        }
        (404, Origin::Signed) if is_proof(check) => Some(SERVE_SAMPLES.to_owned()),
        (404, Origin::Variable(name)) if is_proof(check) => Some(load_samples(name)),
        _ => None,
    }
}

/// How the sample contacts come into the table of a deployment.
fn load_samples(token: &str) -> String {
    format!(
        "are the sample contacts in the organization of {token}? Put its id into a copy of cli/src/serve/demo.json, and \
         load that: `contacts serve --dynamodb https://dynamodb.REGION.amazonaws.com --seed FILE`, with TABLE_NAME, \
         AWS_REGION and AWS credentials set; or leave them out: --without-contacts"
    )
}

/// Whether it asks if a sample contact is there.
fn is_proof(check: &Check) -> bool {
    check.if_match == IfMatch::Never && check.expected.version != Version::None
}
