//! Profiles and permission sets: so far, names that users have and apps are assigned to.

use super::error::{Missing, Noun};
use super::{AdminContext, AdminError, Change, Wrong, change, view};
use crate::audit::check::Phrase;
use crate::audit::{Party, PartyKind};
use crate::flow::admin::About;
use crate::store::{self, Connection};
use crate::users::AdminRight;
use crate::users::{PermissionSetId, ProfileId};

/// The profile of users for whom none is named. It is there as soon as somebody needs it; any other
/// is made on purpose, so that a slip of the pen gives nobody a profile of their own.
pub const STANDARD_PROFILE: &str = "Standard User";

/// Those there are, by name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Profiles.
    pub profiles: Vec<(ProfileId, String)>,
    /// Permission sets.
    pub permission_sets: Vec<(PermissionSetId, String)>,
}

impl Known {
    /// Reads them.
    ///
    /// # Errors
    /// As any statement.
    pub(super) fn read(c: &mut Connection) -> Result<Self, AdminError> {
        Ok(Self {
            profiles: store::profiles::all(c)?,
            permission_sets: store::permission_sets::all(c)?,
        })
    }

    /// The profile with this name or row.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub(super) fn profile(&self, name: &str) -> Result<(ProfileId, String), AdminError> {
        one(&self.profiles, ProfileId::as_str, Noun::Profile, name)
    }

    /// The permission set with this name or row.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub(super) fn permission_set(
        &self,
        name: &str,
    ) -> Result<(PermissionSetId, String), AdminError> {
        let row = PermissionSetId::as_str;
        one(&self.permission_sets, row, Noun::PermissionSet, name)
    }
}

/// The profile of this name or row; the standard one is made when it is not there.
pub(super) fn ensure(
    c: &mut Connection,
    cx: &AdminContext<'_>,
    name: &str,
) -> Result<(ProfileId, String), AdminError> {
    if name == STANDARD_PROFILE {
        let row = store::profiles::ensure(c, name, ProfileId::new(cx.row_id()))?;
        return Ok((row, name.to_owned()));
    }
    Known::read(c)?.profile(name)
}

fn one<I: Clone>(
    known: &[(I, String)],
    row: fn(&I) -> &str,
    noun: Noun,
    name: &str,
) -> Result<(I, String), AdminError> {
    let found = known
        .iter()
        .find(|(_, known)| known == name)
        .or_else(|| known.iter().find(|(id, _)| row(id) == name));
    found.cloned().ok_or_else(|| {
        let names = known.iter().map(|(_, name)| name.as_str());
        Missing::among(noun, name, names).into()
    })
}

/// Lists profiles and permission sets.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &AdminContext<'_>) -> Result<Known, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, _| Known::read(c))
}

/// Makes the profile of this name, or the permission set, unless it is there; answers its row.
///
/// # Errors
/// [`AdminError`].
pub fn add(cx: &AdminContext<'_>, noun: Noun, name: &str) -> Result<String, AdminError> {
    let of_profile = noun == Noun::Profile;
    let kind = if of_profile {
        "profile"
    } else {
        "permission set"
    };
    if name.trim().is_empty() || name.chars().count() > 100 {
        return Err(Wrong::new("name", format!("a {kind}'s name has 1 to 100 characters")).into());
    }
    let id = cx.row_id();
    change(cx, &[AdminRight::ManageOrganisation], |c, _| {
        let (made, was_there) = if of_profile {
            let made = store::profiles::ensure(c, name, ProfileId::new(id.as_str()))?;
            (made.to_string(), made.as_str() != id)
        } else {
            let new = PermissionSetId::new(id.as_str());
            let made = store::permission_sets::ensure(c, name, new)?;
            (made.to_string(), made.as_str() != id)
        };
        let phrase = match (of_profile, was_there) {
            (true, false) => Phrase::ProfileAdded,
            (true, true) => Phrase::ProfileWasThere,
            (false, false) => Phrase::PermissionSetAdded,
            (false, true) => Phrase::PermissionSetWasThere,
        };
        let of_kind = if of_profile {
            PartyKind::Profile
        } else {
            PartyKind::PermissionSet
        };
        let mut change = Change {
            reason: phrase.of(name),
            about: About {
                target: Some(Party::new(
                    of_kind,
                    Some(made.clone()),
                    Some(name.to_owned()),
                )),
                app: None,
            },
            ..Change::default()
        };
        if !was_there {
            let line = (kind.to_owned(), String::new(), name.to_owned());
            change.settings.push(line);
        }
        Ok((made, change))
    })
}
