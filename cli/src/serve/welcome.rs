//! The text that `serve` prints when it listens: the URL of the reference, and calls to paste.

use std::fmt::Write as _;
use std::time::Duration;

use shared::http::{Dialect, Route};
use shared::settings::Settings;
use url::Url;

use crate::demo;
use crate::development::token;
use crate::openapi::examples;

/// The time for which the printed tokens are valid.
const VALIDITY: Duration = Duration::from_hours(24);

/// The calls to paste, each with its effect.
const CALLS: [(Route, &str); 3] = [
    (Route::VerifyPhoneNumber, "Verify a phone number."),
    (
        Route::VerifyContactMethod,
        "Verify a phone number or e-mail address, with a label.",
    ),
    (
        Route::VerifyContact,
        "Verify an address for a client in an audience. May the client send to it?",
    ),
];

/// The text: the URLs of the reference and the start page, then calls for the demo data with valid tokens, or the command that
/// prints a token for other data.
///
/// # Errors
/// When no token can be made.
pub(super) fn text(url: &Url, settings: &Settings, has_demo_data: bool) -> anyhow::Result<String> {
    let mut text = format!(
        "API reference, to try each call: {}\nStart page: {url}\n",
        url.join("docs")?
    );
    if !settings.authenticator.accepts_development_tokens() {
        text.push_str(
            "The server checks tokens with the keys that the environment sets. It refuses development tokens.\n",
        );
        return Ok(text);
    }
    if !has_demo_data {
        text.push_str(
            "To print a token for your data: cargo contacts token --organization ORG [--client SLUG]\n",
        );
        return Ok(text);
    }
    text.push_str("\nCalls to paste. Their tokens are valid for 24 hours.\n");
    for (route, title) in CALLS {
        let identity = match route.dialect() {
            Dialect::Crm => demo::person()?,
            Dialect::Mailer => demo::application()?,
        };
        let token = token(settings, &identity, VALIDITY)?;
        let method = route.method();
        let url = url.join(&route.path_of(examples::contact(route)))?;
        let body = examples::request(route);
        write!(
            text,
            "\n# {title}\ncurl -i -X {method} '{url}' \\\n  -H 'Authorization: Bearer {token}' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d '{body}'\n"
        )?;
    }
    text.push_str("\nFor other tokens: cargo contacts token --help. Ctrl-C ends the server.\n");
    Ok(text)
}
