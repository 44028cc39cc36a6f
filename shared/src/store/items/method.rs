//! A phone number or e-mail address in the map of its kind, under its normal form.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reader::Reader;
use super::verification::attributes;
use crate::domain::{Actor, ContactMethod, Timestamp, VerificationSource};
use crate::store::DatabaseError;

/// The methods of one kind, by normal form.
pub(super) type MethodItems = BTreeMap<String, MethodItem>;

/// One method.
#[derive(Debug, Serialize)]
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
pub(super) fn methods(
    contact: &mut Reader,
    kind: &str,
) -> Result<Vec<ContactMethod>, DatabaseError> {
    let method = |(normal_form, mut entry): (String, Reader)| {
        Ok(ContactMethod {
            position: entry.required("position")?,
            normal_form,
            value: entry.required("value")?,
            is_primary: entry.required("isPrimary")?,
            verification: entry.verification()?,
        })
    };
    let methods = contact.entries(kind)?.into_iter().map(method);
    let mut methods = methods.collect::<Result<Vec<_>, DatabaseError>>()?;
    methods.sort_by_key(|method| method.position);
    Ok(methods)
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
