//! The template, evaluated for some parameters: the resources that a deployment with them creates.
//!
//! Values that only a deployment knows stay as `Fn::Sub` would write them: the table's name is `${Table}`, its ARN
//! `${Table.Arn}`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::evaluation::{function, unrolled};

/// The template with CloudFormation's short forms and its loops written out.
pub(super) static TEMPLATE: LazyLock<Value> =
    LazyLock::new(|| unrolled(contacts::template::template().unwrap()));

/// The type of a function.
pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

pub(super) const ISSUER: &str = "https://issuer.example.com/";
pub(super) const AUDIENCE: &str = "https://contacts.example.com";
pub(super) const KEYS_URL: &str = "https://issuer.example.com/.well-known/jwks.json";
pub(super) const KEYS_SECRET: &str =
    "arn:aws:secretsmanager:ca-central-1:123456789012:secret:keys-a1b2c3";
pub(super) const ALARM_TOPIC: &str = "arn:aws:sns:ca-central-1:123456789012:alarms";
pub(super) const WEBHOOK_URL: &str = "https://hooks.example.com/contacts";
pub(super) const WEBHOOK_SECRET: &str =
    "arn:aws:secretsmanager:ca-central-1:123456789012:secret:webhook-a1b2c3";
pub(super) const EVENTS_QUEUE: &str = "arn:aws:sqs:ca-central-1:123456789012:crm-events";
pub(super) const KMS_KEY: &str =
    "arn:aws:kms:ca-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// The required parameters, for a development environment.
const REQUIRED: [(&str, &str); 4] = [
    ("Environment", "dev"),
    ("JwtIssuer", ISSUER),
    ("JwtAudience", AUDIENCE),
    ("JwtKeysUrl", KEYS_URL),
];

/// The parameters that production needs in addition.
pub(super) const PRODUCTION: [(&str, &str); 2] =
    [("Environment", "prod"), ("AlarmTopicArn", ALARM_TOPIC)];

/// The parameters for keys that are not published.
pub(super) const SECRET_KEYS: [(&str, &str); 2] =
    [("JwtKeysUrl", ""), ("JwtKeysSecretArn", KEYS_SECRET)];

/// The parameters that send events to a webhook and to a queue.
pub(super) const FORWARDING: [(&str, &str); 3] = [
    ("EventsWebhookUrl", WEBHOOK_URL),
    ("EventsWebhookSecretArn", WEBHOOK_SECRET),
    ("EventsQueueArn", EVENTS_QUEUE),
];

/// The template with the values of its parameters.
pub(super) struct Stack {
    /// The value of each parameter that has one.
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// A stack for development with published keys and the template's defaults.
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// The same stack with other values of these parameters.
    pub(super) fn with(parameters: &[(&str, &str)]) -> Self {
        let all = TEMPLATE["Parameters"].as_object().unwrap().iter();
        let defaults = all.filter_map(|(name, it)| Some((name.clone(), text(it.get("Default")?))));
        let mut values: BTreeMap<_, _> = defaults.collect();
        for (name, value) in REQUIRED.iter().chain(parameters) {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        Self { parameters: values }
    }

    /// A stack with everything that the template can create: production, whose events go to a webhook and to a queue.
    pub(super) fn whole() -> Self {
        Self::with(&[&PRODUCTION[..], &FORWARDING].concat())
    }

    /// The value of a parameter, or `None` if the template has no such parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        TEMPLATE["Parameters"].get(name)?;
        let value = self.parameters.get(name);
        Some(value.unwrap_or_else(|| panic!("the parameter {name} is not set")))
    }

    /// Whether the stack creates a resource of this name.
    pub(super) fn makes(&self, name: &str) -> bool {
        let Some(resource) = TEMPLATE["Resources"].get(name) else {
            return false;
        };
        let condition = resource["Condition"].as_str();
        condition.is_none_or(|condition| self.holds(condition))
    }

    /// All resources that the stack creates, by name. SAM's `Globals` are merged into functions
    /// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>).
    pub(super) fn resources(&self) -> BTreeMap<String, Value> {
        let resources = TEMPLATE["Resources"].as_object().unwrap().iter();
        let made = resources.filter(|(name, _)| self.makes(name));
        made.map(|(name, resource)| {
            let mut resource = resource.clone();
            if resource["Type"] == FUNCTION {
                let global = &TEMPLATE["Globals"]["Function"];
                resource["Properties"] = merged(global, &resource["Properties"]);
            }
            (name.clone(), self.resolve(&resource).unwrap())
        })
        .collect()
    }

    /// The properties of all resources of a type, by name.
    pub(super) fn of_type(&self, kind: &str) -> BTreeMap<String, Value> {
        let resources = self.resources().into_iter();
        let wanted = resources.filter(|(_, resource)| resource["Type"] == kind);
        let wanted: BTreeMap<_, _> = wanted
            .map(|(name, mut resource)| (name, resource["Properties"].take()))
            .collect();
        assert!(!wanted.is_empty(), "there is no {kind}");
        wanted
    }

    /// The properties of all functions, by name.
    pub(super) fn functions(&self) -> BTreeMap<String, Value> {
        self.of_type(FUNCTION)
    }

    /// The properties of the functions behind the API, by name: all but `record-history`.
    pub(super) fn endpoints(&self) -> BTreeMap<String, Value> {
        let mut functions = self.functions();
        functions.retain(|_, function| !function["Events"].is_null());
        functions
    }

    /// The properties of the one resource of a type.
    pub(super) fn only(&self, kind: &str) -> Value {
        let mut found = self.of_type(kind);
        assert_eq!(found.len(), 1, "{kind}");
        found.pop_first().unwrap().1
    }

    /// Whether a value is the name of a resource of this type, as `Ref` gives it.
    pub(super) fn is_a(&self, kind: &str, value: &str) -> bool {
        let name = value.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
        name.is_some_and(|name| self.makes(name) && TEMPLATE["Resources"][name]["Type"] == kind)
    }
}

/// The name of the crate of a function: the last folder of its `CodeUri`.
pub(super) fn crate_of(function: &Value) -> &str {
    let folder = function["CodeUri"].as_str().unwrap().trim_end_matches('/');
    folder.rsplit('/').next().unwrap()
}

/// A scalar as CloudFormation compares and passes it.
pub(super) fn text(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => scalar.to_string(),
        _ => panic!("{scalar} is no scalar"),
    }
}

/// Merges maps and joins lists. For everything else, the function's own value wins.
fn merged(global: &Value, own: &Value) -> Value {
    match (global, own) {
        // A call of a CloudFormation function is a map in YAML, but SAM does not merge it.
        _ if function(global).is_some() || function(own).is_some() => own.clone(),
        (Value::Object(global), Value::Object(own)) => {
            let mut members = global.clone();
            for (name, value) in own {
                let value = global.get(name).map(|global| merged(global, value));
                members.insert(name.clone(), value.unwrap_or_else(|| own[name].clone()));
            }
            Value::Object(members)
        }
        (Value::Array(global), Value::Array(own)) => json!([&global[..], &own[..]].concat()),
        _ => own.clone(),
    }
}
