//! Changes an input a little: its bytes, or a value of its JSON.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Bytes that readers treat in a special way.
const TOKENS: [&[u8]; 40] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"~",
    b"~1",
    b"#",
    b"%",
    b"%00",
    b"%2B",
    b"+",
    b"-",
    b"--",
    b",",
    b";",
    b"=",
    b"&",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"1e400",
    b"99999999999999999999",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    "\u{200b}".as_bytes(),
    "\u{202e}".as_bytes(),
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    "ß".as_bytes(),
    "İ".as_bytes(),
    "０".as_bytes(),
];

/// A changed form of an input, which may get a part of the input `other`.
#[must_use]
pub fn mutate(input: &[u8], other: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut input = input.to_vec();
    for _ in 0..random.usize(1..5) {
        input = match json_part(&input) {
            Some((start, value)) if random.u8(0..3) > 0 => {
                mutate_json(&input[..start], value, other, random)
            }
            _ => mutate_bytes(input, other, random),
        };
    }
    input
}

/// The start and the value of an input's JSON, which is the whole input or its part after the first lines.
fn json_part(input: &[u8]) -> Option<(usize, Value)> {
    let start = input.iter().position(|byte| matches!(byte, b'{' | b'['))?;
    let is_line = start == 0 || input[start - 1] == b'\n';
    is_line.then(|| {
        serde_json::from_slice(&input[start..])
            .ok()
            .map(|value| (start, value))
    })?
}

fn mutate_json(before: &[u8], mut value: Value, other: &[u8], random: &mut Rng) -> Vec<u8> {
    let other = json_part(other).map(|(_, value)| value);
    let mut count = 0;
    visit(&mut value, &mut |_| count += 1);
    let mut chosen = random.usize(0..count);
    visit(&mut value, &mut |value| {
        if chosen == 0 {
            change(value, other.as_ref(), random);
        }
        chosen = chosen.wrapping_sub(1);
    });
    [before, value.to_string().as_bytes()].concat()
}

/// Calls `see` with each value, from the inside out.
fn visit(value: &mut Value, see: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| visit(value, see)),
        Value::Object(members) => members.values_mut().for_each(|value| visit(value, see)),
        _ => {}
    }
    see(value);
}

fn change(value: &mut Value, other: Option<&Value>, random: &mut Rng) {
    match value {
        Value::Object(members) if random.bool() => change_members(members, random),
        Value::Array(list) if !list.is_empty() && random.bool() => {
            let place = random.usize(0..list.len());
            if random.bool() {
                list.remove(place);
            } else {
                list.push(list[place].clone());
            }
        }
        Value::String(text) if random.u8(0..3) > 0 => {
            let bytes = mutate_bytes(text.clone().into_bytes(), b"", random);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        _ => *value = another(value, other, random),
    }
}

fn change_members(members: &mut Map<String, Value>, random: &mut Rng) {
    let names: Vec<_> = members.keys().cloned().collect();
    let Some(name) = random.choice(&names) else {
        members.insert("x".to_owned(), Value::Null);
        return;
    };
    let Some(value) = members.remove(name) else {
        return;
    };
    match random.u8(0..3) {
        0 => {}
        1 => {
            let bytes = mutate_bytes(name.clone().into_bytes(), b"", random);
            members.insert(String::from_utf8_lossy(&bytes).into_owned(), value);
        }
        _ => {
            let to = random.choice(&names).unwrap_or(name);
            members.insert(to.clone(), value.clone());
            members.insert(name.clone(), value);
        }
    }
}

/// Another value that replaces `value`.
fn another(value: &Value, other: Option<&Value>, random: &mut Rng) -> Value {
    match random.u8(0..13) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(1.5e300),
        6 => json!(u64::MAX),
        7 => json!(""),
        8 => json!([]),
        9 => json!({}),
        10 => json!([value]),
        11 => json!(value.to_string()),
        _ => other.cloned().unwrap_or_default(),
    }
}

fn mutate_bytes(mut bytes: Vec<u8>, other: &[u8], random: &mut Rng) -> Vec<u8> {
    let place = random.usize(0..=bytes.len());
    let end = random.usize(place..=bytes.len().min(place + 16));
    match random.u8(0..8) {
        0 => drop(bytes.drain(place..end)),
        1 => bytes.insert(place, random.u8(..)),
        2 if place < bytes.len() => bytes[place] ^= 1 << random.u8(0..8),
        3 => {
            let part = bytes[place..end].to_vec();
            bytes.splice(place..place, part);
        }
        4 if !other.is_empty() => {
            let start = random.usize(0..other.len());
            let until = random.usize(start..=other.len().min(start + 64));
            bytes.splice(place..end, other[start..until].iter().copied());
        }
        5 if place < bytes.len() => bytes[place] = random.u8(b' '..=b'~'),
        _ => {
            let token = TOKENS[random.usize(0..TOKENS.len())];
            bytes.splice(place..end, token.iter().copied());
        }
    }
    bytes
}
