//! The sample contacts of `contacts smoke`: the contacts of the demo data, in the organization of an operator.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use shared::domain::OrganizationId;

use crate::demo::DEMO;

/// The members of an organization that are lists. Any other member except `id` is an error, so that no data are lost.
const LISTS: [&str; 3] = ["audiences", "clients", "contacts"];

/// A seed file with all demo data in this one organization: the tokens of a deployment belong to one organization, but the
/// examples of each source document have their own.
///
/// # Errors
/// Never, as long as the demo data are a valid seed file.
pub fn samples_of(organization: &OrganizationId) -> anyhow::Result<Value> {
    merged(&serde_json::from_str(DEMO)?, organization).context("the demo data")
}

fn merged(seed: &Value, organization: &OrganizationId) -> anyhow::Result<Value> {
    let mut one = Map::from_iter([("id".to_owned(), json!(organization))]);
    let organizations = seed["organizations"]
        .as_array()
        .context("has no organizations")?;
    // Contacts of two documents have the same address, and the first contact gets it. The mailer's contact must be first,
    // because the mailer finds it by this address.
    for organization in organizations.iter().rev() {
        for (name, values) in organization.as_object().into_iter().flatten() {
            match values {
                Value::Array(values) if LISTS.contains(&name.as_str()) => {
                    if let Value::Array(all) = one.entry(name).or_insert_with(|| json!([])) {
                        all.extend(values.iter().cloned());
                    }
                }
                _ if name == "id" => {}
                _ => bail!("has {name}, which cannot be merged"),
            }
        }
    }
    Ok(json!({ "organizations": [one] }))
}

#[cfg(test)]
mod tests {
    use shared::domain::PhoneRegion;

    use super::*;
    use crate::seed::contents::Seed;

    #[test]
    fn the_samples_have_all_of_the_demo_data() {
        let organization = OrganizationId::parse("org_x").unwrap();
        let samples = samples_of(&organization).unwrap().to_string();
        let samples = Seed::parse(&samples, PhoneRegion::CANADA).unwrap();
        let demo = Seed::parse(DEMO, PhoneRegion::CANADA).unwrap();
        assert_eq!(samples.organizations[0].id, organization);
        let mut size = demo.size();
        size.organizations = 1;
        assert_eq!(samples.size(), size);
    }

    #[test]
    fn an_unknown_member_is_an_error() {
        let organization = OrganizationId::parse("org_x").unwrap();
        let seed = json!({ "organizations": [{ "id": "a", "topics": ["news"] }] });
        let error = merged(&seed, &organization).unwrap_err().to_string();
        assert!(error.contains("topics"), "{error}");
    }
}
