//! Which values a deployment takes.

use regex::Regex;
use serde_json::Value;

use super::assert_no_faults;
use super::stack::{
    ALARM_TOPIC, AUDIENCE, ISSUER, KEYS_SECRET, KEYS_URL, KMS_KEY, PRODUCTION, SECRET_KEYS, Stack,
    TEMPLATE, text,
};

/// 101 characters.
const TOO_LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// Of each parameter, values that are taken and values that are refused.
type Samples = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

pub(super) const SAMPLES: [Samples; 26] = [
    (
        "Environment",
        &["dev", "staging", "prod"],
        &["", "production", "Prod"],
    ),
    ("JwtIssuer", &[ISSUER, "accounts.example.com"], &["", "  "]),
    (
        "JwtAudience",
        &[AUDIENCE, "contacts", "contacts, mailer"],
        &["", "\t", " ,,"],
    ),
    (
        "JwtKeysUrl",
        &["", KEYS_URL],
        &[
            "http://issuer.example.com/jwks",
            "https://",
            "issuer.example.com",
            "https://a b",
        ],
    ),
    (
        "JwtKeysSecretArn",
        &[
            "",
            KEYS_SECRET,
            "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a/b-x",
        ],
        &[
            "keys",
            "arn:aws:ssm:ca-central-1:123456789012:parameter/keys",
            "arn:aws:secretsmanager:x:1:secret:a",
        ],
    ),
    (
        "JwtKeysSecretVersionId",
        &["", "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE"],
        &["a b", "a:b", "v1}}"],
    ),
    (
        "JwtClaimOrganization",
        &[
            "organizationId",
            "https://example.com/org",
            "/app_metadata/org",
            "a~b",
        ],
        &["", "/a~2", "/a~"],
    ),
    (
        "JwtClaimRole",
        &["role", "https://example.com/role", "/realm_access/roles"],
        &["", "/~"],
    ),
    (
        "JwtClaimClient",
        &["client", "azp", "/a~0~1/b"],
        &["", "/a~x"],
    ),
    ("JwtSuperadminRole", &["SUPERADMIN", "operator"], &["", " "]),
    ("JwtAdminRole", &["ADMIN", "owner"], &["", " "]),
    ("DefaultPhoneRegion", &["CA", "GB"], &["", "ca", "CAN", "1"]),
    ("TimeZone", &["UTC", "America/Toronto"], &[""]),
    ("DeletionProtection", &["true", "false"], &["", "yes"]),
    ("PointInTimeRecovery", &["true", "false"], &["", "no"]),
    (
        "KmsKeyArn",
        &["", KMS_KEY],
        &[
            "alias/contacts",
            "arn:aws:kms:ca-central-1:123456789012:alias/contacts",
            "1234abcd",
        ],
    ),
    (
        "CorsOrigins",
        &[
            "",
            "*",
            "https://crm.example.com",
            "https://a.example,http://localhost:3000",
        ],
        &[
            "crm.example.com",
            "https://crm.example.com/",
            "https://a.example, https://b.example",
            "https://a.example,",
            "*,https://a.example",
        ],
    ),
    (
        "ThrottlingRateLimit",
        &["1000", "1"],
        &["0", "-1", "many", ""],
    ),
    (
        "ThrottlingBurstLimit",
        &["2000", "1"],
        &["0", "-1", "many", ""],
    ),
    (
        "ReservedConcurrency",
        &["", "1", "1000"],
        &["0", "01", "-1", "all"],
    ),
    ("GradualDeployment", &["true", "false"], &["", "yes"]),
    ("Restart", &["", "key of 21 November"], &[TOO_LONG]),
    ("LogLevel", &["info", "off", "trace"], &["", "INFO", "loud"]),
    ("LogRetentionDays", &["30", "1", "3653"], &["0", "31", ""]),
    (
        "AlarmTopicArn",
        &["", ALARM_TOPIC],
        &["alarms", "arn:aws:sqs:ca-central-1:123456789012:alarms"],
    ),
    (
        "LatencyAlarmMilliseconds",
        &["1000", "1"],
        &["0", "fast", ""],
    ),
];

