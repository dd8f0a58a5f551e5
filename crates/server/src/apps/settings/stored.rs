//! Between a setting's value and the field of the domain type that holds it.

use super::kind::Value;
use crate::apps::PermittedUsers;
use crate::apps::draft::Draft;
use crate::apps::saml::{
    AttributeRow, Cipher, EncryptionPolicy, RequestSignatures, RequestedContext, SignWhat,
    SubjectType,
};

/// Where a setting lives: how its field is read and written. Made by [`at!`].
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) get: fn(&Draft) -> Value,
    /// A value of another type than the field's changes nothing; the kind refused it before.
    pub(super) set: fn(&mut Draft, Value),
}

/// The field of a draft at this path.
macro_rules! at {
    ($($path:ident).+) => {
        $crate::apps::settings::stored::At {
            get: |draft| $crate::apps::settings::stored::Stored::value(&draft.$($path).+),
            set: |draft, value| {
                if let Some(value) = $crate::apps::settings::stored::Stored::of(value) {
                    draft.$($path).+ = value;
                }
            },
        }
    };
}
pub(super) use at;

/// A type of field that a setting can live in.
pub(super) trait Stored: Sized {
    fn value(&self) -> Value;
    fn of(value: Value) -> Option<Self>;
}

macro_rules! stored {
    ($($field:ty => $variant:ident,)+) => { $(
        impl Stored for $field {
            fn value(&self) -> Value {
                Value::$variant(self.clone())
            }
            fn of(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    )+ };
}
stored! {
    bool => Flag,
    i64 => Number,
    String => Text,
    Vec<String> => List,
    Vec<AttributeRow> => Rows,
}

/// Nothing stands for a value that another source gives.
impl<T: Stored> Stored for Option<T> {
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Nothing, Stored::value)
    }
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Nothing => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

macro_rules! worded {
    ($($choice:ty),+) => { $(
        impl Stored for $choice {
            fn value(&self) -> Value {
                Value::Text(self.word().to_owned())
            }
            fn of(value: Value) -> Option<Self> {
                match value {
                    Value::Text(word) => Self::of_word(&word),
                    _ => None,
                }
            }
        }
    )+ };
}
worded!(
    SignWhat,
    RequestSignatures,
    RequestedContext,
    Cipher,
    EncryptionPolicy,
    PermittedUsers
);

impl Stored for SubjectType {
    fn value(&self) -> Value {
        Value::Text(self.word())
    }
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Text(word) => Self::of_word(&word),
            _ => None,
        }
    }
}
