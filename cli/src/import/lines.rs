//! JSON Lines: one object per line.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::raw_record::{MAX_RECORD_BYTES, RawRecord};
use super::text::Text;
use crate::contact_file::fault::Fault;

/// Reads the lines of a file.
pub(super) struct Lines {
    source: Text,
    line: u64,
    buffer: Vec<u8>,
}

impl Lines {
    /// A reader of `source`.
    pub(super) fn new(source: Text) -> Self {
        Self {
            source,
            line: 0,
            buffer: Vec::new(),
        }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<RawRecord>> {
        loop {
            if self.source.input.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let is_whole = self.read_line()?;
            self.line += 1;
            if is_whole && self.buffer.trim_ascii().is_empty() {
                continue;
            }
            let members = if is_whole {
                self.source
                    .decoded(&self.buffer)
                    .map_err(Fault::of_record)
                    .and_then(members)
            } else {
                Err(Fault::of_record("is longer than 16 MB"))
            };
            return Ok(Some(RawRecord {
                line: self.line,
                end: self.source.position(),
                bytes: self.buffer.len(),
                members,
            }));
        }
    }

    /// Reads a line into the buffer. Returns false if the line is too long, and does not keep it then.
    fn read_line(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let mut is_whole = true;
        loop {
            let available = self.source.input.fill_buf()?;
            if available.is_empty() {
                return Ok(is_whole);
            }
            let line_end = available.iter().position(|byte| *byte == b'\n');
            let used = line_end.map_or(available.len(), |place| place + 1);
            if is_whole && self.buffer.len() + used <= MAX_RECORD_BYTES {
                self.buffer.extend_from_slice(&available[..used]);
            } else {
                is_whole = false;
                self.buffer = Vec::new();
            }
            self.source.input.consume(used);
            if line_end.is_some() {
                return Ok(is_whole);
            }
        }
    }
}

fn members(line: &str) -> Result<Map<String, Value>, Fault> {
    let not_json = |error: serde_json::Error| {
        Fault::of_record(format!("is not JSON (column {})", error.column()))
    };
    if !line.trim_start().starts_with('{') {
        return match serde_json::from_str::<IgnoredAny>(line) {
            Ok(_) => Err(Fault::of_record("must be an object")),
            Err(error) => Err(not_json(error)),
        };
    }
    let object: Object = serde_json::from_str(line).map_err(not_json)?;
    match object.repeated {
        Some(name) => Err(Fault::new(name, "is repeated")),
        None => Ok(object.members),
    }
}

/// An object and the name of a member that it repeats. `serde_json` alone would silently keep the last value.
#[derive(Default)]
struct Object {
    members: Map<String, Value>,
    repeated: Option<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.members.insert(name.clone(), value).is_some() {
                        object.repeated.get_or_insert(name);
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Result<Value, String>)> {
        let mut lines = Lines::new(Text::of(Cursor::new(text.to_vec()), None).unwrap());
        let mut found = Vec::new();
        while let Some(record) = lines.next().unwrap() {
            let members = record.members.map(Value::Object).map_err(|fault| {
                assert_eq!(fault.field, "record");
                fault.reason
            });
            found.push((record.line, members));
        }
        assert_eq!(lines.source.position(), text.len() as u64);
        found
    }

    #[test]
    fn blank_and_invalid_lines_are_counted_too() {
        let text = b"{\"id\":\"a\"}\r\n\n  \r\n[1]\n{\"id\":\"\xFF\"}\n{\"id\":}\n{\"id\":\"b\"}";
        let object = |id: &str| Ok(serde_json::json!({ "id": id }));
        let fault = |reason: &str| Err(reason.to_owned());
        assert_eq!(
            read(text),
            [
                (1, object("a")),
                (4, fault("must be an object")),
                (
                    5,
                    fault(
                        "is not valid UTF-8: name the file's encoding with --encoding, such as windows-1252"
                    )
                ),
                (6, fault("is not JSON (column 7)")),
                (7, object("b")),
            ]
        );
        assert_eq!(read(b""), []);
    }

    #[test]
    fn a_repeated_member_is_named() {
        let text = br#"{"id":"a","verifiedAt":"2020-01-01T00:00:00Z","verifiedAt":null}"#;
        let mut lines = Lines::new(Text::of(&text[..], None).unwrap());
        let fault = lines.next().unwrap().unwrap().members.unwrap_err();
        assert_eq!(
            (fault.field.as_str(), fault.reason.as_str()),
            ("verifiedAt", "is repeated")
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_not_kept_in_memory() {
        let mut text = vec![b'x'; MAX_RECORD_BYTES + 1];
        text.extend_from_slice(b"\n{}");
        let found = read(&text);
        assert_eq!(found[0], (1, Err("is longer than 16 MB".to_owned())));
        assert_eq!(found[1], (2, Ok(serde_json::json!({}))));
    }
}
