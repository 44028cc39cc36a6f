//! The development identity provider: a published key, and tokens signed with it.

use std::env::VarError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};
use shared::auth::{ClaimName, ClaimNames, DEVELOPMENT_SECRET};
use shared::domain::{ClientSlug, OrganizationId};
use shared::settings::{InvalidSetting, Settings, environment_variable};

/// The `kid` of the development key.
const KEY_ID: &str = "development";
/// The `iss` of development tokens.
pub const ISSUER: &str = "https://contacts.localhost";
/// The `aud` of development tokens.
pub const AUDIENCE: &str = "contacts";
/// The table's name, unless the environment sets another.
pub(crate) const TABLE_NAME: &str = "contacts";

/// The settings of contract section 10. Environment variables override the development defaults.
///
/// # Errors
/// When an environment variable has an invalid value.
pub fn settings() -> Result<Settings, InvalidSetting> {
    settings_from(&environment_variable)
}

/// [`settings`] with another environment.
///
/// # Errors
/// As [`settings`].
pub fn settings_from(
    environment: &dyn Fn(&str) -> Result<Option<String>, VarError>,
) -> Result<Settings, InvalidSetting> {
    Settings::read(|name| {
        let value = environment(name)?;
        let default = match name {
            "TABLE_NAME" => Some(TABLE_NAME.to_owned()),
            "JWT_KEYS" if environment("JWT_KEYS_URL")?.is_none() => Some(key_set()),
            "JWT_ISSUER" => Some(ISSUER.to_owned()),
            "JWT_AUDIENCE" => Some(AUDIENCE.to_owned()),
            _ => None,
        };
        Ok(value.or(default))
    })
}

/// The JWK Set that holds the development key and nothing else.
#[must_use]
pub fn key_set() -> String {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(DEVELOPMENT_SECRET);
    json!({ "keys": [{ "kty": "oct", "kid": KEY_ID, "alg": "HS256", "k": secret }] }).to_string()
}

/// The identity that a token proves.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The subject.
    pub subject: String,
    /// The organization, if any.
    pub organization: Option<OrganizationId>,
    /// The role, if any.
    pub role: Option<String>,
    /// The client's slug, for an application.
    pub client: Option<ClientSlug>,
}

/// A token for `identity` that an API with these settings accepts, signed with the development key.
///
/// # Errors
/// When no API would accept the token, or the clock is wrong.
pub fn token(
    settings: &Settings,
    identity: &Identity,
    expires_in: Duration,
) -> anyhow::Result<String> {
    let super_admin = &settings.authenticator.role_names.super_admin;
    if identity.organization.is_none() && identity.role.as_ref() != Some(super_admin) {
        bail!("--organization is missing: only a token with the role {super_admin} may have none");
    }
    if identity.subject.trim().is_empty() {
        bail!("--subject is blank: it must name the person or application that verifies");
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is set before 1970")?;
    let expiry = now
        .checked_add(expires_in)
        .context("--expires-in is too long")?;
    let ClaimNames {
        organization,
        role,
        client,
    } = &settings.authenticator.claim_names;
    let mut claims = Map::from_iter([
        ("iss".to_owned(), json!(settings.authenticator.issuer)),
        (
            "aud".to_owned(),
            json!(settings.authenticator.audiences.first()),
        ),
        ("sub".to_owned(), json!(identity.subject)),
        ("iat".to_owned(), json!(now.as_secs())),
        ("exp".to_owned(), json!(expiry.as_secs())),
    ]);
    let custom = [
        (
            organization,
            identity.organization.as_ref().map(|id| json!(id)),
        ),
        (role, identity.role.as_ref().map(|role| json!(role))),
        (client, identity.client.as_ref().map(|slug| json!(slug))),
    ];
    for (name, value) in custom {
        if let Some(value) = value {
            insert(&mut claims, name, value)?;
        }
    }
    signed(&claims, DEVELOPMENT_SECRET)
}

/// A token with these claims, signed with this secret under the `kid` of the development key.
///
/// # Errors
/// When the token cannot be signed.
pub fn signed(claims: &Map<String, Value>, secret: &[u8]) -> anyhow::Result<String> {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(KEY_ID.to_owned());
    let key = EncodingKey::from_secret(secret);
    Ok(jsonwebtoken::encode(&header, claims, &key)?)
}

/// Adds a claim. Creates the objects on the path to it that are missing.
fn insert(claims: &mut Map<String, Value>, name: &ClaimName, value: Value) -> anyhow::Result<()> {
    let mut path: Vec<_> = name.path().collect();
    let last = path.pop().context("a claim without a name")?;
    let mut object = claims;
    for parent in path {
        let member = object.entry(parent).or_insert_with(|| json!({}));
        object = member.as_object_mut().with_context(|| {
            format!("the claim {name} is within another claim that has a value")
        })?;
    }
    object.insert(last, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[(&str, &str)]) -> Settings {
        let find = |name: &str| {
            values
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned())
        };
        settings_from(&|name| Ok(find(name))).unwrap()
    }

    #[test]
    fn without_an_environment_all_settings_are_the_development_ones() {
        let settings = with(&[]);
        assert_eq!(
            (
                settings.table_name.as_str(),
                settings.authenticator.issuer.as_str()
            ),
            (TABLE_NAME, ISSUER)
        );
        assert!(settings.authenticator.accepts_development_tokens());
    }

    #[test]
    fn environment_variables_override_the_development_settings() {
        let settings = with(&[
            ("JWT_KEYS_URL", "https://idp.example.com/keys"),
            ("JWT_ISSUER", "idp"),
        ]);
        assert!(!settings.authenticator.accepts_development_tokens());
        assert_eq!(
            (
                settings.authenticator.issuer.as_str(),
                settings.authenticator.audiences[0].as_str()
            ),
            ("idp", AUDIENCE)
        );
    }

    #[test]
    fn a_token_without_an_organization_is_for_a_superadmin_only() {
        let nobody = Identity {
            subject: "u".to_owned(),
            ..Identity::default()
        };
        assert!(token(&with(&[]), &nobody, Duration::from_secs(1)).is_err());
        let super_admin = Identity {
            role: Some("SUPERADMIN".to_owned()),
            ..nobody
        };
        assert!(token(&with(&[]), &super_admin, Duration::from_secs(1)).is_ok());
    }
}
