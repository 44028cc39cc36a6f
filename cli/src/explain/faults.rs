//! The details of a fault: the values of the token, and the values that the settings require.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use shared::auth::{Explanation, KeyName, TokenFault};

use super::Examined;

const WHITE_SPACE: &str =
    "It has white space in it, such as a line break from copying, or it is more than one token.";

impl Examined<'_> {
    /// Lines with the details of a fault.
    pub(super) fn detail(&self, fault: &TokenFault, explanation: &Explanation) -> Vec<String> {
        let settings = &self.settings.authenticator;
        match fault {
            TokenFault::TooLarge => vec![format!(
                "It has {} bytes, and at most 8192 are allowed: ask the provider for fewer claims, such as fewer groups.",
                self.token.len()
            )],
            TokenFault::Malformed => vec![self.malformation().to_owned()],
            TokenFault::Critical => vec![format!(
                "Its header has `crit`: {}. The API supports no such extension.",
                self.header_member("crit")
            )],
            TokenFault::UnknownKey => self.unknown_key(explanation),
            TokenFault::Algorithm => vec![format!(
                "Its `alg` is {}. Its key is {}.",
                self.header_member("alg"),
                self.key_of_the_token(explanation)
            )],
            TokenFault::Signature if self.has_white_space() => vec![WHITE_SPACE.to_owned()],
            TokenFault::Signature => vec![
                format!("Its key is {}.", self.key_of_the_token(explanation)),
                "The token was changed after it was signed, or another key with the same `kid` signed it.".to_owned(),
            ],
            TokenFault::Expired => vec![format!(
                "`exp` is {}. Clocks may be 60 seconds apart.",
                self.time("exp")
            )],
            TokenFault::NotYetValid => vec![format!(
                "`nbf` is {}. Clocks may be 60 seconds apart.",
                self.time("nbf")
            )],
            TokenFault::Issuer => self.issuer(),
            TokenFault::Audience => {
                let claim = if self.claim("aud").is_some() { "aud" } else { "client_id" };
                let accepted = settings.audiences.iter();
                let accepted: Vec<_> = accepted.map(|audience| format!("{audience:?}")).collect();
                vec![format!(
                    "`{claim}` is {}. JWT_AUDIENCE accepts {}.",
                    self.shown(claim),
                    accepted.join(", ")
                )]
            }
            TokenFault::ClaimMissing(name) => self.missing(name),
            TokenFault::ClaimMalformed(name) => self.malformed(name),
        }
    }

    /// The first reason why the text is not a signed token.
    fn malformation(&self) -> &'static str {
        let parts: Vec<_> = self.token.split('.').collect();
        if self.has_white_space() {
            return WHITE_SPACE;
        }
        match parts.len() {
            1 => {
                return "It has no dots, so it is an opaque token and not a JWT. Ask the provider for a token for your API: \
                        some providers need an audience or a resource in the request.";
            }
            3 => {}
            5 => {
                return "It has five parts, so it is encrypted (JWE). Ask the provider for a signed token for your API: \
                        some providers need an audience in the request.";
            }
            _ => {
                return "It does not have the three parts of a signed JWT: header, claims, signature.";
            }
        }
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part);
        if parts.iter().any(|part| decoded(part).is_err()) {
            return "One of its parts is not base64url without padding: it was changed or cut.";
        }
        if self.header.is_none() {
            return "Its header is not a JSON object.";
        }
        if self.header_member("alg") == "absent" {
            return "Its header has no `alg`.";
        }
        if self.claims.is_none() {
            return "Its claims are not a JSON object.";
        }
        "A member of its header, or one of `exp`, `nbf`, `iss`, `aud`, `client_id` and `sub`, has a wrong type or is repeated."
    }

    fn has_white_space(&self) -> bool {
        self.token.contains(char::is_whitespace)
    }

    fn unknown_key(&self, explanation: &Explanation) -> Vec<String> {
        let keys: Vec<_> = explanation.keys.iter().map(described).collect();
        let has = format!("{} has {}.", self.keys_source(), keys.join(", "));
        let kid = self.header_member("kid");
        if kid == "absent" {
            return vec![
                "It has no `kid`, so the set must have exactly one key.".to_owned(),
                has,
            ];
        }
        vec![
            format!("Its `kid` is {kid}."),
            has,
            "Keys that cannot be used for signatures are not listed.".to_owned(),
        ]
    }

    fn issuer(&self) -> Vec<String> {
        let expected = &self.settings.authenticator.issuer;
        let mut lines = vec![format!(
            "`iss` is {}. JWT_ISSUER is {expected:?}.",
            self.shown("iss")
        )];
        let claimed = self.claim("iss").and_then(Value::as_str);
        if claimed.map(|claimed| claimed.trim_end_matches('/'))
            == Some(expected.trim_end_matches('/'))
        {
            lines.push("They differ in the slash at the end.".to_owned());
        }
        lines
    }

    fn missing(&self, name: &str) -> Vec<String> {
        let authenticator = &self.settings.authenticator;
        if name == "aud" {
            return vec![format!(
                "It has neither `aud` nor `client_id`. JWT_AUDIENCE accepts {}.",
                authenticator.audiences.join(", ")
            )];
        }
        let Some((setting, ..)) = self.setting_of(name) else {
            return vec![format!(
                "`{name}` is {}, and every token must have it.",
                self.shown(name)
            )];
        };
        let value = self.found(&authenticator.claim_names.organization);
        let mut lines = vec![format!(
            "{setting} is `{name}`, which is {}.",
            value.as_deref().unwrap_or("absent")
        )];
        let role = &authenticator.claim_names.role;
        let super_admin = &authenticator.role_names.super_admin;
        lines.push(match self.found(role) {
            Some(roles) => format!(
                "Only a super administrator may omit it: `{role}` is {roles}, without {super_admin}."
            ),
            None => format!("Only a super administrator may omit it: `{role}` is absent."),
        });
        lines
    }

    fn malformed(&self, name: &str) -> Vec<String> {
        let names = &self.settings.authenticator.claim_names;
        if let Some((setting, rule)) = self.setting_of(name) {
            let all = [&names.organization, &names.role, &names.client];
            let claim = all.into_iter().find(|claim| claim.to_string() == name);
            let value = claim.and_then(|claim| self.found(claim));
            return vec![
                format!(
                    "{setting} is `{name}`, which is {}.",
                    value.as_deref().unwrap_or("absent")
                ),
                format!("It must be {rule}."),
            ];
        }
        let rule = match name {
            "exp" | "nbf" => "a number of seconds since 1970",
            "iss" | "client_id" => "a text",
            "aud" => "a text or a list of texts",
            "sub" => {
                "a text of at most 255 characters without control characters, and must not begin with `client:` in a \
                 user's token"
            }
            _ => return Vec::new(),
        };
        vec![format!(
            "`{name}` is {}. It must be {rule}.",
            self.shown(name)
        )]
    }

    /// The setting that names this claim, and the rule for the claim.
    fn setting_of(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let names = &self.settings.authenticator.claim_names;
        let settings = [
            (
                &names.organization,
                "JWT_CLAIM_ORGANIZATION",
                "an id of 1 to 128 printable ASCII characters other than `#`: a text, a list of exactly one, or an object \
                 with exactly one member of that name",
            ),
            (
                &names.role,
                "JWT_CLAIM_ROLE",
                "a text, a list of texts, or an object whose members are named as the roles",
            ),
            (
                &names.client,
                "JWT_CLAIM_CLIENT",
                "a slug of 1 to 120 lower-case letters, digits, `_` or `-`, beginning with a letter or digit: a text, or a \
                 list of exactly one",
            ),
        ];
        let setting = settings
            .into_iter()
            .find(|(claim, ..)| claim.to_string() == name);
        setting.map(|(_, setting, rule)| (setting, rule))
    }

    /// The key that the token chooses, and the setting that the key comes from.
    pub(super) fn key_of_the_token(&self, explanation: &Explanation) -> String {
        let id = self.header.as_ref().and_then(|header| header.get("kid"));
        let id = id.and_then(Value::as_str);
        let is_chosen = |key: &&KeyName| id.is_none() || key.id.as_deref() == id;
        let chosen: Vec<_> = explanation
            .keys
            .iter()
            .filter(is_chosen)
            .map(described)
            .collect();
        format!("{} of {}", chosen.join(" or "), self.keys_source())
    }

    fn header_member(&self, name: &str) -> String {
        let member = self
            .header
            .as_ref()
            .and_then(|header: &Map<_, _>| header.get(name));
        member.map_or_else(|| "absent".to_owned(), super::shortened)
    }
}

fn described(key: &KeyName) -> String {
    match &key.id {
        Some(id) => format!("{id:?} ({})", key.algorithm),
        None => format!("a key without `kid` ({})", key.algorithm),
    }
}
