//! Users: list, show, add, change, deactivate and activate.

mod edit;
mod new;

use avouch_saml::time::Timestamp;

use super::error::{Missing, Noun};
use super::profiles::Known;
use super::{Acting, AdminContext, AdminError, view};
use crate::store::{self, Connection};
use crate::users::{AdminRight, User, UserId, fold_username};

pub use edit::{Edited, UserEdit, edit, set_active, set_password};
pub use new::{NewUser, add, check};

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
    pub viewer: Acting,
}

/// Lists users whose names or mail address contain `search`, after the username `after`.
///
/// # Errors
/// [`AdminError`].
pub fn list(
    cx: &AdminContext<'_>,
    search: &str,
    after: Option<&str>,
) -> Result<UsersPage, AdminError> {
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

/// Every user whose names or mail address contain `search`, in the order of usernames.
///
/// # Errors
/// [`AdminError`].
pub fn all(cx: &AdminContext<'_>, search: &str) -> Result<Vec<User>, AdminError> {
    const BATCH: usize = 500;
    let mut all: Vec<User> = Vec::new();
    loop {
        let after = all.last().map(|user| fold_username(&user.username));
        let users = view(cx, &[AdminRight::ManageUsers], |c, _| {
            Ok(store::users::list(
                c,
                search,
                after.as_deref(),
                BATCH as i64,
            )?)
        })?;
        let is_last = users.len() < BATCH;
        all.extend(users);
        if is_last {
            return Ok(all);
        }
    }
}

/// A user with all their page shows.
#[derive(Debug)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// When they last logged in.
    pub last_login: Option<Timestamp>,
    /// Usernames of some others with the same mail address.
    pub same_mail: Vec<String>,
    /// Who looks.
    pub viewer: Acting,
}

/// Shows a user by row or username.
///
/// # Errors
/// [`AdminError`].
pub fn show(cx: &AdminContext<'_>, id: &str) -> Result<UserView, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        let user = find(c, id)?;
        let filter = store::events::Filter {
            kind: Some(crate::audit::EventKind::Login.into()),
            result: Some(crate::audit::ResultCode::Success.into()),
            user_id: Some(user.id.to_string()),
            ..store::events::Filter::default()
        };
        let last = store::events::list(c, &filter, 1)?;
        Ok(UserView {
            same_mail: same_mail(c, &user)?,
            user,
            last_login: last.first().map(|l| l.event.at),
            viewer: viewer.clone(),
        })
    })
}

/// What a new user can be given.
#[derive(Debug)]
pub struct Offered {
    /// The organisation's profiles and permission sets.
    pub known: Known,
    /// Who looks.
    pub viewer: Acting,
}

/// What a new user can be given.
///
/// # Errors
/// [`AdminError`].
pub fn offered(cx: &AdminContext<'_>) -> Result<Offered, AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        Ok(Offered {
            known: Known::read(c)?,
            viewer: viewer.clone(),
        })
    })
}

/// Most usernames that are compared with one that is not there.
const NEAREST_AMONG: i64 = 1_000;

fn find(c: &mut Connection, id: &str) -> Result<User, AdminError> {
    if let Some(user) = store::users::by_id(c, &UserId::new(id))? {
        return Ok(user);
    }
    if let Some(user) = store::users::by_username(c, id)? {
        return Ok(user);
    }
    let some = store::users::list(c, "", None, NEAREST_AMONG)?;
    let names = some.iter().map(|user| user.username.as_str());
    Err(Missing::among(Noun::User, id, names).into())
}

/// Usernames of some others with the mail address of `user`.
fn same_mail(c: &mut Connection, user: &User) -> Result<Vec<String>, AdminError> {
    let others = store::users::others_with_mail(c, user)?;
    Ok(others.into_iter().map(|(username, _)| username).collect())
}
