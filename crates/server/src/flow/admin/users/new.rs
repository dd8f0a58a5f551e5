//! Adding a user.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::name_id::MailAddress;

use super::super::error::Noun;
use super::super::profiles::{self, Known, STANDARD_PROFILE};
use super::super::{About, AdminContext, AdminError, Change, Wrong, change, view};
use super::edit::{fields, hash, too_short};
use super::{Edited, same_mail};
use crate::audit::Party;
use crate::audit::check::Phrase;
use crate::directory::password::Password;
use crate::store::{self, Connection};
use crate::text::{Locale, UserNew};
use crate::users::ProfileId;
use crate::users::{AdminRight, User, UserId};

/// A user as typed.
#[derive(Default)]
pub struct NewUser {
    /// Username.
    pub username: String,
    /// Display name; made of the two names, or of the username, when empty.
    pub display_name: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Mail address.
    pub email: String,
    /// Federation ID.
    pub federation_id: String,
    /// Locale.
    pub locale: String,
    /// Time zone.
    pub time_zone: String,
    /// Name or row of the profile.
    pub profile: String,
    /// Names or rows of the permission sets.
    pub permission_sets: Vec<String>,
    /// Custom attributes: name to values.
    pub custom: BTreeMap<String, Vec<String>>,
    /// What the user may administer.
    pub rights: BTreeSet<AdminRight>,
    /// First password; nobody can sign in as a user without one.
    pub password: Option<Password>,
}

/// Whether a user can be added, before their password is asked for.
///
/// # Errors
/// [`AdminError`], as [`add`] would answer.
pub fn check(cx: &AdminContext<'_>, new: &NewUser) -> Result<(), AdminError> {
    let made = made_of(cx, new);
    view(cx, &[AdminRight::ManageUsers], |c, acting| {
        let mut wrong = match &made {
            Ok(user) => {
                acting.require_all_rights_of(user)?;
                is_free(c, user)?.into_iter().collect()
            }
            Err(wrong) => wrong.clone(),
        };
        match profile_known(c, new) {
            // Alone it is told with the nearest that there is.
            Err(error) if wrong.is_empty() => return Err(error),
            Err(error) => wrong.extend(error.into_wrong()?),
            Ok(()) => {}
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(AdminError::Refused(wrong))
        }
    })
}

fn profile_known(c: &mut Connection, new: &NewUser) -> Result<(), AdminError> {
    if new.profile == STANDARD_PROFILE {
        return Ok(());
    }
    Known::read(c)?.profile(&new.profile).map(|_| ())
}

/// Adds a user.
///
/// # Errors
/// [`AdminError::Refused`] with every field that is wrong; nobody was added.
pub fn add(cx: &AdminContext<'_>, new: &NewUser) -> Result<Edited, AdminError> {
    check(cx, new)?;
    let user = made_of(cx, new).map_err(AdminError::Refused)?;
    // Slow, so before the transaction; and after the right was asked, so that nobody else can make
    // the machine work.
    let hash = match &new.password {
        Some(password) => Some(hash(cx, password)?),
        None => None,
    };
    change(cx, &[AdminRight::ManageUsers], |c, acting| {
        acting.require_all_rights_of(&user)?;
        if let Some(taken) = is_free(c, &user)? {
            return Err(taken.into());
        }
        let mut user = user.clone();
        (user.profile, user.profile_name) = profiles::ensure(c, cx, &new.profile)?;
        let known = Known::read(c)?;
        user.permission_sets = new
            .permission_sets
            .iter()
            .filter(|name| !name.is_empty())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|name| known.permission_set(name))
            .collect::<Result<_, _>>()?;
        store::users::insert(c, &user, cx.now)?;
        if let Some(hash) = &hash {
            store::users::set_password(c, &user.id, hash, cx.now)?;
        }
        let settings = fields(&user)
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, String::new(), value))
            .collect();
        let change = Change {
            reason: Phrase::UserAdded.of(&user.username),
            about: About {
                target: Some(Party::user(user.id.as_str(), user.username.as_str())),
                app: None,
            },
            settings,
            ..Change::default()
        };
        let same_mail = same_mail(c, &user)?;
        let lines = change.settings.clone();
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

fn is_free(c: &mut Connection, user: &User) -> Result<Option<Wrong>, AdminError> {
    let other = store::users::by_username(c, &user.username)?;
    let taken = || Wrong::new("username", text(|t| t.username_taken.to_string()));
    Ok(other.map(|_| taken().see(Noun::User)))
}

fn text<T>(pick: impl FnOnce(&UserNew) -> T) -> T {
    pick(&Locale::English.catalogue().user_new)
}

/// The user without what only the database knows: the profile and the permission sets.
fn made_of(cx: &AdminContext<'_>, new: &NewUser) -> Result<User, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let username = new.username.trim();
    let length = username.chars().count();
    if !(1..=200).contains(&length) || username.chars().any(char::is_control) {
        wrong.push(Wrong::new(
            "username",
            text(|t| t.username_wrong.to_string()),
        ));
    }
    let email = new.email.trim();
    if !email.is_empty() && MailAddress::parse(email).is_err() {
        wrong.push(Wrong::new("email", text(|t| t.email_wrong.to_string())));
    }
    if let Some(password) = &new.password {
        wrong.extend(too_short(cx, password));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let full = format!("{} {}", new.given_name.trim(), new.family_name.trim());
    let display_name = [new.display_name.trim(), full.trim(), username]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    Ok(User {
        id: UserId::new(cx.row_id()),
        username: username.to_owned(),
        display_name: display_name.to_owned(),
        given_name: new.given_name.trim().to_owned(),
        family_name: new.family_name.trim().to_owned(),
        email: email.to_owned(),
        email_verified: false,
        federation_id: Some(new.federation_id.trim().to_owned()).filter(|id| !id.is_empty()),
        locale: new.locale.trim().to_owned(),
        time_zone: new.time_zone.trim().to_owned(),
        active: true,
        profile: ProfileId::new(""),
        profile_name: String::new(),
        permission_sets: Vec::new(),
        custom: new.custom.clone(),
        rights: new.rights.clone(),
        unknown_rights: Default::default(),
        created_at: cx.now,
        version: 1,
    })
}
