//! The settings of a function (contract section 10), read from the environment once, at start.

use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use crate::auth::{Authenticator, ClaimNames, FetchedKeys, KeySet, KeysUrl};
use crate::domain::{PhoneRegion, TimeZone};

pub use crate::environment::environment_variable;

/// The settings of a function.
#[derive(Debug)]
pub struct Settings {
    /// The table's name.
    pub table_name: String,
    /// Where the keys come from.
    pub keys: KeysSetting,
    /// The `iss` that tokens must have.
    pub issuer: String,
    /// The `aud` that tokens must have.
    pub audience: String,
    /// The names of the configurable claims.
    pub claim_names: ClaimNames,
    /// The region of phone numbers in national form.
    pub default_phone_region: PhoneRegion,
    /// The zone of times without an offset, on endpoint 3.
    pub time_zone: TimeZone,
    /// The lowest level that is logged.
    pub log_level: LevelFilter,
}

/// Where the keys come from: `JWT_KEYS` or `JWT_KEYS_URL`.
#[derive(Debug)]
pub enum KeysSetting {
    /// The JWK Set itself.
    Inline(KeySet),
    /// The URL that publishes it.
    Url(KeysUrl),
}

/// A missing or invalid setting. Its text is one line: the name, the problem, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct InvalidSetting {
    name: &'static str,
    problem: String,
}

impl InvalidSetting {
    fn new(name: &'static str, problem: impl Display) -> Self {
        Self {
            name,
            problem: problem.to_string(),
        }
    }

    pub(crate) fn not_text(name: &'static str) -> Self {
        Self::new(name, "is not Unicode text")
    }
}

impl Settings {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// The first setting that is missing or invalid.
    pub fn from_environment() -> Result<Self, InvalidSetting> {
        Self::read(environment_variable)
    }

    /// Reads the settings by name from `value_of`. A blank value counts as unset.
    ///
    /// # Errors
    /// The first setting that is missing or invalid.
    pub fn read(
        value_of: impl Fn(&'static str) -> Result<Option<String>, VarError>,
    ) -> Result<Self, InvalidSetting> {
        let values = Values {
            value_of: &value_of,
        };
        Ok(Self {
            table_name: values.table_name()?,
            keys: values.keys()?,
            issuer: values.required("JWT_ISSUER", "the `iss` of accepted tokens")?,
            audience: values.required("JWT_AUDIENCE", "the `aud` of accepted tokens")?,
            claim_names: values.claim_names()?,
            default_phone_region: values
                .parsed("DEFAULT_PHONE_REGION")?
                .unwrap_or(PhoneRegion::CANADA),
            time_zone: values.time_zone()?,
            log_level: values.log_level()?,
        })
    }

    /// Whether tokens of the published development key are accepted.
    #[must_use]
    pub fn accepts_development_tokens(&self) -> bool {
        matches!(&self.keys, KeysSetting::Inline(keys) if keys.holds_development_key())
    }

    /// The authenticator of a function or server with these settings.
    #[must_use]
    pub fn into_authenticator(self) -> Authenticator {
        let Self {
            keys,
            issuer,
            audience,
            claim_names,
            ..
        } = self;
        match keys {
            KeysSetting::Inline(keys) => {
                Authenticator::with_keys(keys, issuer, audience, claim_names)
            }
            KeysSetting::Url(url) => Authenticator::with_fetched_keys(
                FetchedKeys::new(url),
                issuer,
                audience,
                claim_names,
            ),
        }
    }
}

/// The values of settings, by name.
struct Values<'a> {
    value_of: &'a dyn Fn(&'static str) -> Result<Option<String>, VarError>,
}

