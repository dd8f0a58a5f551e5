//! Changing a user. Each change is applied to what is there in the transaction that writes it, so
//! that one never undoes another.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::name_id::MailAddress;

use super::super::profiles::{self, Known};
use super::super::{About, AdminContext, AdminError, Change, Line, Wrong, change, view};
use super::{find, same_mail};
use crate::audit::Party;
use crate::audit::check::{Phrase, Value};
use crate::directory::password::Password;
use crate::store;
use crate::text::Locale;
use crate::users::{AdminRight, User};

/// What is to change; what is `None` stays.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of a user, see `User`")]
pub struct UserEdit {
    pub display_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    /// Without it, a new address is one that nobody has shown to be the user's.
    pub email_verified: Option<bool>,
    /// Empty for none.
    pub federation_id: Option<String>,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
    /// Name or row.
    pub profile: Option<String>,
    /// Names or rows of all that the user is to have.
    pub permission_sets: Option<Vec<String>>,
    /// Values of custom attributes, in place of those there are; without values one is removed.
    pub custom: BTreeMap<String, Vec<String>>,
    /// All rights that the user is to have.
    pub rights: Option<BTreeSet<AdminRight>>,
}

/// A user who was added or changed.
#[derive(Debug)]
pub struct Edited {
    /// The user now.
    pub user: User,
    /// What changed.
    pub lines: Vec<Line>,
    /// Usernames of some others with the same mail address.
    pub same_mail: Vec<String>,
}

/// Changes a user by row or username.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn edit(cx: &AdminContext<'_>, id: &str, edit: &UserEdit) -> Result<Edited, AdminError> {
    change(cx, &[AdminRight::ManageUsers], |c, acting| {
        let before = find(c, id)?;
        acting.require_all_rights_of(&before)?;
        let mut user = before.clone();
        edit.apply(&mut user)?;
        // Nobody gives a right that they have not.
        acting.require_all_rights_of(&user)?;
        if let Some(name) = &edit.profile {
            (user.profile, user.profile_name) = profiles::ensure(c, cx, name)?;
        }
        if let Some(names) = &edit.permission_sets {
            let known = Known::read(c)?;
            let names: BTreeSet<&String> = names.iter().filter(|name| !name.is_empty()).collect();
            user.permission_sets = names
                .into_iter()
                .map(|name| known.permission_set(name))
                .collect::<Result<_, _>>()?;
        }
        let others = store::users::others_with_mail(c, &user)?;
        if user.email_verified
            && let Some((other, _)) = others.iter().find(|(_, verified)| *verified)
        {
            return Err(Wrong::new(
                "email_verified",
                format!(
                    "{} was shown to be the address of {other}, so it cannot be of {} as well; an \
                     app that is told it could not tell them apart. Nothing was changed",
                    user.email, user.username
                ),
            )
            .into());
        }
        let lines = written(c, cx, &before, &user)?;
        let change = Change {
            reason: Phrase::UserChanged.of(&user.username),
            about: about(&user),
            settings: lines.clone(),
            ..Change::default()
        };
        let same_mail = same_mail(c, &user)?;
        Ok((
            Edited {
                user,
                lines,
                same_mail,
            },
            change,
        ))
    })
}

impl UserEdit {
    fn apply(&self, user: &mut User) -> Result<(), AdminError> {
        let mail_before = user.email.clone();
        for (field, value) in [
            (&mut user.display_name, &self.display_name),
            (&mut user.given_name, &self.given_name),
            (&mut user.family_name, &self.family_name),
            (&mut user.email, &self.email),
            (&mut user.locale, &self.locale),
            (&mut user.time_zone, &self.time_zone),
        ] {
            if let Some(value) = value {
                value.trim().clone_into(field);
            }
        }
        if !user.email.is_empty() {
            MailAddress::parse(&user.email).map_err(|e| Wrong::new("email", e.to_string()))?;
        }
        if let Some(verified) = self.email_verified {
            user.email_verified = verified;
        } else if user.email != mail_before {
            user.email_verified = false;
        }
        if let Some(id) = &self.federation_id {
            user.federation_id = Some(id.trim().to_owned()).filter(|id| !id.is_empty());
        }
        for (name, values) in &self.custom {
            let values: Vec<String> = values.iter().filter(|v| !v.is_empty()).cloned().collect();
            if values.is_empty() {
                user.custom.remove(name);
            } else {
                user.custom.insert(name.clone(), values);
            }
        }
        if let Some(rights) = &self.rights {
            user.rights.clone_from(rights);
            // Rights of a later version stay beside those chosen here, unless there are to be none.
            if rights.is_empty() {
                user.unknown_rights.clear();
            }
        }
        Ok(())
    }
}

