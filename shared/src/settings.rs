//! The settings of a function (contract section 10), read from the environment once, at start.

use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use crate::auth::{Authenticator, ClaimName, ClaimNames, KeySet, Keys, RoleNames};
use crate::domain::{PhoneRegion, TimeZone};

pub use crate::environment::environment_variable;

/// The settings of a function.
#[derive(Debug)]
pub struct Settings {
    /// The table's name.
    pub table_name: String,
    /// Verifies tokens by the settings `JWT_*`.
    pub authenticator: Authenticator,
    /// The region of phone numbers in national form.
    pub default_phone_region: PhoneRegion,
    /// The zone of times without an offset, on endpoint 3.
    pub time_zone: TimeZone,
    /// The lowest level that is logged.
    pub log_level: LevelFilter,
    /// Whether the log lines of requests contain metrics. Outside Lambda they never do.
    pub has_metrics: bool,
}

/// A missing or invalid setting. Its text is one line: the name, the problem, and the allowed values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(String);

impl InvalidSetting {
    fn new(name: &str, problem: impl Display) -> Self {
        Self(format!("{name} {problem}"))
    }

    pub(crate) fn not_text(name: &str) -> Self {
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
        let values = Values(&value_of);
        Ok(Self {
            table_name: values.table_name()?,
            authenticator: Authenticator {
                keys: values.keys()?,
                issuer: values.required("JWT_ISSUER", "the `iss` of accepted tokens")?,
                audiences: values.audiences()?,
                claim_names: values.claim_names()?,
                role_names: values.role_names()?,
            },
            default_phone_region: values
                .parsed("DEFAULT_PHONE_REGION", "is wrong")?
                .unwrap_or(PhoneRegion::CANADA),
            time_zone: values
                .parsed("TIME_ZONE", "is not a time zone")?
                .unwrap_or(TimeZone::UTC),
            log_level: values.log_level()?,
            has_metrics: values.has_metrics()?,
        })
    }
}

/// The settings of `record-history`, which answers no requests.
#[derive(Debug)]
pub struct HistorySettings {
    /// The table's name.
    pub table_name: String,
    /// The bus of Amazon EventBridge that gets the events.
    pub event_bus_name: String,
    /// Whether events contain the phone number or e-mail address that they are about.
    pub events_with_addresses: bool,
    /// The queue of Amazon SQS that gets the positions of records that cannot be read.
    pub unreadable_records_queue_url: String,
    /// The lowest level that is logged.
    pub log_level: LevelFilter,
}

impl HistorySettings {
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
        let values = Values(&value_of);
        Ok(Self {
            table_name: values.table_name()?,
            event_bus_name: values.required("EVENT_BUS_NAME", "the bus that gets the events")?,
            events_with_addresses: events_with_addresses(&value_of, false)?,
            unreadable_records_queue_url: values.required(
                "UNREADABLE_RECORDS_QUEUE_URL",
                "the queue that gets the positions of records that cannot be read",
            )?,
            log_level: values.log_level()?,
        })
    }
}

/// Whether events contain the phone number or e-mail address that they are about: the value of `EVENTS_WITH_ADDRESSES`, or
/// `default` if it is not set.
///
/// # Errors
/// When the variable is neither `true` nor `false`.
pub fn events_with_addresses(
    value_of: &dyn Fn(&'static str) -> Result<Option<String>, VarError>,
    default: bool,
) -> Result<bool, InvalidSetting> {
    let name = "EVENTS_WITH_ADDRESSES";
    match Values(value_of).optional(name)?.as_deref() {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(InvalidSetting::new(name, "must be true or false")),
    }
}

/// A text that cannot be the name of a DynamoDB table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 3 to 255 letters, digits, `_`, `-` or `.`")]
pub struct InvalidTableName;

/// Reads the name of a DynamoDB table.
///
/// # Errors
/// When DynamoDB does not allow the name.
pub fn table_name(text: &str) -> Result<String, InvalidTableName> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if (3..=255).contains(&text.len()) && text.bytes().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err(InvalidTableName)
    }
}

