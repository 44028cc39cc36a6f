//! Tables, as Markdown has them.

/// A row of cells.
pub(super) fn row<const N: usize, T: AsRef<str>>(cells: &[T; N]) -> String {
    let cells = cells.each_ref().map(AsRef::as_ref);
    format!("| {} |\n", cells.join(" | "))
}

/// Prints what is measured.
#[expect(clippy::print_stdout, reason = "what is measured is the output")]
pub(super) fn print(text: &str) {
    print!("{text}");
}
