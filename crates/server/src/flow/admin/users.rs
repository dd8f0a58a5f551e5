//! Users: list, show, deactivate and activate.

use super::{AdminError, Change, Wrong, change, view};
use crate::context::Context;
use crate::store::{self, Connection};
use crate::users::{AdminRight, User, UserId};

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

/// A user and when they last logged in.
///
/// # Errors
/// [`AdminError`].
pub fn show(
    cx: &Context,
    id: &str,
) -> Result<(User, Option<avouch_saml::time::Timestamp>, User), AdminError> {
    view(cx, &[AdminRight::ManageUsers], |c, viewer| {
        let user = find(c, id)?;
        let filter = store::events::Filter {
            kind: Some(crate::audit::EventKind::Login),
            result: Some(crate::audit::ResultCode::Success),
            user_id: Some(user.id.to_string()),
            ..store::events::Filter::default()
        };
        let last = store::events::list(c, &filter, 1)?;
        Ok((user, last.first().map(|l| l.event.at), viewer.clone()))
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
