//! Reads an input as a series of choices, so that every input is valid.

/// The rest of an input. At its end, every choice is the first one.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// The choices of an input.
    pub(crate) fn of(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// Whether the input has ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// One of these.
    pub(crate) fn one_of<'t, T>(&mut self, these: &'t [T]) -> &'t T {
        let choice = usize::from(self.byte()) * 256 + usize::from(self.byte());
        &these[choice % these.len()]
    }

    /// A text: its length, then its bytes.
    pub(crate) fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }
}

/// Takes the next line of a text, up to `\n` and without it. The last line is the rest of the text.
pub(crate) fn line<'a>(input: &mut &'a [u8]) -> &'a [u8] {
    let end = input.iter().position(|byte| *byte == b'\n');
    let line = &input[..end.unwrap_or(input.len())];
    *input = end.map_or(&[], |end| &input[end + 1..]);
    line
}
