//! The sample users, each with attributes of another shape. All are plainly invented.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::time::{Random, Timestamp};

use crate::directory::password::{HashError, Password, PasswordHasher};
use crate::random::new_id;
use crate::store::{self, Connection, Db, StoreError};
use crate::users::{AdminRight, User, UserId};
use crate::users::{PermissionSetId, ProfileId};

/// A sample user.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Username.
    pub username: &'static str,
    /// Display name.
    pub name: &'static str,
    /// What is special about them.
    pub note: &'static str,
    given_name: &'static str,
    family_name: &'static str,
    email: &'static str,
    federation_id: Option<&'static str>,
    locale: &'static str,
    active: bool,
    is_admin: bool,
    permission_sets: &'static [&'static str],
    custom: &'static [(&'static str, &'static [&'static str])],
}

/// The password of every sample user.
pub const PASSWORD: &str = "sample";

/// Text that shows whether everything on the way escapes as it should.
pub const ODD_TEXT: &str = "Ünï <&> 'quoted' \"øst\" 漢字";

const PLAIN: Sample = Sample {
    username: "",
    name: "",
    note: "",
    given_name: "",
    family_name: "",
    email: "",
    federation_id: None,
    locale: "",
    active: true,
    is_admin: false,
    permission_sets: &[],
    custom: &[],
};

/// Every sample user, in the order shown.
pub const SAMPLES: &[Sample] = &[
    Sample {
        username: "sample.one",
        name: "Sample User One",
        note: "Every attribute has one value.",
        given_name: "Sample",
        family_name: "One",
        email: "sample.one@example.org",
        federation_id: Some("fed-0001"),
        locale: "en",
        custom: &[
            ("eduPersonPrincipalName", &["sample.one@example.org"]),
            ("eduPersonAffiliation", &["member"]),
            ("eduPersonScopedAffiliation", &["member@example.org"]),
            (
                "eduPersonEntitlement",
                &["urn:example:entitlement:sample-app"],
            ),
        ],
        ..PLAIN
    },
    Sample {
        username: "sample.two",
        name: "Sample User Two",
        note: "Attributes with several values, two permission sets.",
        given_name: "Sample",
        family_name: "Two",
        email: "sample.two@example.org",
        federation_id: Some("fed-0002"),
        locale: "fi",
        permission_sets: &["Sample editors", "Sample reviewers"],
        custom: &[
            ("eduPersonPrincipalName", &["sample.two@example.org"]),
            ("eduPersonAffiliation", &["employee", "faculty", "member"]),
            (
                "eduPersonScopedAffiliation",
                &[
                    "employee@example.org",
                    "faculty@example.org",
                    "member@example.org",
                ],
            ),
            (
                "eduPersonEntitlement",
                &[
                    "urn:example:entitlement:sample-app",
                    "urn:example:entitlement:sample-app:edit",
                ],
            ),
        ],
        ..PLAIN
    },
    Sample {
        username: "sample.three",
        name: ODD_TEXT,
        note: "Odd characters in every value.",
        given_name: "Ünï <&>",
        family_name: "\"øst\" 漢字",
        email: "sample.three+odd@example.org",
        federation_id: Some("fed'0003&<>"),
        locale: "de-CH",
        custom: &[
            ("eduPersonPrincipalName", &["sample.three@example.org"]),
            ("eduPersonAffiliation", &["member", ODD_TEXT]),
            ("eduPersonEntitlement", &["https://example.org/?a=1&b=<2>"]),
        ],
        ..PLAIN
    },
    Sample {
        username: "sample.four",
        name: "Sample User Four",
        note: "No mail address, no given name, no federation ID, no affiliation.",
        family_name: "Four",
        ..PLAIN
    },
    Sample {
        username: "sample.five",
        name: "Sample User Five",
        note: "Deactivated: cannot sign in.",
        given_name: "Sample",
        family_name: "Five",
        email: "sample.five@example.org",
        active: false,
        ..PLAIN
    },
    Sample {
        username: "admin",
        name: "Sample Admin",
        note: "May administer everything.",
        given_name: "Sample",
        family_name: "Admin",
        email: "admin@example.org",
        federation_id: Some("fed-admin"),
        locale: "en",
        is_admin: true,
        custom: &[
            ("eduPersonPrincipalName", &["admin@example.org"]),
            ("eduPersonAffiliation", &["employee", "member"]),
        ],
        ..PLAIN
    },
];

/// The profile all of them have.
const PROFILE: &str = "Sample users";

/// Why the sample users are not there.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// Adds the sample users that are not there yet; those that are stay as they are.
///
/// # Errors
/// [`SamplesError`].
pub fn ensure(
    db: &Db,
    hasher: &PasswordHasher,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<(), SamplesError> {
    // They share a password that is printed, so they can share its hash, and the start its cost.
    let hash = hasher.hash(&Password::new(PASSWORD))?;
    let ids: Vec<String> = (0..SAMPLES.len() + 8).map(|_| new_id(random)).collect();
    db.write(|c: &mut Connection| {
        let mut ids = ids.iter().map(String::as_str);
        let mut id = || ids.next().expect("one for each row below");
        let profile = store::profiles::ensure(c, PROFILE, ProfileId::new(id()))?;
        let mut sets = Vec::new();
        for name in ["Sample editors", "Sample reviewers"] {
            let set = store::permission_sets::ensure(c, name, PermissionSetId::new(id()))?;
            sets.push((set, name.to_owned()));
        }
        for sample in SAMPLES {
            if store::users::by_username(c, sample.username)?.is_some() {
                continue;
            }
            let user = user(sample, id(), &profile, &sets, now);
            store::users::insert(c, &user, now)?;
            store::users::set_password(c, &user.id, &hash, now)?;
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

fn user(
    sample: &Sample,
    id: &str,
    profile: &ProfileId,
    sets: &[(PermissionSetId, String)],
    now: Timestamp,
) -> User {
    let custom: BTreeMap<String, Vec<String>> = sample
        .custom
        .iter()
        .map(|(name, values)| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            ((*name).to_owned(), values)
        })
        .collect();
    let rights: BTreeSet<AdminRight> = AdminRight::ALL
        .iter()
        .filter(|_| sample.is_admin)
        .map(|(right, _)| *right)
        .collect();
    User {
        id: UserId::new(id),
        username: sample.username.to_owned(),
        display_name: sample.name.to_owned(),
        given_name: sample.given_name.to_owned(),
        family_name: sample.family_name.to_owned(),
        email: sample.email.to_owned(),
        email_verified: !sample.email.is_empty(),
        federation_id: sample.federation_id.map(str::to_owned),
        locale: sample.locale.to_owned(),
        time_zone: String::new(),
        active: sample.active,
        profile: profile.clone(),
        profile_name: PROFILE.to_owned(),
        permission_sets: sets
            .iter()
            .filter(|(_, name)| sample.permission_sets.contains(&name.as_str()))
            .cloned()
            .collect(),
        custom,
        rights,
        unknown_rights: BTreeSet::new(),
        created_at: now,
        version: 1,
    }
}
