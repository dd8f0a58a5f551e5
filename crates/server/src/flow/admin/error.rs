//! Why an administrator's wish was not granted.

use avouch_saml::metadata::Change as Difference;

use super::denied::Denied;
use super::readiness::CannotWork;
use super::stale::Stale;
use crate::apps::readiness::Finding;
use crate::fault::OperatorError;
use crate::store::{Conflict, StoreError};
use crate::text::Locale;

/// Why an administrator's wish was not granted. Nothing was changed.
#[derive(Debug)]
pub enum AdminError {
    /// Nobody is signed in.
    SignIn,
    /// The actor may not; the attempt is recorded.
    Denied(Denied),
    /// There is no such thing.
    NotFound(Missing),
    /// What was asked cannot be done; the sentences say why.
    Refused(Vec<Wrong>),
    /// A name is taken, or something referred to is gone.
    Conflict(Conflict),
    /// What the change was made of has changed since it was read.
    Stale(Box<Stale>),
    /// The metadata has changes that were to be looked at first: all of its changes.
    Risky(Vec<Difference>),
    /// As it would be stored the app could not work, and nobody said that this is meant.
    CannotWork(Vec<Finding>),
    /// The fault is ours.
    Ours(OperatorError),
}

/// What can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A connected app.
    App,
    /// One of the service providers of a metadata file.
    ServiceProvider,
    /// A user.
    User,
    /// A profile.
    Profile,
    /// A permission set.
    PermissionSet,
    /// A key.
    Key,
    /// A recorded event.
    Event,
}

/// What was looked for and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it would be.
    pub noun: Noun,
    /// As it was asked for.
    pub name: String,
    /// The nearest that exists, when one is near.
    pub nearest: Option<String>,
}

impl Missing {
    /// Looks for what is nearest to `name` among those `known`.
    pub(super) fn among<'a>(
        noun: Noun,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            noun,
            name: name.to_owned(),
            nearest: crate::apps::nearest::nearest(name, known).map(str::to_owned),
        }
    }
}

/// What is wrong with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field of the form it concerns; empty for the whole.
    pub field: String,
    /// One sentence: expected, received, what to do.
    pub message: String,
    /// A list of these has what would be right.
    pub see: Option<Noun>,
}

impl Wrong {
    /// Something wrong with one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            see: None,
        }
    }

    /// The same, with the list that has what would be right.
    #[must_use]
    pub fn see(self, noun: Noun) -> Self {
        Self {
            see: Some(noun),
            ..self
        }
    }
}

impl AdminError {
    /// What is wrong with a form, as its page shows it.
    ///
    /// # Errors
    /// This error, when it is about something else.
    pub fn into_wrong(self) -> Result<Vec<Wrong>, Self> {
        match self {
            Self::Refused(wrong) => Ok(wrong),
            Self::Conflict(conflict) => Ok(vec![Wrong::new("", conflict.to_string())]),
            Self::NotFound(Missing {
                noun: Noun::Profile,
                ..
            }) => {
                let t = &Locale::English.catalogue().user_new;
                Ok(vec![Wrong::new("profile", t.profile_wrong.to_string())])
            }
            Self::NotFound(Missing {
                noun: Noun::PermissionSet,
                name,
                ..
            }) => Ok(vec![Wrong::new(
                "permission_sets",
                format!("There is no permission set {name:?}."),
            )]),
            other => Err(other),
        }
    }
}

impl From<Wrong> for AdminError {
    fn from(wrong: Wrong) -> Self {
        Self::Refused(vec![wrong])
    }
}

impl From<CannotWork> for AdminError {
    fn from(CannotWork(found): CannotWork) -> Self {
        Self::CannotWork(found)
    }
}

impl From<Missing> for AdminError {
    fn from(missing: Missing) -> Self {
        Self::NotFound(missing)
    }
}

impl From<Denied> for AdminError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::Conflict(conflict),
            other => Self::Ours(other.into()),
        }
    }
}

impl From<OperatorError> for AdminError {
    fn from(error: OperatorError) -> Self {
        Self::Ours(error)
    }
}
