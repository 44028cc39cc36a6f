//! Reads and writes contacts in files. Seed files, imports and exports share the format (contract section 11).

pub(crate) mod fault;
pub(crate) mod json;
pub(crate) mod members;
pub(crate) mod read;
pub(crate) mod row;
pub(crate) mod values;
pub(crate) mod write;
