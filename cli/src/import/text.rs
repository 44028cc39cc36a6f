//! The bytes of a file as UTF-8, decoded while they are read.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// The content of a file as UTF-8. Invalid bytes of a UTF-8 file stay in it.
pub(super) struct Text {
    /// The content.
    pub(super) input: BufReader<Box<dyn Read + Send>>,
    encoding: &'static Encoding,
    read: Arc<AtomicU64>,
}

impl Text {
    /// The content of `input`. The encoding is that of a byte order mark, or else `given`, or else UTF-8.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(super) fn of(
        input: impl Read + Send + 'static,
        given: Option<&'static Encoding>,
    ) -> io::Result<Self> {
        let read = Arc::new(AtomicU64::new(0));
        let mut input = Counted {
            input,
            read: Arc::clone(&read),
        };
        let mut start = Vec::with_capacity(3);
        input.by_ref().take(3).read_to_end(&mut start)?;
        let (encoding, mark) = Encoding::for_bom(&start).unwrap_or((given.unwrap_or(UTF_8), 0));
        let rest = Cursor::new(start.split_off(mark)).chain(input);
        // A UTF-8 file is not decoded here, so that the reader of a row finds its invalid bytes.
        let input: Box<dyn Read + Send> = if encoding == UTF_8 {
            Box::new(rest)
        } else {
            let mut decoder = DecodeReaderBytesBuilder::new();
            Box::new(decoder.encoding(Some(encoding)).build(rest))
        };
        Ok(Self {
            input: BufReader::with_capacity(64 * 1024, input),
            encoding,
            read,
        })
    }

    /// The number of bytes that are read from the file. Some of them are still in a buffer.
    pub(super) fn position(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The text of these bytes of the content.
    ///
    /// # Errors
    /// The reason why the bytes are not text.
    pub(super) fn decoded<'b>(&self, bytes: &'b [u8]) -> Result<&'b str, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| {
            "is not valid UTF-8: name the file's encoding with --encoding, such as windows-1252"
                .to_owned()
        })?;
        // The decoder replaces each invalid sequence with this character.
        if self.encoding != UTF_8 && text.contains(char::REPLACEMENT_CHARACTER) {
            let name = self.encoding.name();
            return Err(format!(
                "is not valid {name} or has the character U+FFFD: name the file's encoding with --encoding"
            ));
        }
        Ok(text)
    }
}

/// The encoding with this label of the Encoding Standard.
///
/// # Errors
/// When no encoding has this label.
pub(crate) fn encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        format!(
            "{label:?} is no encoding: it must be a label of the Encoding Standard, such as utf-8, utf-16le, windows-1252 \
             or shift_jis"
        )
    })
}

/// The encoding of a text that seems to be UTF-16 without a byte order mark, by its first characters.
pub(super) fn looks_like_utf_16(text: &[u8]) -> Option<&'static Encoding> {
    match text {
        [0, first, ..] if *first != 0 => Some(UTF_16BE),
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        _ => None,
    }
}

/// A reader that counts its bytes.
struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], label: Option<&str>) -> (Text, Vec<u8>) {
        let given = label.map(|label| encoding(label).unwrap());
        let mut text = Text::of(Cursor::new(bytes.to_vec()), given).unwrap();
        let mut content = Vec::new();
        text.input.read_to_end(&mut content).unwrap();
        (text, content)
    }

    #[test]
    fn the_position_counts_the_bytes_of_the_file_in_any_encoding() {
        for (bytes, label, expected) in [
            (&b"ab"[..], None, "ab"),
            (b"", None, ""),
            (b"\xEF\xBB\xBFab", None, "ab"),
            (b"\xEF\xBB\xBFab", Some("utf-16le"), "ab"),
            (b"\xFF\xFEa\0b\0", None, "ab"),
            (b"\xFE\xFF\0a\0b", Some("latin1"), "ab"),
            (b"a\0b\0", Some("utf-16"), "ab"),
            (b"\x80\xEB", Some("windows-1252"), "€ë"),
        ] {
            let (text, content) = read(bytes, label);
            assert_eq!(text.decoded(&content).unwrap(), expected);
            assert_eq!(text.position(), bytes.len() as u64);
        }
    }

    #[test]
    fn bytes_that_are_invalid_in_the_encoding_are_refused() {
        for (bytes, label, encoding) in [
            (&b"\xFF"[..], None, "UTF-8"),
            (b"\xEF\xBB\xBF\xEB", None, "UTF-8"),
            // Half a character, and half a pair of surrogates.
            (b"\xFF\xFEa", None, "UTF-16LE"),
            (b"\xFF\xFE\x3D\xD8a\0", None, "UTF-16LE"),
            (b"\xFF", Some("shift_jis"), "Shift_JIS"),
            (b"\x81", Some("gb18030"), "gb18030"),
        ] {
            let (text, content) = read(bytes, label);
            let reason = text.decoded(&content).unwrap_err();
            assert!(
                reason.starts_with(&format!("is not valid {encoding}")),
                "{reason}"
            );
            assert!(reason.contains("--encoding"), "{reason}");
        }
        // A replacement character of the file itself is a text like any other.
        let (text, content) = read("\u{fffd}".as_bytes(), None);
        assert_eq!(text.decoded(&content).unwrap(), "\u{fffd}");
    }

    #[test]
    fn an_encoding_has_a_label_of_the_standard() {
        for label in [
            "utf-8", "UTF8", " latin1 ", "cp1252", "sjis", "utf-16be", "big5",
        ] {
            assert!(encoding(label).is_ok(), "{label}");
        }
        for label in ["", "utf-7", "ansi", "utf-32", "iso-2022-kr", "windows"] {
            assert!(
                encoding(label).unwrap_err().contains("is no encoding"),
                "{label}"
            );
        }
    }
}
