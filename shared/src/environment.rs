//! Reads environment variables, in the same way for every part of the program.

use std::env::{self, VarError};

/// The value of an environment variable, trimmed. A blank value counts as unset.
///
/// # Errors
/// When the value is not Unicode text.
pub fn environment_variable(name: &str) -> Result<Option<String>, VarError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error),
    }
}
