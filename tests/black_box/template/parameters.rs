//! The values of parameters that a deployment accepts, alone and together.

use regex::Regex;
use serde_json::Value;

use super::assert_no_faults;
use super::stack::{
    ALARM_TOPIC, AUDIENCE, EVENTS_QUEUE, FORWARDING, ISSUER, KEYS_SECRET, KEYS_URL, KMS_KEY,
    PRODUCTION, SECRET_KEYS, Stack, TEMPLATE, WEBHOOK_SECRET, WEBHOOK_URL, text,
};

/// A text of 101 characters.
const TOO_LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/boundary";
const CERTIFICATE: &str = "arn:aws:acm:ca-central-1:123456789012:certificate/12ab";

/// A parameter, values that it accepts, and values that it refuses.
type Sample = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Samples for each parameter without a list of allowed values.
#[rustfmt::skip]
pub(super) const SAMPLES: &[Sample] = &[
    ("JwtIssuer", &[ISSUER, "accounts.example.com"], &["", "  "]),
    ("JwtAudience", &[AUDIENCE, "contacts, mailer"], &["", "\t", " ,,"]),
    ("JwtKeysUrl", &["", KEYS_URL], &["http://a.example.com/jwks", "https://", "https://a b"]),
    ("JwtKeysSecretArn", &["", KEYS_SECRET], &["keys", "arn:aws:ssm:x:123456789012:parameter/keys"]),
    ("JwtKeysSecretVersionId", &["", "EXAMPLE1-90ab-cdef"], &["a b", "a:b", "v1}}"]),
    ("JwtClaimOrganization", &["organizationId", "https://example.com/org", "/a~0/b"], &["", "/a~2"]),
    ("JwtClaimRole", &["role", "/realm_access/roles"], &["", "/~"]),
    ("JwtClaimClient", &["client", "azp", "/a~0~1/b"], &["", "/a~x"]),
    ("JwtSuperadminRole", &["SUPERADMIN", "operator"], &["", " "]),
    ("JwtAdminRole", &["ADMIN", "owner"], &["", " "]),
    ("DefaultPhoneRegion", &["CA", "GB"], &["", "ca", "CAN", "1"]),
    ("TimeZone", &["UTC", "America/Toronto"], &[""]),
    ("MaxReadRequestUnits", &["", "1", "40000"], &["0", "-1", "many"]),
    ("MaxWriteRequestUnits", &["", "1", "40000"], &["0", "-1", "many"]),
    ("KmsKeyArn", &["", KMS_KEY], &["arn:aws:kms:x:123456789012:alias/contacts", "1234abcd"]),
    ("PermissionsBoundaryArn", &["", BOUNDARY], &["boundary", "arn:aws:iam::123456789012:role/a"]),
    ("EventsWebhookUrl", &["", WEBHOOK_URL], &["http://a.example.com", "https://", "https://a/*/b", "https://a b"]),
    ("EventsWebhookHeader", &["Authorization", "X-Api-Key"], &["", "a b", "a:"]),
    ("EventsWebhookSecretArn", &["", WEBHOOK_SECRET], &["token", "arn:aws:ssm:x:123456789012:parameter/token"]),
    ("EventsWebhookSecretVersionId", &["", "EXAMPLE1-90ab-cdef"], &["a b", "a:b", "v1}}"]),
    // FIFO queues are refused, since they need a group for each message.
    ("EventsQueueArn", &["", EVENTS_QUEUE], &["events", "arn:aws:sns:x:123456789012:events", "arn:aws:sqs:x:123456789012:events.fifo"]),
    ("DomainName", &["", "contacts.example.com"], &["localhost", "https://a.example", "A.example"]),
    ("CertificateArn", &["", CERTIFICATE], &["12ab", "arn:aws:iam::123456789012:certificate/a"]),
    ("CorsOrigins", &["", "*", "https://a.example,http://localhost:3000"],
        &["crm.example.com", "https://crm.example.com/", "https://a.example, https://b.example"]),
    ("ThrottlingRateLimit", &["1000", "1"], &["0", "many", ""]),
    ("ThrottlingBurstLimit", &["2000", "1"], &["0", "many", ""]),
    ("ReservedConcurrency", &["", "1", "1000"], &["0", "01", "-1", "all"]),
    ("Restart", &["", "key of 21 November"], &[TOO_LONG]),
    ("AlarmTopicArn", &["", ALARM_TOPIC], &["alarms", "arn:aws:sqs:x:123456789012:alarms"]),
    ("LatencyAlarmMilliseconds", &["1000", "1"], &["0", "fast", ""]),
];

/// Why CloudFormation refuses a value of a parameter, if it does.
pub(super) fn refusal(name: &str, value: &str) -> Option<String> {
    let Some(parameter) = TEMPLATE["Parameters"].get(name) else {
        return Some(format!("there is no parameter {name}"));
    };
    let number = |member: &str| parameter[member].as_f64();
    let pattern = parameter["AllowedPattern"].as_str();
    let is_whole = |pattern| {
        Regex::new(&format!("^(?:{pattern})$"))
            .unwrap()
            .is_match(value)
    };
    let length = u32::try_from(value.chars().count()).unwrap();
    let allowed = parameter["AllowedValues"].as_array();
    let is_number = parameter["Type"] != "Number"
        || value
            .parse::<f64>()
            .is_ok_and(|it| number("MinValue").is_none_or(|least| it >= least));
    let is_taken = is_number
        && pattern.is_none_or(is_whole)
        && number("MinLength").is_none_or(|least| f64::from(length) >= least)
        && number("MaxLength").is_none_or(|most| f64::from(length) <= most)
        && allowed.is_none_or(|allowed| allowed.iter().any(|one| text(one) == value));
    (!is_taken).then(|| format!("{name} cannot be {value:?}"))
}

