//! Characters that nobody sees (contract section 4). People copy them together with a text from a web page, a PDF or an
//! address book.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether nobody sees `c`: white space, and characters that are default ignorable or format characters in Unicode.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace() || (!c.is_ascii() && is_ignorable(c))
}

/// Whether `c` is a default ignorable or a format character in Unicode.
pub(super) fn is_ignorable(c: char) -> bool {
    general_category(c) == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Unicode's general category of `c`.
pub(super) fn general_category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_ignorable_and_format_characters_are_invisible() {
        for c in [
            ' ',
            '\t',
            '\n',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202a}',
            '\u{202f}',
            '\u{2060}',
            '\u{2069}',
            '\u{3000}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{e0020}',
            '\u{e0100}',
        ] {
            assert!(is_invisible(c), "{c:?}");
        }
        for c in [
            'a', '0', '@', '-', '\0', 'é', 'ー', '\u{301}', '\u{e000}', '\u{2800}',
        ] {
            assert!(!is_invisible(c), "{c:?}");
        }
    }
}