impl Values<'_> {
    /// The trimmed value of a setting. A blank value counts as unset.
    fn optional(&self, name: &'static str) -> Result<Option<String>, InvalidSetting> {
        match (self.value_of)(name) {
            Ok(value) => Ok(value
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())),
            Err(_) => Err(InvalidSetting::not_text(name)),
        }
    }

    fn required(&self, name: &'static str, what: &str) -> Result<String, InvalidSetting> {
        self.optional(name)?
            .ok_or_else(|| InvalidSetting::new(name, format!("is not set: it must be {what}")))
    }

    fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, InvalidSetting> {
        let parse = |value: String| {
            value
                .parse()
                .map_err(|why| InvalidSetting::new(name, format!("is wrong: it {why}")))
        };
        self.optional(name)?.map(parse).transpose()
    }

    fn table_name(&self) -> Result<String, InvalidSetting> {
        let name = self.required("TABLE_NAME", "the name of the DynamoDB table")?;
        if is_table_name(&name) {
            Ok(name)
        } else {
            Err(InvalidSetting::new(
                "TABLE_NAME",
                "is not a table name: it must be 3 to 255 letters, digits, `_`, `-` or `.`",
            ))
        }
    }

    fn keys(&self) -> Result<KeysSetting, InvalidSetting> {
        let invalid = |problem: String| InvalidSetting::new("JWT_KEYS", problem);
        match (self.optional("JWT_KEYS")?, self.parsed("JWT_KEYS_URL")?) {
            (Some(json), None) => KeySet::parse(&json)
                .map(KeysSetting::Inline)
                .map_err(|why| {
                    invalid(format!(
                        "{why}: it must be a JWK Set (RFC 7517) whose every key states its `alg`"
                    ))
                }),
            (None, Some(url)) => Ok(KeysSetting::Url(url)),
            (Some(_), Some(_)) => Err(invalid(
                "is set beside JWT_KEYS_URL: only one of them can be".to_owned(),
            )),
            (None, None) => Err(invalid(
                "is not set: it must be a JWK Set, or JWT_KEYS_URL the URL of one".to_owned(),
            )),
        }
    }

    /// The names of the claims. If one claim had two meanings, an organization named `SUPERADMIN` would be a role.
    fn claim_names(&self) -> Result<ClaimNames, InvalidSetting> {
        let defaults = ClaimNames::default();
        let organization = self
            .optional("JWT_CLAIM_ORGANIZATION")?
            .unwrap_or(defaults.organization);
        let role = self.optional("JWT_CLAIM_ROLE")?.unwrap_or(defaults.role);
        let client = self
            .optional("JWT_CLAIM_CLIENT")?
            .unwrap_or(defaults.client);
        let double = |name| {
            Err(InvalidSetting::new(
                name,
                "names the claim of another meaning: each must have its own",
            ))
        };
        if role == organization {
            double("JWT_CLAIM_ROLE")
        } else if client == organization || client == role {
            double("JWT_CLAIM_CLIENT")
        } else {
            Ok(ClaimNames {
                organization,
                role,
                client,
            })
        }
    }

    fn time_zone(&self) -> Result<TimeZone, InvalidSetting> {
        self.optional("TIME_ZONE")?
            .map_or(Ok(TimeZone::UTC), |zone| {
                zone.parse().map_err(|_| {
                    InvalidSetting::new(
                        "TIME_ZONE",
                        "is not a time zone: it must be an IANA name, such as America/Toronto",
                    )
                })
            })
    }

    fn log_level(&self) -> Result<LevelFilter, InvalidSetting> {
        self.optional("LOG_LEVEL")?
            .map_or(Ok(LevelFilter::INFO), |level| {
                log_level(&level).ok_or_else(|| {
                    InvalidSetting::new(
                        "LOG_LEVEL",
                        "is not a level: it must be off, error, warn, info, debug or trace",
                    )
                })
            })
    }
}

fn is_table_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn log_level(level: &str) -> Option<LevelFilter> {
    match level.to_ascii_lowercase().as_str() {
        "off" => Some(LevelFilter::OFF),
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const KEYS: &str = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;

    fn read(changes: &[(&'static str, Option<&str>)]) -> Result<Settings, String> {
        let mut values = HashMap::from([
            ("TABLE_NAME", "contacts"),
            ("JWT_KEYS", KEYS),
            ("JWT_ISSUER", "issuer"),
            ("JWT_AUDIENCE", "audience"),
        ]);
        for (name, value) in changes {
            match value {
                Some(value) => values.insert(name, value),
                None => values.remove(name),
            };
        }
        Settings::read(|name| Ok(values.get(name).map(ToString::to_string)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_optional_setting_has_the_default_of_the_contract() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.claim_names, ClaimNames::default());
        assert_eq!(settings.default_phone_region, PhoneRegion::CANADA);
        assert_eq!(settings.time_zone, TimeZone::UTC);
        assert_eq!(settings.log_level, LevelFilter::INFO);
    }

    #[test]
    fn each_required_setting_is_named_when_it_is_missing_or_blank() {
        for name in ["TABLE_NAME", "JWT_KEYS", "JWT_ISSUER", "JWT_AUDIENCE"] {
            for value in [None, Some(""), Some("  ")] {
                let error = read(&[(name, value)]).unwrap_err();
                assert!(
                    error.starts_with(&format!("{name} is not set: ")),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn the_error_of_an_invalid_setting_is_one_line_that_names_it_and_what_is_allowed() {
        for (name, value, allowed) in [
            ("TABLE_NAME", "a b", "3 to 255"),
            ("JWT_KEYS", "{}", "JWK Set"),
            ("JWT_KEYS", "{\n\"keys\":\n[]}", "JWK Set"),
            ("DEFAULT_PHONE_REGION", "Canada", "ISO 3166"),
            ("TIME_ZONE", "Toronto", "IANA"),
            ("LOG_LEVEL", "loud", "debug"),
        ] {
            let error = read(&[(name, Some(value))]).unwrap_err();
            assert!(
                error.starts_with(name) && error.contains(allowed) && !error.contains('\n'),
                "{error}"
            );
        }
        let error = read(&[
            ("JWT_KEYS", None),
            ("JWT_KEYS_URL", Some("http://example.com")),
        ])
        .unwrap_err();
        assert!(
            error.starts_with("JWT_KEYS_URL ") && error.contains("https"),
            "{error}"
        );
    }

    #[test]
    fn keys_come_from_one_place() {
        assert!(
            read(&[("JWT_KEYS_URL", Some("https://example.com"))])
                .unwrap_err()
                .contains("only one")
        );
        assert!(
            read(&[
                ("JWT_KEYS", None),
                ("JWT_KEYS_URL", Some("https://example.com"))
            ])
            .is_ok()
        );
    }

    #[test]
    fn no_claim_has_two_meanings() {
        let error = read(&[("JWT_CLAIM_ROLE", Some("organizationId"))]).unwrap_err();
        assert!(error.contains("JWT_CLAIM_ROLE"), "{error}");
        assert!(read(&[("JWT_CLAIM_CLIENT", Some("azp"))]).is_ok());
    }

    #[test]
    fn text_that_is_not_unicode_is_named() {
        let error = Settings::read(|_| Err(VarError::NotUnicode("x".into()))).unwrap_err();
        assert_eq!(error.to_string(), "TABLE_NAME is not Unicode text");
    }
}
