//! Whom an event names: who acted, and on whom or what.

use super::word::Vocabulary;
use super::{Word, word};

/// Who acted, or whom or what they acted on, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What it is.
    pub kind: Word<PartyKind>,
    /// Its row, if it has one.
    pub id: Option<String>,
    /// Its name; of somebody who was not let in, what was typed as one.
    pub name: Option<String>,
}

impl Party {
    /// A party of this kind.
    pub fn new(kind: PartyKind, id: Option<String>, name: Option<String>) -> Self {
        Self {
            kind: kind.into(),
            id,
            name,
        }
    }

    /// A user.
    pub fn user(id: impl Into<String>, username: impl Into<String>) -> Self {
        Self::new(PartyKind::User, Some(id.into()), Some(username.into()))
    }

    /// The row of the user that this is.
    pub fn user_id(&self) -> Option<&str> {
        let id = self.id.as_deref();
        id.filter(|_| self.kind == PartyKind::User)
    }
}

/// What can act, or be acted on. An app is neither: an event has a place of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// A user.
    User,
    /// Whoever runs commands, by the name that the operating system has for them.
    Operator,
    /// Avouch itself.
    System,
    /// A key of ours.
    Key,
    /// A profile.
    Profile,
    /// A permission set.
    PermissionSet,
}

impl PartyKind {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::User, "user"),
        (Self::Operator, "operator"),
        (Self::System, "system"),
        (Self::Key, "key"),
        (Self::Profile, "profile"),
        (Self::PermissionSet, "permission_set"),
    ];
}

impl word::Vocabulary for PartyKind {
    fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }
}

impl std::fmt::Display for PartyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str((*self).as_str())
    }
}
