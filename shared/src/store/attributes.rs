//! Items read by serde where they are.
//!
//! `serde_dynamo` reads them from a copy in types of its own, whose making takes longer than the reading. So it only
//! writes them here.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::items::Item;

/// Reads an item.
///
/// # Errors
/// When it is not of this type. The error's text quotes values.
pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    T::deserialize(members(item))
}

fn members<'de>(
    members: Item,
) -> MapDeserializer<'de, impl Iterator<Item = (String, Attribute)>, Error> {
    MapDeserializer::new(
        members
            .into_iter()
            .map(|(name, value)| (name, Attribute(value))),
    )
}

/// The value of an attribute, at any depth.
struct Attribute(AttributeValue);

impl<'de> Deserializer<'de> for Attribute {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            AttributeValue::S(text) => visitor.visit_string(text),
            AttributeValue::N(number) => match number.parse() {
                Ok(whole) => visitor.visit_u64(whole),
                // No item has one; what reads it says so.
                Err(_) => visitor.visit_string(number),
            },
            AttributeValue::Bool(is_true) => visitor.visit_bool(is_true),
            AttributeValue::L(values) => {
                visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Attribute)))
            }
            AttributeValue::M(values) => visitor.visit_map(members(values)),
            // Null, and the sets and binary values that no item has.
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            AttributeValue::Null(_) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            AttributeValue::S(text) => visitor.visit_enum(text.into_deserializer()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Attribute {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
