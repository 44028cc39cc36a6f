//! `template.yaml`. It is part of the binary, so that the local API cannot drift from the deployed one.

#[cfg(test)]
pub(crate) mod routes;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use yaml_rust2::parser::{Event, EventReceiver, Parser, Tag};
use yaml_rust2::scanner::TScalarStyle;
use yaml_rust2::yaml::Yaml;

const TEMPLATE: &str = include_str!("../../template.yaml");

/// The template as JSON, with CloudFormation's short forms (`!Ref Table`) written out (`{"Ref": "Table"}`).
///
/// # Errors
/// When the template is not YAML, or uses a part of YAML that this module does not support.
pub fn template() -> anyhow::Result<Value> {
    parse(TEMPLATE)
}

/// YAML as JSON.
pub(crate) fn parse(yaml: &str) -> anyhow::Result<Value> {
    let mut builder = Builder::default();
    Parser::new_from_str(yaml)
        .load(&mut builder, false)
        .context("template.yaml is not YAML")?;
    if let Some(unknown) = builder.unsupported {
        bail!("template.yaml has {unknown}, which this tool does not support");
    }
    builder.done.context("template.yaml is empty")
}

/// Builds JSON from the events of the YAML parser: the parser's own tree loses the tags of collections.
#[derive(Default)]
struct Builder {
    open: Vec<(Collection, Option<Tag>)>,
    done: Option<Value>,
    unsupported: Option<String>,
}

enum Collection {
    Sequence(Vec<Value>),
    /// The members so far, and the key of the next value.
    Mapping(Map<String, Value>, Option<String>),
}

impl EventReceiver for Builder {
    fn on_event(&mut self, event: Event) {
        match event {
            Event::Scalar(text, style, _, tag) => {
                let value = scalar(text, style, tag.is_some());
                self.value(written_out(tag, value));
            }
            Event::SequenceStart(_, tag) => {
                self.open.push((Collection::Sequence(Vec::new()), tag));
            }
            Event::MappingStart(_, tag) => {
                self.open.push((Collection::Mapping(Map::new(), None), tag));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let value = match self.open.pop() {
                    Some((Collection::Sequence(values), tag)) => {
                        written_out(tag, Value::Array(values))
                    }
                    Some((Collection::Mapping(members, _), tag)) => {
                        written_out(tag, Value::Object(members))
                    }
                    None => return,
                };
                self.value(value);
            }
            Event::Alias(_) => self.unsupported = Some("an alias".to_owned()),
            _ => {}
        }
    }
}

impl Builder {
    /// Adds a complete value to the collection that contains it.
    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some((Collection::Sequence(values), _)) => values.push(value),
            Some((Collection::Mapping(members, key), _)) => match key.take() {
                Some(key) => drop(members.insert(key, value)),
                None => match value {
                    Value::String(text) => *key = Some(text),
                    other => self.unsupported = Some(format!("the key {other}")),
                },
            },
        }
    }
}

/// The value of a scalar. A quoted or tagged scalar is a text.
fn scalar(text: String, style: TScalarStyle, is_tagged: bool) -> Value {
    if style != TScalarStyle::Plain || is_tagged {
        return Value::String(text);
    }
    match Yaml::from_str(&text) {
        Yaml::Integer(number) => json!(number),
        Yaml::Real(_) => text
            .parse::<f64>()
            .map_or(Value::String(text), |n| json!(n)),
        Yaml::Boolean(truth) => json!(truth),
        Yaml::Null => Value::Null,
        _ => Value::String(text),
    }
}

/// The long form of `!Name value`.
fn written_out(tag: Option<Tag>, value: Value) -> Value {
    let Some(Tag { suffix: name, .. }) = tag else {
        return value;
    };
    let (name, value) = match (name.as_str(), value) {
        ("Ref" | "Condition", value) => (name, value),
        ("GetAtt", Value::String(path)) => {
            let parts: Vec<_> = path.splitn(2, '.').collect();
            ("Fn::GetAtt".to_owned(), json!(parts))
        }
        (_, value) => (format!("Fn::{name}"), value),
    };
    json!({ name: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out_at_every_place() {
        let yaml = r#"
            a: !Ref Table
            b: [!GetAtt Table.Arn, !Sub "${A}/x", plain, "12", 12, 0.5, true]
            c: !If
              - HasKey
              - { d: !Equals [!Ref A, ""] }
              - !Ref AWS::NoValue
        "#;
        assert_eq!(
            parse(yaml).unwrap(),
            json!({
                "a": { "Ref": "Table" },
                "b": [{ "Fn::GetAtt": ["Table", "Arn"] }, { "Fn::Sub": "${A}/x" }, "plain", "12", 12, 0.5, true],
                "c": { "Fn::If": [
                    "HasKey",
                    { "d": { "Fn::Equals": [{ "Ref": "A" }, ""] } },
                    { "Ref": "AWS::NoValue" },
                ] },
            })
        );
    }

    #[test]
    fn the_template_is_read_whole() {
        let template = template().unwrap();
        for section in [
            "Parameters",
            "Rules",
            "Conditions",
            "Globals",
            "Resources",
            "Outputs",
        ] {
            assert!(template[section].is_object(), "{section}");
        }
    }

    #[test]
    fn unsupported_yaml_is_named() {
        let error = parse("a: &x b\nc: *x").unwrap_err();
        assert!(error.to_string().contains("an alias"), "{error}");
        assert!(parse("a: [").is_err());
    }
}
