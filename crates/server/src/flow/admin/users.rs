//! Users: list, show, add, deactivate and activate.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::name_id::MailAddress;

use super::{AdminError, Change, Wrong, change, view};
use crate::context::Context;
use crate::directory::password::Password;
use crate::store::{self, Connection};
use crate::text::{Locale, UserNew};
use crate::users::{AdminRight, User, UserId};
use crate::users::{PermissionSetId, ProfileId};

/// How many users a page of the list has.
pub const PAGE: i64 = 50;

/// A page of the list.
#[derive(Debug)]
pub struct UsersPage {
    /// The users.
    pub users: Vec<User>,
    /// Whether more follow.
    pub more: bool,
    /// How many users there are in all.
    pub total: i64,
    /// Who looks.
    pub viewer: User,
}

/// Lists users whose names or mail address contain `search`, after the username `after`.
///
/// # Errors
/// [`AdminError`].
pub fn list(cx: &Context, search: &str, after: Option<&str>) -> Result<UsersPage, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        let mut users = store::users::list(c, search, after, PAGE + 1)?;
        let more = users.len() > PAGE as usize;
        users.truncate(PAGE as usize);
        Ok(UsersPage {
            users,
            more,
            total: store::users::count(c)?,
            viewer: viewer.clone(),
        })
    })
}

/// A user with all their page shows.
#[derive(Debug)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// When they last logged in.
    pub last_login: Option<avouch_saml::time::Timestamp>,
    /// Usernames of some others with the same mail address.
    pub same_mail: Vec<String>,
    /// Who looks.
    pub viewer: User,
}

/// Shows a user by row or username.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &Context, id: &str) -> Result<UserView, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        let user = find(c, id)?;
        let filter = store::events::Filter {
            kind: Some(crate::audit::EventKind::Login),
            result: Some(crate::audit::ResultCode::Success),
            user_id: Some(user.id.to_string()),
            ..store::events::Filter::default()
        };
        let last = store::events::list(c, &filter, 1)?;
        let others = store::users::others_with_mail(c, &user)?;
        Ok(UserView {
            user,
            last_login: last.first().map(|l| l.event.at),
            same_mail: others.into_iter().map(|(username, _)| username).collect(),
            viewer: viewer.clone(),
        })
    })
}

fn find(c: &mut Connection, id: &str) -> Result<User, AdminError> {
    match store::users::by_id(c, &UserId::new(id))? {
        Some(user) => Ok(user),
        None => store::users::by_username(c, id)?.ok_or(AdminError::NotFound),
    }
}

/// Lets a user sign in, or ends their sessions and lets them no more.
///
/// # Errors
/// [`AdminError::Refused`]: nobody locks themselves out.
pub fn set_active(cx: &Context, id: &str, active: bool) -> Result<User, AdminError> {
    change(cx, &[AdminRight::ManageUsers], |c, viewer| {
        let mut user = find(c, id)?;
        if user.id == viewer.id && !active {
            return Err(Wrong::new(
                "",
                "You cannot deactivate yourself; another administrator can.",
            )
            .into());
        }
        let before = user.active;
        user.active = active;
        store::users::update(c, &user, cx.now)?;
        if !active {
            store::sessions::end_of_user(c, &user.id)?;
        }
        let word = |active| if active { "active" } else { "deactivated" }.to_owned();
        Ok((
            user.clone(),
            Change {
                reason: format!("The user {} is now {}.", user.username, word(active)),
                user: Some((user.id.to_string(), user.username.clone())),
                settings: vec![("active".to_owned(), word(before), word(active))],
                ..Change::default()
            },
        ))
    })
}

/// What the form for a new user offers.
#[derive(Debug)]
pub struct Offered {
    /// The organisation's profiles.
    pub profiles: Vec<(ProfileId, String)>,
    /// The organisation's permission sets.
    pub permission_sets: Vec<(PermissionSetId, String)>,
    /// Who looks.
    pub viewer: User,
}

/// What a new user can be given.
///
/// # Errors
/// [`AdminError`].
pub fn offered(cx: &Context) -> Result<Offered, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        Ok(Offered {
            profiles: store::profiles::all(c)?,
            permission_sets: store::permission_sets::all(c)?,
            viewer: viewer.clone(),
        })
    })
}

/// A user as typed.
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
    /// Row of the profile.
    pub profile: String,
    /// Rows of the permission sets.
    pub permission_sets: Vec<String>,
    /// First password.
    pub password: Password,
}

/// Adds a user. Rights of administration are not given here: that takes the command line.
///
/// # Errors
/// [`AdminError::Refused`] with every field that is wrong; nobody was added.
pub fn add(cx: &Context, new: &NewUser) -> Result<User, AdminError> {
    let offered = offered(cx)?;
    let user = made_of(cx, new, &offered)?;
    // Slow, so before the transaction; and after the right was asked, so that nobody else can make
    // the machine work.
    let hash = cx
        .services
        .hasher
        .hash(&new.password)
        .map_err(|error| Wrong::new("password", error.to_string()))?;
    change(cx, &[AdminRight::ManageUsers], |c, _| {
        if store::users::by_username(c, &user.username)?.is_some() {
            return Err(Wrong::new("username", text(|t| t.username_taken.to_string())).into());
        }
        store::users::insert(c, &user, cx.now)?;
        store::users::set_password(c, &user.id, &hash, cx.now)?;
        Ok((
            user.clone(),
            Change {
                reason: format!("The user {} was added.", user.username),
                user: Some((user.id.to_string(), user.username.clone())),
                ..Change::default()
            },
        ))
    })
}

fn text<T>(pick: impl FnOnce(&UserNew) -> T) -> T {
    pick(&Locale::English.catalogue().user_new)
}

fn made_of(cx: &Context, new: &NewUser, offered: &Offered) -> Result<User, AdminError> {
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
    let least = cx.services.settings.login.password_min_characters;
    if new.password.chars() < least {
        wrong.push(Wrong::new(
            "password",
            text(|t| t.password_short.with(least)),
        ));
    }
    let profile = offered
        .profiles
        .iter()
        .find(|(id, _)| id.as_str() == new.profile);
    if profile.is_none() {
        wrong.push(Wrong::new("profile", text(|t| t.profile_wrong.to_string())));
    }
    let Some((profile, profile_name)) = profile.filter(|_| wrong.is_empty()) else {
        return Err(AdminError::Refused(wrong));
    };
    let full = format!("{} {}", new.given_name.trim(), new.family_name.trim());
    let display_name = [new.display_name.trim(), full.trim(), username]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    Ok(User {
        id: UserId::new(cx.services.row_id()),
        username: username.to_owned(),
        display_name: display_name.to_owned(),
        given_name: new.given_name.trim().to_owned(),
        family_name: new.family_name.trim().to_owned(),
        email: email.to_owned(),
        email_verified: false,
        federation_id: Some(new.federation_id.trim().to_owned()).filter(|id| !id.is_empty()),
        locale: new.locale.trim().to_owned(),
        time_zone: String::new(),
        active: true,
        profile: profile.clone(),
        profile_name: profile_name.clone(),
        permission_sets: offered
            .permission_sets
            .iter()
            .filter(|(id, _)| {
                new.permission_sets
                    .iter()
                    .any(|wanted| wanted == id.as_str())
            })
            .cloned()
            .collect(),
        custom: BTreeMap::new(),
        rights: BTreeSet::new(),
        created_at: cx.now,
        version: 1,
    })
}
