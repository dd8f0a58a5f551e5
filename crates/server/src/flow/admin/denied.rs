//! What an actor may not do.

use crate::users::{AdminRight, User};

/// Why somebody may not do what they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Reference code of the event that records the attempt; empty until it is written.
    pub code: String,
    /// The rights that are lacking, by their words: any of them would do, or each of them where `over` says whose
    /// they are.
    pub lacking: Vec<String>,
    /// The user who may more than the actor: row and username.
    pub over: Option<(String, String)>,
}

impl Denied {
    /// Any of `rights` would do.
    pub(super) fn lacks(rights: &[AdminRight]) -> Self {
        Self {
            code: String::new(),
            lacking: rights
                .iter()
                .map(|right| right.as_str().to_owned())
                .collect(),
            over: None,
        }
    }

    /// `user` has the rights `beyond`, by their words, which the actor has not.
    pub(super) fn over(user: &User, beyond: Vec<String>) -> Self {
        Self {
            code: String::new(),
            lacking: beyond,
            over: Some((user.id.to_string(), user.username.clone())),
        }
    }
}
