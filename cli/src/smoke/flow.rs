//! The checks of the one rule, from a first verification to a last clear. They are the same for every endpoint.

use serde_json::Value;
use shared::http::Route;

use super::check::{Check, Expected, ExpectedVersion, IfMatch};

/// The request body that verifies at a time, or clears.
pub(super) type RequestBody<'a> = &'a dyn Fn(Option<&str>) -> Value;
/// The response body with this outcome. The time is that of the verification after the request, if there is one.
pub(super) type AnswerBody<'a> = &'a dyn Fn(&str, Option<&str>) -> Value;

/// An unverified part of a sample contact, for the checks of the one rule (contract section 2).
#[derive(Clone)]
pub(super) struct Flow<'a> {
    /// The endpoint.
    pub(super) route: Route,
    /// The contact.
    pub(super) contact: &'static str,
    /// The part of the contact that is verified, in words.
    pub(super) what: &'static str,
    /// A time before the sample's time.
    pub(super) earlier: &'static str,
    /// The time of the sample, as answers write it.
    pub(super) sample: &'static str,
    /// A time after the sample's time.
    pub(super) later: &'static str,
    /// The request body.
    pub(super) request: RequestBody<'a>,
    /// The response body.
    pub(super) answer: AnswerBody<'a>,
    /// The expected answer to a request with an older version.
    pub(super) version_refused: Expected,
}

impl Flow<'_> {
    /// The checks, in order. The last ones clear the verification, even if an earlier one fails.
    pub(super) fn checks(self) -> [Check; 7] {
        let (what, earlier, sample) = (self.what, self.earlier, self.sample);
        let check = |sentence: String, at, expected| {
            Check::new(
                self.route,
                self.contact,
                &sentence,
                &(self.request)(at),
                expected,
            )
        };
        let answer =
            |outcome, at, version| Expected::new(200, (self.answer)(outcome, at)).version(version);
        [
            check(
                format!("records the sample's time for the {what}"),
                Some(sample),
                answer("recorded", Some(sample), ExpectedVersion::Next),
            ),
            check(
                format!("keeps the sample's time for the {what} when it is sent again"),
                Some(sample),
                answer("kept", Some(sample), ExpectedVersion::Same),
            ),
            check(
                format!("keeps the sample's time for the {what} against a later one"),
                Some(self.later),
                answer("kept", Some(sample), ExpectedVersion::Same),
            ),
            check(
                format!("records an earlier time for the {what}"),
                Some(earlier),
                answer("recorded", Some(earlier), ExpectedVersion::Next),
            ),
            check(
                format!("answers 412 to an older version, and does not clear the {what}"),
                None,
                self.version_refused.clone().version(ExpectedVersion::Same),
            )
            .if_match(IfMatch::Earlier),
            check(
                format!("clears the {what} at the contact's current version"),
                None,
                answer("cleared", None, ExpectedVersion::Next),
            )
            .if_match(IfMatch::Current),
            check(
                format!("finds no verification of the {what} left to clear"),
                None,
                answer("unchanged", None, ExpectedVersion::Same),
            ),
        ]
    }
}
