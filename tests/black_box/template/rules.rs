//! What a deployment refuses of parameters that do not go together.

use super::stack::{KEYS_SECRET, PRODUCTION, SECRET_KEYS, Stack, TEMPLATE};

impl Stack {
    /// Which rules its parameters break, in the words that CloudFormation answers with.
    pub(super) fn refusals(&self) -> Vec<&'static str> {
        let rules = TEMPLATE["Rules"].as_object().unwrap().values();
        rules
            .filter(|rule| {
                rule.get("RuleCondition")
                    .is_none_or(|condition| self.is_true(condition))
            })
            .flat_map(|rule| rule["Assertions"].as_array().unwrap())
            .filter(|assertion| !self.is_true(&assertion["Assert"]))
            .map(|assertion| assertion["AssertDescription"].as_str().unwrap())
            .collect()
    }
}

/// That these parameters break one rule, whose words hold these.
#[track_caller]
fn assert_refused(parameters: &[(&str, &str)], words: &str) {
    let refusals = Stack::with(parameters).refusals();
    assert!(
        matches!(&refusals[..], [refusal] if refusal.contains(words)),
        "{parameters:?} is refused for {refusals:?}"
    );
}

/// That these parameters, added to those of production, break one rule.
#[track_caller]
fn assert_refused_in_production(change: (&str, &str), words: &str) {
    assert_refused(&[&PRODUCTION[..], &[change]].concat(), words);
}

#[test]
fn no_rule_is_broken_by_what_must_be_set_alone() {
    for parameters in [&[][..], &SECRET_KEYS, &PRODUCTION] {
        let refusals = Stack::with(parameters).refusals();
        assert_eq!(refusals, [""; 0], "{parameters:?}");
    }
}

#[test]
fn a_deployment_without_keys_is_refused() {
    assert_refused(&[("JwtKeysUrl", "")], "JwtKeysUrl and JwtKeysSecretArn");
}

#[test]
fn keys_from_two_places_are_refused() {
    let parameters = [("JwtKeysSecretArn", KEYS_SECRET)];
    assert_refused(&parameters, "JwtKeysUrl and JwtKeysSecretArn");
}

#[test]
fn a_role_in_the_organizations_claim_is_refused() {
    assert_refused(&[("JwtClaimRole", "organizationId")], "different claims");
}

#[test]
fn a_client_in_the_organizations_claim_is_refused() {
    assert_refused(&[("JwtClaimClient", "organizationId")], "different claims");
}

#[test]
fn a_client_in_the_roles_claim_is_refused() {
    assert_refused(&[("JwtClaimClient", "role")], "different claims");
}

#[test]
fn one_role_for_administrators_and_super_administrators_is_refused() {
    assert_refused(&[("JwtAdminRole", "SUPERADMIN")], "different roles");
}

#[test]
fn a_table_that_can_be_deleted_is_refused_in_production() {
    assert_refused_in_production(("DeletionProtection", "false"), "DeletionProtection");
}

#[test]
fn a_table_that_cannot_be_restored_is_refused_in_production() {
    assert_refused_in_production(("PointInTimeRecovery", "false"), "PointInTimeRecovery");
}

#[test]
fn alarms_that_nobody_hears_are_refused_in_production() {
    assert_refused_in_production(("AlarmTopicArn", ""), "AlarmTopicArn");
}

#[test]
fn calls_from_any_web_page_are_refused_in_production() {
    assert_refused_in_production(("CorsOrigins", "*"), "CorsOrigins");
}

#[test]
fn a_log_that_says_too_much_or_nothing_is_refused_in_production() {
    for level in ["off", "debug", "trace"] {
        assert_refused_in_production(("LogLevel", level), "LogLevel");
    }
}

#[test]
fn production_may_log_errors_warnings_or_requests() {
    for level in ["error", "warn", "info"] {
        let stack = Stack::with(&[&PRODUCTION[..], &[("LogLevel", level)]].concat());
        assert_eq!(stack.refusals(), [""; 0], "{level}");
    }
}

#[test]
fn only_production_is_guarded() {
    for environment in ["dev", "staging"] {
        let stack = Stack::with(&[
            ("Environment", environment),
            ("DeletionProtection", "false"),
            ("PointInTimeRecovery", "false"),
            ("CorsOrigins", "*"),
            ("LogLevel", "trace"),
        ]);
        assert_eq!(stack.refusals(), [""; 0], "{environment}");
    }
}
