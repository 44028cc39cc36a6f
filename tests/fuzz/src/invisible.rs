//! Invisible characters, by the tables of another library than the product's.

use std::sync::LazyLock;

use regex::Regex;

/// White space, and Unicode's default ignorable and format characters.
static INVISIBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\p{White_Space}\p{Cf}\p{Default_Ignorable_Code_Point}]$").unwrap()
});

/// Whether `c` is invisible.
pub(crate) fn is_invisible(c: char) -> bool {
    INVISIBLE.is_match(c.encode_utf8(&mut [0; 4]))
}
