//! A phone number or e-mail address in the map of its kind, under its normal form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::verification::{attributes, verification};
use crate::domain::{Actor, ContactMethod, Timestamp, VerificationSource};

/// The methods of one kind, by normal form.
pub(super) type MethodItems = BTreeMap<String, MethodItem>;

/// One method.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodItem {
    /// Its place among the contact's methods of its kind, in the order in which they were added.
    position: u32,
    is_primary: bool,
    value: String,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<VerificationSource>,
}

/// Reads the methods of one kind, in the order in which they were added.
pub(super) fn methods(items: MethodItems) -> Vec<ContactMethod> {
    let mut methods: Vec<_> = items
        .into_iter()
        .map(|(normal_form, item)| ContactMethod {
            position: item.position,
            normal_form,
            value: item.value,
            is_primary: item.is_primary,
            verification: verification((
                item.verified_at,
                item.verified_by,
                item.verification_source,
            )),
        })
        .collect();
    methods.sort_by_key(|method| method.position);
    methods
}

/// Writes the methods of one kind.
pub(super) fn method_items(methods: &[ContactMethod]) -> MethodItems {
    let item = |method: &ContactMethod| {
        let (verified_at, verified_by, verification_source) =
            attributes(method.verification.as_ref());
        MethodItem {
            position: method.position,
            is_primary: method.is_primary,
            value: method.value.clone(),
            verified_at,
            verified_by,
            verification_source,
        }
    };
    methods
        .iter()
        .map(|method| (method.normal_form.clone(), item(method)))
        .collect()
}