/// The messages with which CloudFormation refuses parameters that do not go together.
pub(super) fn refusals(parameters: &[(&str, &str)]) -> Vec<&'static str> {
    let stack = Stack::with(parameters);
    let rules = TEMPLATE["Rules"].as_object().unwrap().values();
    rules
        .filter(|rule| rule.get("RuleCondition").is_none_or(|it| stack.is_true(it)))
        .flat_map(|rule| rule["Assertions"].as_array().unwrap())
        .filter(|assertion| !stack.is_true(&assertion["Assert"]))
        .map(|assertion| assertion["AssertDescription"].as_str().unwrap())
        .collect()
}

#[test]
fn every_parameter_accepts_valid_values_and_refuses_invalid_ones() {
    let parameters = TEMPLATE["Parameters"].as_object().unwrap();
    let defaults = parameters
        .iter()
        .filter_map(|(name, it)| refusal(name, &text(it.get("Default")?)));
    let samples = SAMPLES.iter().flat_map(|(name, taken, refused)| {
        let wrong = taken.iter().filter_map(|value| refusal(name, value));
        let others = refused
            .iter()
            .filter(|value| refusal(name, value).is_none());
        wrong.chain(others.map(move |value| format!("{name} can be {value:?}")))
    });
    let has_samples = |name: &str| SAMPLES.iter().any(|(other, _, _)| *other == name);
    let without = parameters
        .iter()
        .filter(|(name, it)| it["AllowedValues"].is_null() && !has_samples(name));
    let without = without.map(|(name, _)| format!("{name} has no samples"));
    assert_no_faults(defaults.chain(samples).chain(without));
}

#[test]
fn no_tokens_are_accepted_unless_parameters_name_their_issuer_audience_and_keys() {
    for name in ["JwtIssuer", "JwtAudience"] {
        assert!(
            TEMPLATE["Parameters"][name].get("Default").is_none(),
            "{name}"
        );
    }
    for name in ["JwtKeysUrl", "JwtKeysSecretArn"] {
        assert_eq!(TEMPLATE["Parameters"][name]["Default"], "", "{name}");
    }
}

#[test]
fn every_parameter_is_in_one_group_of_the_console() {
    let groups = &TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let groups = groups.as_array().unwrap().iter();
    let grouped = groups.flat_map(|group| group["Parameters"].as_array().unwrap());
    let mut grouped: Vec<_> = grouped.filter_map(Value::as_str).collect();
    let mut names: Vec<_> = TEMPLATE["Parameters"].as_object().unwrap().keys().collect();
    grouped.sort_unstable();
    names.sort();
    assert_eq!(names, grouped);
}

#[test]
fn parameters_that_do_not_go_together_are_refused() {
    const DOMAIN: [(&str, &str); 2] =
        [("DomainName", "a.example"), ("CertificateArn", CERTIFICATE)];
    const REFUSED: [(&str, &str, &str); 10] = [
        ("JwtKeysUrl", "", "not both"),
        ("JwtKeysSecretArn", KEYS_SECRET, "not both"),
        ("JwtClaimRole", "organizationId", "different claims"),
        ("JwtClaimClient", "organizationId", "different claims"),
        ("JwtClaimClient", "role", "different claims"),
        ("JwtAdminRole", "SUPERADMIN", "different roles"),
        ("DomainName", "a.example", "or neither"),
        ("CertificateArn", CERTIFICATE, "or neither"),
        ("EventsWebhookUrl", WEBHOOK_URL, "or neither"),
        ("EventsWebhookSecretArn", WEBHOOK_SECRET, "or neither"),
    ];
    for (name, value, words) in REFUSED {
        let refusals = refusals(&[(name, value)]);
        assert!(
            matches!(&refusals[..], [one] if one.contains(words)),
            "{name} {refusals:?}"
        );
    }
    for fine in [&[][..], &SECRET_KEYS, &PRODUCTION, &DOMAIN, &FORWARDING] {
        assert_eq!(refusals(fine), [""; 0], "{fine:?}");
    }
}

#[test]
fn production_is_guarded_and_nothing_else_is() {
    const UNGUARDED: [(&str, &str); 9] = [
        ("DeletionProtection", "false"),
        ("PointInTimeRecovery", "false"),
        ("AlarmTopicArn", ""),
        ("Monitoring", "errors"),
        ("Monitoring", "none"),
        ("CorsOrigins", "*"),
        ("LogLevel", "off"),
        ("LogLevel", "debug"),
        ("LogLevel", "trace"),
    ];
    for unguarded in UNGUARDED {
        let refusals = refusals(&[&PRODUCTION[..], &[unguarded]].concat());
        assert!(
            matches!(&refusals[..], [one] if one.contains(unguarded.0)),
            "{unguarded:?} {refusals:?}"
        );
    }
    for environment in ["dev", "staging"] {
        let parameters = [&UNGUARDED[..], &[("Environment", environment)]].concat();
        assert_eq!(refusals(&parameters), [""; 0], "{environment}");
    }
    for level in ["error", "warn", "info"] {
        let parameters = [&PRODUCTION[..], &[("LogLevel", level)]].concat();
        assert_eq!(refusals(&parameters), [""; 0], "{level}");
    }
}