/// Lets a user sign in, or ends their sessions and lets them no more. Answers the user and how many
/// sessions ended.
///
/// # Errors
/// [`AdminError::Refused`]: nobody locks themselves out.
pub fn set_active(
    cx: &AdminContext<'_>,
    id: &str,
    active: bool,
) -> Result<(User, usize), AdminError> {
    change(cx, &[AdminRight::ManageUsers], |c, acting| {
        let before = find(c, id)?;
        let themselves = acting.user.as_ref().is_some_and(|own| own.id == before.id);
        if themselves && !active {
            return Err(Wrong::new(
                "",
                "You cannot deactivate yourself; another administrator can.",
            )
            .into());
        }
        acting.require_all_rights_of(&before)?;
        let mut user = before.clone();
        user.active = active;
        let settings = written(c, cx, &before, &user)?;
        let ended = if active {
            0
        } else {
            store::sessions::end_of_user(c, &user.id)?
        };
        let change = Change {
            reason: if active {
                Phrase::UserIsActive.of(&user.username)
            } else {
                Phrase::UserIsDeactivated.of(&user.username)
            },
            about: about(&user),
            settings,
            ..Change::default()
        };
        Ok(((user, ended), change))
    })
}

/// Sets a user's password, and ends their sessions: whoever knew the old one may be signed in. Answers
/// how many there were.
///
/// # Errors
/// [`AdminError`]: nothing was changed.
pub fn set_password(
    cx: &AdminContext<'_>,
    id: &str,
    password: &Password,
) -> Result<(User, usize), AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, acting| {
        acting.require_all_rights_of(&find(c, id)?)
    })?;
    if let Some(wrong) = too_short(cx, password) {
        return Err(wrong.into());
    }
    let hash = hash(cx, password)?;
    change(cx, &[AdminRight::ManageUsers], |c, acting| {
        let user = find(c, id)?;
        acting.require_all_rights_of(&user)?;
        store::users::set_password(c, &user.id, &hash, cx.now)?;
        let ended = store::sessions::end_of_user(c, &user.id)?;
        let change = Change {
            reason: Phrase::PasswordSet
                .with([Value::text(user.username.clone()), Value::from(ended)]),
            about: about(&user),
            ..Change::default()
        };
        Ok(((user, ended), change))
    })
}

pub(super) fn too_short(cx: &AdminContext<'_>, password: &Password) -> Option<Wrong> {
    let least = cx.settings.login.password_min_characters;
    (password.chars() < least).then(|| {
        let t = &Locale::English.catalogue().user_new;
        Wrong::new("password", t.password_short.with(least))
    })
}

pub(super) fn hash(cx: &AdminContext<'_>, password: &Password) -> Result<String, AdminError> {
    let made = cx.hasher.hash(password);
    made.map_err(|error| Wrong::new("password", error.to_string()).into())
}

/// Writes a user, and answers what changed.
fn written(
    c: &mut store::Connection,
    cx: &AdminContext<'_>,
    before: &User,
    after: &User,
) -> Result<Vec<Line>, AdminError> {
    store::users::update(c, after, cx.now)?;
    let (before, after): (BTreeMap<_, _>, _) =
        (fields(before).into_iter().collect(), fields(after));
    let names: Vec<String> = after.iter().map(|(name, _)| name.clone()).collect();
    let gone = before
        .iter()
        .filter(|(name, _)| !names.contains(name))
        .map(|(name, was)| (name.clone(), was.clone(), String::new()));
    let mut lines: Vec<Line> = after
        .into_iter()
        .map(|(name, is)| {
            let was = before.get(&name).cloned().unwrap_or_default();
            (name, was, is)
        })
        .filter(|(_, was, is)| was != is)
        .collect();
    lines.extend(gone);
    Ok(lines)
}

/// Every field that can change, by name, as events tell it.
pub(super) fn fields(user: &User) -> Vec<(String, String)> {
    let sets: Vec<&str> = user
        .permission_sets
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    let rights = user.right_words();
    let mut fields: Vec<(String, String)> = [
        ("display_name", user.display_name.as_str()),
        ("given_name", &user.given_name),
        ("family_name", &user.family_name),
        ("email", &user.email),
        ("email_verified", &user.email_verified.to_string()),
        (
            "federation_id",
            user.federation_id.as_deref().unwrap_or_default(),
        ),
        ("locale", &user.locale),
        ("time_zone", &user.time_zone),
        ("active", word(user.active)),
        ("profile", &user.profile_name),
        ("permission_sets", &sets.join(", ")),
        ("admin", &rights.join(", ")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let custom = user.custom.iter();
    fields.extend(custom.map(|(name, values)| (format!("custom.{name}"), values.join(", "))));
    fields
}

const fn word(active: bool) -> &'static str {
    if active { "active" } else { "deactivated" }
}

fn about(user: &User) -> About {
    About {
        target: Some(Party::user(user.id.as_str(), user.username.as_str())),
        app: None,
    }
}