/// The values of settings, by name.
struct Values<'a>(&'a dyn Fn(&'static str) -> Result<Option<String>, VarError>);

impl Values<'_> {
    /// The trimmed value of a setting. A blank value counts as unset.
    fn optional(&self, name: &'static str) -> Result<Option<String>, InvalidSetting> {
        let value = self.0(name).map_err(|_| InvalidSetting::not_text(name))?;
        Ok(value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty()))
    }

    fn or_default(&self, name: &'static str, default: &str) -> Result<String, InvalidSetting> {
        Ok(self.optional(name)?.unwrap_or_else(|| default.to_owned()))
    }

    fn required(&self, name: &'static str, what: &str) -> Result<String, InvalidSetting> {
        self.optional(name)?
            .ok_or_else(|| InvalidSetting::new(name, format!("is not set: it must be {what}")))
    }

    /// The parsed value of a setting. The text of the error has `problem`, then the reason.
    fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
        problem: &str,
    ) -> Result<Option<T>, InvalidSetting> {
        let parse = |value: String| {
            value
                .parse()
                .map_err(|why| InvalidSetting::new(name, format!("{problem}: it {why}")))
        };
        self.optional(name)?.map(parse).transpose()
    }

    fn table_name(&self) -> Result<String, InvalidSetting> {
        let name = self.required("TABLE_NAME", "the name of the DynamoDB table")?;
        table_name(&name).map_err(|why| {
            InvalidSetting::new("TABLE_NAME", format!("is not a table name: it {why}"))
        })
    }

    fn keys(&self) -> Result<Keys, InvalidSetting> {
        let invalid = |problem: &str| InvalidSetting::new("JWT_KEYS", problem);
        match (
            self.optional("JWT_KEYS")?,
            self.parsed("JWT_KEYS_URL", "is wrong")?,
        ) {
            (Some(json), None) => KeySet::parse(&json).map(Keys::from).map_err(|why| {
                invalid(&format!(
                    "{why}: it must be a JWK Set (RFC 7517) in which every key can verify signatures"
                ))
            }),
            (None, Some(fetched)) => Ok(Keys::Fetched(fetched)),
            (Some(_), Some(_)) => Err(invalid(
                "is set beside JWT_KEYS_URL: only one of them can be",
            )),
            (None, None) => Err(invalid(
                "is not set: it must be a JWK Set, or JWT_KEYS_URL the URL of one",
            )),
        }
    }

    /// Reads one audience, or several audiences with commas between them.
    fn audiences(&self) -> Result<Vec<String>, InvalidSetting> {
        let (name, what) = ("JWT_AUDIENCE", "the `aud` of accepted tokens");
        let list = self.required(name, what)?;
        let audiences = list.split(',').map(str::trim);
        let audiences: Vec<_> = audiences.filter(|audience| !audience.is_empty()).collect();
        if audiences.is_empty() {
            return Err(InvalidSetting::new(
                name,
                format!(
                    "names no audience: it must be {what}, or several with commas between them"
                ),
            ));
        }
        Ok(audiences.into_iter().map(str::to_owned).collect())
    }

    /// Reads the names of the claims. They must differ: if one claim had two meanings, an organization named `SUPERADMIN` would
    /// be a role.
    fn claim_names(&self) -> Result<ClaimNames, InvalidSetting> {
        let claim_name = |name, default: &str| -> Result<ClaimName, InvalidSetting> {
            self.or_default(name, default)?
                .parse()
                .map_err(|why| InvalidSetting::new(name, format!("is wrong: it {why}")))
        };
        let names = ClaimNames {
            organization: claim_name("JWT_CLAIM_ORGANIZATION", "organizationId")?,
            role: claim_name("JWT_CLAIM_ROLE", "role")?,
            client: claim_name("JWT_CLAIM_CLIENT", "client")?,
        };
        let double = if names.role.is_same_claim(&names.organization) {
            "JWT_CLAIM_ROLE"
        } else if names.client.is_same_claim(&names.organization)
            || names.client.is_same_claim(&names.role)
        {
            "JWT_CLAIM_CLIENT"
        } else {
            return Ok(names);
        };
        Err(InvalidSetting::new(
            double,
            "names the claim of another setting: each setting needs its own claim",
        ))
    }

    fn role_names(&self) -> Result<RoleNames, InvalidSetting> {
        let names = RoleNames {
            super_admin: self.or_default("JWT_SUPERADMIN_ROLE", "SUPERADMIN")?,
            admin: self.or_default("JWT_ADMIN_ROLE", "ADMIN")?,
        };
        if names.admin == names.super_admin {
            return Err(InvalidSetting::new(
                "JWT_ADMIN_ROLE",
                "is the role of JWT_SUPERADMIN_ROLE too: they must differ",
            ));
        }
        Ok(names)
    }

    fn has_metrics(&self) -> Result<bool, InvalidSetting> {
        match self.or_default("METRICS", "on")?.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(InvalidSetting::new("METRICS", "must be on or off")),
        }
    }

    fn log_level(&self) -> Result<LevelFilter, InvalidSetting> {
        let level = self.or_default("LOG_LEVEL", "info")?;
        // `LevelFilter` would also accept a number.
        let is_word = level.bytes().all(|byte| byte.is_ascii_alphabetic());
        level.parse().ok().filter(|_| is_word).ok_or_else(|| {
            InvalidSetting::new(
                "LOG_LEVEL",
                "is not a level: it must be off, error, warn, info, debug or trace",
            )
        })
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
        let claim_names = &settings.authenticator.claim_names;
        assert_eq!(claim_names.organization.to_string(), "organizationId");
        assert_eq!(claim_names.role.to_string(), "role");
        assert_eq!(claim_names.client.to_string(), "client");
        let role_names = &settings.authenticator.role_names;
        assert_eq!(role_names.super_admin, "SUPERADMIN");
        assert_eq!(role_names.admin, "ADMIN");
        assert_eq!(settings.default_phone_region, PhoneRegion::CANADA);
        assert_eq!(settings.time_zone, TimeZone::UTC);
        assert_eq!(settings.log_level, LevelFilter::INFO);
        assert!(settings.has_metrics);
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
            ("JWT_AUDIENCE", " , ,", "commas"),
            ("JWT_CLAIM_ORGANIZATION", "/a~2", "RFC 6901"),
            ("JWT_CLAIM_ROLE", "/a~", "RFC 6901"),
            ("JWT_CLAIM_CLIENT", "/~x/y", "RFC 6901"),
            ("JWT_ADMIN_ROLE", "SUPERADMIN", "differ"),
            ("DEFAULT_PHONE_REGION", "Canada", "ISO 3166"),
            ("TIME_ZONE", "Toronto", "IANA"),
            ("LOG_LEVEL", "loud", "debug"),
            ("LOG_LEVEL", "3", "debug"),
            ("METRICS", "yes", "on or off"),
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
    fn several_audiences_have_commas_between_them() {
        for (value, audiences) in [
            ("contacts", &["contacts"][..]),
            ("contacts,mailer", &["contacts", "mailer"]),
            (
                " contacts , https://mailer.example.com,",
                &["contacts", "https://mailer.example.com"],
            ),
        ] {
            let settings = read(&[("JWT_AUDIENCE", Some(value))]).unwrap();
            assert_eq!(settings.authenticator.audiences, audiences);
        }
    }

    #[test]
    fn the_roles_differ() {
        let error = read(&[("JWT_SUPERADMIN_ROLE", Some("ADMIN"))]).unwrap_err();
        assert!(error.starts_with("JWT_ADMIN_ROLE "), "{error}");
        let swapped = [
            ("JWT_SUPERADMIN_ROLE", Some("ADMIN")),
            ("JWT_ADMIN_ROLE", Some("SUPERADMIN")),
        ];
        assert!(read(&swapped).is_ok());
    }

    #[test]
    fn no_claim_has_two_meanings() {
        for (name, value) in [
            ("JWT_CLAIM_ROLE", "organizationId"),
            ("JWT_CLAIM_ROLE", "/organizationId"),
            ("JWT_CLAIM_CLIENT", "/role"),
        ] {
            let error = read(&[(name, Some(value))]).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(read(&[("JWT_CLAIM_CLIENT", Some("azp"))]).is_ok());
    }

    #[test]
    fn the_error_names_a_setting_that_is_not_unicode_text() {
        let error = Settings::read(|_| Err(VarError::NotUnicode("x".into()))).unwrap_err();
        assert_eq!(error.to_string(), "TABLE_NAME is not Unicode text");
    }
}
