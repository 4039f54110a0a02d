//! Looks for numbers that are not finite: JSON has none, and its writer puts `null` in their place without a word.

use std::fmt::Display;

use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

type Answer = serde_json::Result<()>;

/// Goes through a value and writes nothing.
#[derive(Clone, Copy)]
pub(super) struct Finite;

macro_rules! fine {
    ($($name:ident: $kind:ty,)+) => {
        $(fn $name(self, _value: $kind) -> Answer {
            Ok(())
        })+
    };
}

macro_rules! parts {
    ($($part:ident: $method:ident($($key:ty)?);)+) => {
        $(impl $part for Finite {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Answer {
                value.serialize(*self)
            }

            fn end(self) -> Answer {
                Ok(())
            }
        })+
    };
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl SerializeMap for Finite {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _key: &T) -> Answer {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Answer {
        value.serialize(*self)
    }

    fn end(self) -> Answer {
        Ok(())
    }
}

type Same = serde_json::Result<Finite>;

impl Serializer for Finite {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fine! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Answer {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Answer {
        if value.is_finite() {
            return Ok(());
        }
        Err(Error::custom(format!("{value} is no number of JSON: write it as a text, or as null")))
    }

    fn serialize_none(self) -> Answer {
        Ok(())
    }

    fn serialize_unit(self) -> Answer {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Answer {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Answer {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Answer {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Answer {
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Same {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Same {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Same {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Same {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Same {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Same {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Same {
        Ok(self)
    }

    fn collect_str<T: Display + ?Sized>(self, _value: &T) -> Answer {
        Ok(())
    }
}
