//! Edits of items by hand.

use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::Item;

use crate::choices::Choices;
use crate::scene::key;

/// A text that no log may contain.
pub(super) const SECRET: &str = "unreadable-4711";

/// The name of an attribute that this build does not know.
const UNKNOWN: &str = "unknownAttribute";

/// An edit: the item's key, the path of the attribute, and its new value.
pub(super) struct Edit {
    item: (String, String),
    /// Empty for the item itself.
    path: Vec<String>,
    value: Option<AttributeValue>,
}

impl Edit {
    /// Reads an edit and makes it: the item, the path to an attribute, and the new value or none. `None` if the item belongs to
    /// another organization.
    pub(super) fn read(choices: &mut Choices<'_>, items: &mut [Item]) -> Option<Self> {
        let keys: Vec<_> = (0..items.len()).filter(|n| !items[*n].is_empty()).collect();
        let item = &mut items[*choices.one_of(&keys)];
        let key = key(item);
        if !key.0.starts_with("ORG#org_a") {
            return None;
        }
        if choices.byte() == 255 {
            item.clear();
            return Some(Self {
                item: key,
                path: Vec::new(),
                value: None,
            });
        }
        let mut path = Vec::new();
        let mut map = item;
        loop {
            let mut names: Vec<_> = map
                .keys()
                .filter(|name| !["pk", "sk"].contains(&name.as_str()))
                .cloned()
                .collect();
            names.sort_unstable();
            names.push(UNKNOWN.to_owned());
            let name = choices.one_of(&names).clone();
            path.push(name.clone());
            let goes_deeper = !choices.byte().is_multiple_of(4);
            if goes_deeper && matches!(map.get(&name), Some(AttributeValue::M(_))) {
                let Some(AttributeValue::M(deeper)) = map.get_mut(&name) else {
                    return None;
                };
                map = deeper;
                continue;
            }
            let value = if name == UNKNOWN {
                Some(AttributeValue::S("x".to_owned()))
            } else {
                value(choices, map.get(&name))
            };
            match value.clone() {
                Some(value) => map.insert(name, value),
                None => map.remove(&name),
            };
            return Some(Self {
                item: key,
                path,
                value,
            });
        }
    }

    /// Whether the edit is of an item of this contact, whose sort key begins with `sort`.
    pub(super) fn is_of(&self, contact: &str, sort: &str) -> bool {
        self.item.0.ends_with(&format!("#CONTACT#{contact}")) && self.item.1.starts_with(sort)
    }

    /// Whether the edit is of the item of an address.
    pub(super) fn is_of_address(&self) -> bool {
        self.item.1 == "ADDRESS"
    }

    /// The names that lead to the attribute.
    pub(super) fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// Whether the edit sets the attribute to this text, apart from its case.
    pub(super) fn makes(&self, text: &str) -> bool {
        matches!(&self.value, Some(AttributeValue::S(value)) if value.to_lowercase() == text)
    }

    /// Whether the cause of a failure names the attribute, or one inside or around it.
    pub(super) fn is_named_in(&self, cause: &str) -> bool {
        let named = cause
            .split("cannot read ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let Some(named) = named else {
            return false;
        };
        // The cause has `*` instead of a key that may be personal.
        let same = |(own, other): (&String, &str)| other == "*" || own == other;
        self.path.is_empty() || self.path.iter().zip(named.split('.')).all(same)
    }

    /// Whether the edit is of an attribute that this build does not know.
    pub(super) fn is_unknown(&self) -> bool {
        self.path.last().is_some_and(|name| name == UNKNOWN)
    }

    /// Whether the unknown attribute still has its value, if the map around it still exists.
    pub(super) fn has_kept_unknown(&self, items: &[Item]) -> bool {
        if !self.is_unknown() {
            return true;
        }
        let item = items.iter().find(|item| key(item) == self.item);
        let Some(mut map) = item else {
            return true;
        };
        for name in &self.path[..self.path.len() - 1] {
            match map.get(name) {
                Some(AttributeValue::M(deeper)) => map = deeper,
                _ => return true,
            }
        }
        map.get(UNKNOWN) == self.value.as_ref()
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pk, sk) = &self.item;
        let value = format!("{:?}", self.value);
        write!(
            f,
            "{pk} {sk} {} = {}",
            self.path.join("."),
            value.chars().take(200).collect::<String>()
        )
    }
}

/// A new value that replaces `old`.
fn value(choices: &mut Choices<'_>, old: Option<&AttributeValue>) -> Option<AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    Some(match choices.byte() % 22 {
        0 => return None,
        1 => AttributeValue::Null(true),
        2 => text(""),
        3 => text(SECRET),
        4 => text("2020-01-01T00:00:00.000Z"),
        5 => text("2020-01-01T00:00:00+01:00"),
        6 => text("2099-12-31T23:59:59.999Z"),
        7 => number("0"),
        8 => number("-1"),
        9 => number("18446744073709551615"),
        10 => number("1.5"),
        11 => number("1E+100"),
        12 => AttributeValue::Bool(true),
        13 => AttributeValue::Bool(false),
        14 => AttributeValue::L(Vec::new()),
        15 => AttributeValue::L(vec![text(SECRET)]),
        16 => AttributeValue::M(Item::new()),
        17 => {
            AttributeValue::M([("verifiedAt".to_owned(), text("2020-01-01T00:00:00.000Z"))].into())
        }
        18 => AttributeValue::B(Blob::new(SECRET)),
        19 => AttributeValue::Ss(vec![SECRET.to_owned()]),
        20 => text(&"x".repeat(20_000)),
        // The old value as another type, or a text of the input.
        _ => match old {
            Some(AttributeValue::S(old)) if choices.byte().is_multiple_of(2) => {
                AttributeValue::L(vec![text(old)])
            }
            Some(AttributeValue::N(old)) => text(old),
            Some(AttributeValue::Bool(old)) => text(&old.to_string()),
            Some(AttributeValue::M(old)) => AttributeValue::L(old.values().cloned().collect()),
            Some(AttributeValue::L(old)) => {
                old.first().cloned().unwrap_or(AttributeValue::Null(true))
            }
            _ => text(&choices.text()),
        },
    })
}