/// Why CloudFormation refuses a value of a parameter, if it does.
pub(super) fn refusal(name: &str, value: &str) -> Option<String> {
    let Some(parameter) = TEMPLATE["Parameters"].get(name) else {
        return Some(format!("there is no parameter {name}"));
    };
    let is_refused = is_outside(&parameter["AllowedValues"], value)
        || match parameter["Type"].as_str().unwrap() {
            "String" => is_no_such_text(parameter, value),
            "Number" => is_no_such_number(parameter, value),
            kind => panic!("{kind} is not checked by these tests"),
        };
    is_refused.then(|| format!("{name} cannot be {value:?}"))
}

fn is_no_such_text(parameter: &Value, value: &str) -> bool {
    let least = parameter["MinLength"].as_u64().unwrap_or_default();
    let most = parameter["MaxLength"].as_u64().unwrap_or(u64::MAX);
    let length = value.chars().count() as u64;
    let pattern = parameter["AllowedPattern"].as_str().unwrap_or("(?s:.*)");
    // CloudFormation matches the whole value.
    let pattern = Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
    !(least..=most).contains(&length) || !pattern.is_match(value)
}

fn is_no_such_number(parameter: &Value, value: &str) -> bool {
    let least = parameter["MinValue"].as_f64().unwrap_or(f64::MIN);
    value.parse::<f64>().map_or(true, |number| number < least)
}

fn is_outside(allowed: &Value, value: &str) -> bool {
    let allowed = allowed.as_array();
    allowed.is_some_and(|allowed| !allowed.iter().any(|one| text(one) == value))
}

/// The names of all parameters, in their order.
fn names() -> Vec<&'static String> {
    TEMPLATE["Parameters"].as_object().unwrap().keys().collect()
}

#[test]
fn every_parameter_has_samples() {
    let mut sampled = SAMPLES.map(|(name, _, _)| name);
    sampled.sort_unstable();
    let mut names = names();
    names.sort();
    assert_eq!(names, sampled);
}

#[test]
fn what_a_parameter_is_for_is_taken() {
    assert_no_faults(
        SAMPLES.iter().flat_map(|(name, accepted, _)| {
            accepted.iter().filter_map(|value| refusal(name, value))
        }),
    );
}

#[test]
fn what_a_parameter_is_not_for_is_refused() {
    assert_no_faults(SAMPLES.iter().flat_map(|(name, _, refused)| {
        let taken = refused
            .iter()
            .filter(|value| refusal(name, value).is_none());
        taken.map(move |value| format!("{name} can be {value:?}"))
    }));
}

#[test]
fn every_default_is_taken() {
    assert_no_faults(names().into_iter().filter_map(|name| {
        let default = TEMPLATE["Parameters"][name].get("Default")?;
        refusal(name, &text(default))
    }));
}

#[test]
fn every_parameter_changes_something() {
    let everything = |stack: &Stack| (stack.resources(), stack.functions());
    // Some change something in production only.
    let bases = [SECRET_KEYS.to_vec(), [SECRET_KEYS, PRODUCTION].concat()];
    assert_no_faults(SAMPLES.iter().filter_map(|(name, accepted, _)| {
        let made = |value| {
            let stack_over =
                |base: &Vec<_>| Stack::with(&[base.as_slice(), &[(*name, value)]].concat());
            bases.each_ref().map(|base| everything(&stack_over(base)))
        };
        let (first, others) = accepted.split_first().unwrap();
        let changes = others.iter().any(|value| made(value) != made(first));
        (!changes).then(|| format!("{name} changes nothing"))
    }));
}

#[test]
fn every_parameter_is_in_one_group_of_the_console() {
    let groups = &TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut grouped: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    grouped.sort_unstable();
    let mut names = names();
    names.sort();
    assert_eq!(names, grouped);
}
