//! The sections of `docs/identity-providers.md` that have settings.

use std::collections::BTreeMap;

use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/identity-providers.md");

/// A provider's section.
pub(super) struct Section {
    /// The settings of its block.
    pub(super) settings: BTreeMap<String, String>,
    /// The claims of its examples: a user's, if any, then an application's.
    pub(super) examples: Vec<Value>,
}

/// The titles of the sections with settings, sorted.
pub(super) fn titles() -> Vec<&'static str> {
    let with_settings = sections().filter(|(_, text)| !blocks(text, "sh").is_empty());
    let mut titles: Vec<_> = with_settings.map(|(title, _)| title).collect();
    titles.sort_unstable();
    titles
}

/// Title and text of each section.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = PAGE.split("\n## ").skip(1);
    sections.map(|section| section.split_once('\n').unwrap())
}

/// The blocks of code in a language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let start = format!("\n```{language}\n");
    text.split(&start)
        .skip(1)
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect()
}

impl Section {
    pub(super) fn of(title: &str) -> Self {
        let (_, text) = sections().find(|(found, _)| *found == title).unwrap();
        let [settings] = blocks(text, "sh")[..] else {
            panic!("{title} has not one block of settings");
        };
        let setting = |line: &str| {
            let (name, value) = line
                .strip_prefix("export ")
                .unwrap()
                .split_once('=')
                .unwrap();
            (name.to_owned(), value.to_owned())
        };
        let examples = blocks(text, "json").into_iter();
        Self {
            settings: settings.lines().map(setting).collect(),
            examples: examples
                .map(|json| serde_json::from_str(json).unwrap())
                .collect(),
        }
    }

    pub(super) fn user(&self) -> &Value {
        assert_eq!(self.examples.len(), 2);
        &self.examples[0]
    }

    pub(super) fn application(&self) -> &Value {
        self.examples.last().unwrap()
    }
}
