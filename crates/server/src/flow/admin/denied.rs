//! What an actor may not do.

use crate::users::{AdminRight, User};

/// Why somebody may not do what they asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Reference code of the event that records the attempt; empty until it is written.
    pub code: String,
    /// The rights that are lacking: any of them would do, or each of them where `over` says whose
    /// they are.
    pub lacking: Vec<AdminRight>,
    /// The user who may more than the actor: row and username.
    pub over: Option<(String, String)>,
}

impl Denied {
    /// Any of `rights` would do.
    pub(super) fn lacks(rights: &[AdminRight]) -> Self {
        Self {
            code: String::new(),
            lacking: rights.to_vec(),
            over: None,
        }
    }

    /// `user` has the rights `beyond` those of the actor.
    pub(super) fn over(user: &User, beyond: &[AdminRight]) -> Self {
        Self {
            over: Some((user.id.to_string(), user.username.clone())),
            ..Self::lacks(beyond)
        }
    }

    /// Words of the rights that are lacking.
    pub fn lacking_words(&self) -> Vec<&'static str> {
        self.lacking.iter().map(|right| right.as_str()).collect()
    }
}
