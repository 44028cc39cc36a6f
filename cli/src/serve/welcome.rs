//! The text that `serve` prints when it listens: the URL of the reference, and calls to paste.

use std::fmt::Write as _;
use std::time::Duration;

use shared::settings::Settings;
use url::Url;

use crate::demo;
use crate::development::{Identity, token};

/// How long the printed tokens are valid.
const VALIDITY: Duration = Duration::from_hours(24);

/// A call that works with the demo data.
struct Example {
    title: &'static str,
    path: &'static str,
    body: &'static str,
    identity: Identity,
}

/// The text: the URL of the reference, then calls for the demo data with valid tokens, or the command that makes a token
/// for other data.
///
/// # Errors
/// When no token can be made.
pub(super) fn text(url: &Url, settings: &Settings, has_demo_data: bool) -> anyhow::Result<String> {
    let mut text = format!(
        "In a browser: {url} says what runs here, {} is the reference, to read and to try out.\n",
        url.join("docs")?
    );
    if !settings.authenticator.accepts_development_tokens() {
        text.push_str(
            "Tokens are checked with the keys that the environment sets; development tokens are not accepted.\n",
        );
        return Ok(text);
    }
    if !has_demo_data {
        text.push_str(
            "A token for your data: cargo contacts token --organization ORG [--client SLUG]\n",
        );
        return Ok(text);
    }
    text.push_str("\nPaste these; the tokens are valid for a day.\n");
    for Example {
        title,
        path,
        body,
        identity,
    } in examples()?
    {
        let token = token(settings, &identity, VALIDITY)?;
        let url = url.join(path)?;
        write!(
            text,
            "\n# {title}\ncurl -i -X PATCH '{url}' \\\n  -H 'Authorization: Bearer {token}' \\\n  \
             -H 'Content-Type: application/json' \\\n  -d '{body}'\n"
        )?;
    }
    text.push_str("\nOther tokens: cargo contacts token --help. Ctrl-C ends the server.\n");
    Ok(text)
}

fn examples() -> anyhow::Result<[Example; 3]> {
    Ok([
        Example {
            title: "A phone number is verified.",
            path: "/api/contacts/64f0a1b2c3d4e5f6a7b8c9d0/phone-number/verify",
            body: r#"{"phoneNumber": "+14165550100", "verifiedAt": "2026-05-15T09:12:00.000Z"}"#,
            identity: demo::person()?,
        },
        Example {
            title: "A phone number or e-mail address is verified, with a label.",
            path: "/api/contacts/64b2c3d4e5f60012345678aa/verify-contact-methods",
            body: r#"{"type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-20T15:04:01.135Z", "verificationSource": "admin-manual"}"#,
            identity: demo::person()?,
        },
        Example {
            title: "An address is verified for a client in an audience; may the client send to it?",
            path: "/api/contacts/c_1/verification",
            body: r#"{"verified": true, "verified_at": "2024-09-01T10:00:00Z", "email": "jane.doe@example.com", "audience": "newsletter", "client": "website"}"#,
            identity: demo::application()?,
        },
    ])
}
