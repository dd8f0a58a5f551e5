//! The user: who they are, what they may, and the rules on both that need no database.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text_id;

text_id!(
    /// The row of a profile; every user has exactly one.
    ProfileId
);
text_id!(
    /// The row of a permission set; a user has any number.
    PermissionSetId
);
text_id!(
    /// The row of a user; never given to another user.
    UserId
);

/// A user of the organisation.
#[derive(Debug, Clone)]
pub struct User {
    /// Row.
    pub id: UserId,
    /// What is typed at login; unique whatever its letter case.
    pub username: String,
    /// Name shown to people.
    pub display_name: String,
    /// Given name; empty when not known.
    pub given_name: String,
    /// Family name; empty when not known.
    pub family_name: String,
    /// Mail address; empty when not known.
    pub email: String,
    /// Whether the address was shown to be the user's.
    pub email_verified: bool,
    /// The name an SP knows the user by; unique when set.
    pub federation_id: Option<String>,
    /// BCP 47 language tag; empty when not known.
    pub locale: String,
    /// IANA time zone; empty when not known.
    pub time_zone: String,
    /// Whether the user may sign in.
    pub active: bool,
    /// The profile.
    pub profile: ProfileId,
    /// The profile's name.
    pub profile_name: String,
    /// The permission sets, with their names.
    pub permission_sets: Vec<(PermissionSetId, String)>,
    /// Custom attributes: name to values.
    pub custom: BTreeMap<String, Vec<String>>,
    /// What the user may administer.
    pub rights: BTreeSet<AdminRight>,
    /// Rights that a later version of Avouch knows, by their words: they allow nothing here, and stay.
    pub unknown_rights: BTreeSet<String>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// How often the row was written, counted from 1; see `store::users::update`.
    pub version: i64,
}

impl User {
    /// The words of every right, those of a later version last.
    pub fn right_words(&self) -> Vec<&str> {
        let known = self.rights.iter().map(|right| right.as_str());
        let unknown = self.unknown_rights.iter().map(String::as_str);
        known.chain(unknown).collect()
    }
}

/// A separate grant to administer (connected-apps model, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRight {
    /// See apps.
    ReadApps,
    /// Edit apps.
    EditApps,
    /// Install and uninstall apps.
    InstallApps,
    /// Change assignments and released attributes.
    ManageRelease,
    /// Manage users.
    ManageUsers,
    /// Manage keys.
    ManageKeys,
    /// Read the event log.
    ReadLogs,
    /// Manage the organisation.
    ManageOrganisation,
    /// A right of a version to come, for the test of two versions.
    #[cfg(feature = "later-stored-form")]
    OfTomorrow,
}

impl AdminRight {
    /// Every right with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::ReadApps, "read_apps"),
        (Self::EditApps, "edit_apps"),
        (Self::InstallApps, "install_apps"),
        (Self::ManageRelease, "manage_release"),
        (Self::ManageUsers, "manage_users"),
        (Self::ManageKeys, "manage_keys"),
        (Self::ReadLogs, "read_logs"),
        (Self::ManageOrganisation, "manage_organisation"),
        #[cfg(feature = "later-stored-form")]
        (Self::OfTomorrow, "of_tomorrow"),
    ];

    /// The word stored, typed and shown.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(right, _)| *right == self)
            .map_or("", |(_, word)| word)
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(r, _)| *r)
    }
}

/// The form in which usernames are compared: `Sample.One` and `sample.one` are one user.
pub fn fold_username(username: &str) -> String {
    username.trim().to_lowercase()
}
