//! The template, evaluated for some parameters: what a deployment with them makes.
//!
//! What only a deployment knows stays as `Fn::Sub` would write it: the table's name is `${Table}`, its ARN
//! `${Table.Arn}`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The template as it is written, with CloudFormation's short forms written out.
pub(super) static TEMPLATE: LazyLock<Value> =
    LazyLock::new(|| contacts::template::template().unwrap());

pub(super) const ISSUER: &str = "https://issuer.example.com/";
pub(super) const AUDIENCE: &str = "https://contacts.example.com";
pub(super) const KEYS_URL: &str = "https://issuer.example.com/.well-known/jwks.json";
pub(super) const KEYS_SECRET: &str =
    "arn:aws:secretsmanager:ca-central-1:123456789012:secret:keys-a1b2c3";
pub(super) const ALARM_TOPIC: &str = "arn:aws:sns:ca-central-1:123456789012:alarms";
pub(super) const KMS_KEY: &str =
    "arn:aws:kms:ca-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// What must be set, as for a development environment.
const REQUIRED: [(&str, &str); 4] = [
    ("Environment", "dev"),
    ("JwtIssuer", ISSUER),
    ("JwtAudience", AUDIENCE),
    ("JwtKeysUrl", KEYS_URL),
];

/// What production needs besides.
pub(super) const PRODUCTION: [(&str, &str); 2] =
    [("Environment", "prod"), ("AlarmTopicArn", ALARM_TOPIC)];

/// Keys that are not published.
pub(super) const SECRET_KEYS: [(&str, &str); 2] =
    [("JwtKeysUrl", ""), ("JwtKeysSecretArn", KEYS_SECRET)];

/// What the template makes of some parameters.
pub(super) struct Stack {
    /// The value of each parameter that has one.
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// A stack for development with published keys and the template's defaults.
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// The same stack, but for these parameters.
    pub(super) fn with(parameters: &[(&str, &str)]) -> Self {
        let mut values = defaults();
        for (name, value) in REQUIRED.iter().chain(parameters) {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        Self { parameters: values }
    }

    /// The value of a parameter; nothing where the template has no such parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        TEMPLATE["Parameters"].get(name)?;
        let value = self.parameters.get(name);
        Some(value.unwrap_or_else(|| panic!("the parameter {name} is not set")))
    }

    /// Whether a resource of this name is made.
    pub(super) fn makes(&self, name: &str) -> bool {
        let Some(resource) = TEMPLATE["Resources"].get(name) else {
            return false;
        };
        let condition = resource["Condition"].as_str();
        condition.is_none_or(|condition| self.holds(condition))
    }

    /// All resources that are made, by name.
    pub(super) fn resources(&self) -> BTreeMap<String, Value> {
        self.resources_like(|_| true)
    }

    /// The properties of all resources of a type, by name.
    pub(super) fn of_type(&self, kind: &str) -> BTreeMap<String, Value> {
        let mut resources = self.resources_like(|resource| resource["Type"] == kind);
        for resource in resources.values_mut() {
            *resource = resource["Properties"].take();
        }
        resources
    }

    fn resources_like(&self, is_wanted: impl Fn(&Value) -> bool) -> BTreeMap<String, Value> {
        let resources = TEMPLATE["Resources"].as_object().unwrap();
        resources
            .iter()
            .filter(|(name, resource)| self.makes(name) && is_wanted(resource))
            .filter_map(|(name, resource)| Some((name.clone(), self.resolve(resource)?)))
            .collect()
    }

    /// The name and the properties of the one resource of a type.
    pub(super) fn only(&self, kind: &str) -> (String, Value) {
        let mut found = self.of_type(kind);
        assert_eq!(found.len(), 1, "{kind}");
        found.pop_first().unwrap()
    }

    /// The name of a resource that a value names as `Ref` does, if it is of this type.
    pub(super) fn named<'v>(&self, value: &'v Value, kind: &str) -> Option<&'v str> {
        let name = value.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
        let is_of_type = self.makes(name) && TEMPLATE["Resources"][name]["Type"] == kind;
        is_of_type.then_some(name)
    }
}

/// The defaults of the parameters that have one.
fn defaults() -> BTreeMap<String, String> {
    let parameters = TEMPLATE["Parameters"].as_object().unwrap();
    parameters
        .iter()
        .filter_map(|(name, parameter)| Some((name.clone(), text(parameter.get("Default")?))))
        .collect()
}

/// A scalar as CloudFormation compares and passes it.
pub(super) fn text(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => scalar.to_string(),
        _ => panic!("{scalar} is no scalar"),
    }
}
