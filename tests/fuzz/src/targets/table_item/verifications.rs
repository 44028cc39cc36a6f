//! The verifications that readers see, before and after the edits and the request.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::edit::Edit;
use crate::log;
use crate::request::Request;
use crate::scene::Scene;

/// The contacts with more than one verification.
const CONTACTS: [&str; 2] = ["c_1", "c_2"];

/// The addresses, each with its owner.
const ADDRESSES: [(&str, &str); 2] = [("jane.doe@example.com", "c_1"), ("ann@example.com", "c_2")];

/// The verifications that readers see: of each contact those of its methods, and of each address those at each level.
#[derive(Debug)]
pub(super) struct Seen {
    /// The verifications by the contact and the normal form of the method. `None` if the contact cannot be read.
    methods: BTreeMap<&'static str, Option<BTreeMap<String, Value>>>,
    /// The verifications by the address. `None` if the address cannot be read.
    levels: BTreeMap<&'static str, Option<Value>>,
}

impl Seen {
    /// The verifications without edits, which are read once.
    pub(super) fn of_scene(scene: &Scene) -> Rc<Self> {
        thread_local! {
            static SEEN: OnceCell<Rc<Seen>> = const { OnceCell::new() };
        }
        SEEN.with(|seen| Rc::clone(seen.get_or_init(|| Rc::new(Self::read(scene)))))
    }

    /// The current verifications.
    pub(super) fn read(scene: &Scene) -> Self {
        let seen = Self {
            methods: CONTACTS.map(|id| (id, methods(scene, id))).into(),
            levels: ADDRESSES
                .map(|(address, _)| (address, levels(scene, address)))
                .into(),
        };
        log::take();
        seen
    }
}

fn methods(scene: &Scene, id: &str) -> Option<BTreeMap<String, Value>> {
    let answer = scene.answer(&Request::of("get-contact", "member", id, ""));
    if answer.status != 200 {
        return None;
    }
    let list = |name: &str| answer.body[name].as_array().unwrap().clone();
    let entries = list("phoneNumber").into_iter().chain(list("emails"));
    let entry = |entry: Value| {
        let verification =
            ["verifiedAt", "verifiedBy", "verificationSource"].map(|name| &entry[name]);
        (
            entry["value"].as_str().unwrap().to_lowercase(),
            json!(verification),
        )
    };
    Some(entries.map(entry).collect())
}

fn levels(scene: &Scene, address: &str) -> Option<Value> {
    let query = format!("email={address}&audience=newsletter&client=website");
    let answer = scene.answer(&Request::of("contact-status", "application", "", "").query(query));
    let body = answer.body;
    (answer.status == 200).then(|| {
        json!([
            body["verified_at"],
            body["audience"]["verified_at"],
            body["client"]["verified_at"],
        ])
    })
}

/// Asserts that only those verifications have changed that an edit or the request is about.
pub(super) fn check_seen(
    before: &Seen,
    after: &Seen,
    edits: &[Edit],
    is_read: bool,
    request: &str,
    context: &str,
) {
    let is_asked = |name: &str| {
        // A request to endpoint 3 without an address is about one of the addresses.
        let is_about = request.contains(name) || request.contains("\"verified\"");
        !is_read && is_about
    };
    for id in CONTACTS {
        let (Some(before), Some(after)) = (&before.methods[id], &after.methods[id]) else {
            continue;
        };
        let names = before.keys().chain(after.keys());
        for name in names {
            if is_asked(name) || edits.iter().any(|edit| touches_method(edit, id, name)) {
                continue;
            }
            let none = json!([null, null, null]);
            let of =
                |seen: &BTreeMap<String, Value>| seen.get(name).cloned().unwrap_or(none.clone());
            assert_eq!(
                of(before),
                of(after),
                "{context}: the verification of {name} of {id}"
            );
        }
    }
    for (address, owner) in ADDRESSES {
        let (Some(before), Some(after)) = (&before.levels[address], &after.levels[address]) else {
            continue;
        };
        if !is_asked(address)
            && !edits
                .iter()
                .any(|edit| touches_levels(edit, owner, address))
        {
            assert_eq!(before, after, "{context}: the verifications of {address}");
        }
    }
}

/// Whether an edit is about the verification of a method, or about the identity of the method.
fn touches_method(edit: &Edit, id: &str, name: &str) -> bool {
    if !edit.is_of(id, "CONTACT") {
        return false;
    }
    match edit.path()[..] {
        [] | ["phones" | "emails"] => true,
        ["phones" | "emails", key] => key == name,
        // The answer names an entry by its value.
        ["phones" | "emails", _, "value"] if edit.makes(name) => true,
        ["phones" | "emails", key, of] => {
            key == name && ["value", "verifiedAt", "verifiedBy", "verificationSource"].contains(&of)
        }
        _ => false,
    }
}

/// Whether an edit is about a verification of an address, about its owner, or about its entry in the contact.
fn touches_levels(edit: &Edit, owner: &str, address: &str) -> bool {
    if edit.is_of_address() {
        return matches!(edit.path()[..], [] | ["ownerId"]);
    }
    if edit.is_of(owner, "CONTACT") {
        return match edit.path()[..] {
            [] | ["emails"] => true,
            ["emails", key] => key == address,
            ["emails", key, of] => key == address && ["id", "verifiedAt"].contains(&of),
            _ => false,
        };
    }
    edit.is_of(owner, "SUBSCRIPTION")
        && match edit.path()[..] {
            [] | ["verifications"] | ["verifications", _] => true,
            ["verifications", _, of] => of == "verifiedAt",
            _ => false,
        }
}
