//! A phone number or e-mail address in the map of its kind, under its normal form.

use aws_sdk_dynamodb::types::AttributeValue;

use super::reader::Reader;
use super::writer::Writer;
use crate::domain::ContactMethod;
use crate::store::DatabaseError;

/// Reads the methods of one kind, in the order in which they were added.
pub(super) fn methods(
    contact: &mut Reader,
    kind: &str,
) -> Result<Vec<ContactMethod>, DatabaseError> {
    let method = |(normal_form, mut entry): (String, Reader)| {
        Ok(ContactMethod {
            id: entry.required("id")?,
            position: entry.required("position")?,
            normal_form,
            value: entry.required("value")?,
            is_primary: entry.required("isPrimary")?,
            verification: entry.verification()?,
            suppression: entry.address_suppression()?,
        })
    };
    let methods = contact.entries(kind)?.into_iter().map(method);
    let mut methods = methods.collect::<Result<Vec<_>, DatabaseError>>()?;
    methods.sort_by_key(|method| method.position);
    Ok(methods)
}

/// Writes the methods of one kind.
pub(super) fn write_methods(
    contact: &mut Writer,
    kind: &str,
    methods: &[ContactMethod],
) -> Result<(), DatabaseError> {
    let entry = |method: &ContactMethod| {
        let mut entry = Writer::default();
        entry.set("id", &method.id)?;
        entry.set("position", &method.position)?;
        entry.set("isPrimary", &method.is_primary)?;
        entry.set("value", &method.value)?;
        entry.verification(&method.verification)?;
        entry.address_suppression(&method.suppression)?;
        let entry = AttributeValue::M(entry.into_item());
        Ok((method.normal_form.clone(), entry))
    };
    let entries = methods
        .iter()
        .map(entry)
        .collect::<Result<_, DatabaseError>>()?;
    contact.insert(kind, AttributeValue::M(entries));
    Ok(())
}
