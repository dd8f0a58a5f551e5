//! Users, and the hashes of their passwords.

use std::collections::BTreeMap;

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::{passwords, permission_sets, profiles, user_permission_sets, users};
use super::{Conflict, Connection, StoreError};
use crate::users::{AdminRight, User, UserId, fold_username};
use crate::users::{PermissionSetId, ProfileId};

/// A user with profile and permission sets: one row for each permission set, or one without.
macro_rules! joined {
    () => {
        users::table
            .inner_join(profiles::table)
            .left_join(user_permission_sets::table.inner_join(permission_sets::table))
    };
}
macro_rules! columns {
    () => {
        (
            users::all_columns,
            profiles::name,
            (permission_sets::id, permission_sets::name).nullable(),
        )
    };
}
pub(super) use columns;

/// The user with this row.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when a JSON column does not read.
pub fn by_id(c: &mut Connection, id: &UserId) -> Result<Option<User>, StoreError> {
    let rows = joined!()
        .filter(users::id.eq(id.as_str()))
        .select(columns!())
        .load::<JoinedRow>(c)?;
    one(rows)
}

/// The user with this username, whatever its letter case.
///
/// # Errors
/// As [`by_id`].
pub fn by_username(c: &mut Connection, username: &str) -> Result<Option<User>, StoreError> {
    let rows = joined!()
        .filter(users::username_folded.eq(fold_username(username)))
        .select(columns!())
        .load::<JoinedRow>(c)?;
    one(rows)
}

/// What a login needs.
#[derive(Debug, Clone, Default)]
pub struct ForLogin {
    /// The user with this username.
    pub user: Option<User>,
    /// The hash of the user's password, if one was set.
    pub hash: Option<String>,
    /// Where there is none: somebody's, to spend on it the time a wrong password takes.
    pub decoy: Option<String>,
}

/// The user with this username and the hash of the password. It asks the database the same number
/// of times whether or not there is such a user.
///
/// # Errors
/// As [`by_id`].
pub fn for_login(c: &mut Connection, username: &str) -> Result<ForLogin, StoreError> {
    let user = by_username(c, username)?;
    let id = user.as_ref().map_or("", |user| user.id.as_str());
    // The first at or after the user's own, or the first of all.
    let found: Option<(String, String)> = passwords::table
        .filter(passwords::user_id.ge(id))
        .order(passwords::user_id)
        .select((passwords::user_id, passwords::hash))
        .first(c)
        .optional()?;
    let (own, other) = match found {
        Some((of, hash)) if user.is_some() && of == id => (Some(hash), None),
        other => (None, other.map(|(_, hash)| hash)),
    };
    Ok(ForLogin {
        user,
        hash: own,
        decoy: other,
    })
}

/// Users in the order of their usernames, after `after`, at most `limit`; `search` keeps those
/// whose username, name or mail address contains it.
///
/// # Errors
/// As [`by_id`].
pub fn list(
    c: &mut Connection,
    search: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>, StoreError> {
    // The ids first: joined rows of users with many permission sets would upset the limit.
    let mut page = users::table
        .select(users::id)
        .order(users::username_folded)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        page = page.filter(users::username_folded.gt(fold_username(after)));
    }
    if !search.is_empty() {
        let pattern = contains(&search.to_lowercase());
        page = page.filter(
            users::username_folded
                .like(pattern.clone())
                .escape('\\')
                .or(lower(users::display_name)
                    .like(pattern.clone())
                    .escape('\\'))
                .or(lower(users::email).like(pattern).escape('\\')),
        );
    }
    let ids = page.load::<String>(c)?;
    let rows = joined!()
        .filter(users::id.eq_any(ids))
        .order(users::username_folded)
        .select(columns!())
        .load::<JoinedRow>(c)?;
    many(rows)
}

/// How many users there are.
///
/// # Errors
/// As any statement.
pub fn count(c: &mut Connection) -> Result<i64, StoreError> {
    Ok(users::table.count().get_result(c)?)
}

/// Adds a user with the profile and permission sets it names.
///
/// # Errors
/// [`StoreError::Conflict`]: the username or federation ID is taken.
pub fn insert(c: &mut Connection, user: &User, now: Timestamp) -> Result<(), StoreError> {
    let row = WriteRow::of(user, now);
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id.as_str()),
            users::created_at.eq(user.created_at.millis()),
            users::version.eq(1),
            row,
        ))
        .execute(c)?;
    insert_permission_sets(c, user)
}

/// Writes every field of a user as they were read, and what the user may; raises their version.
///
/// # Errors
/// [`StoreError::Conflict`]: the username or federation ID is taken, the user is gone, or is of
/// another version than `user`.
pub fn update(c: &mut Connection, user: &User, now: Timestamp) -> Result<(), StoreError> {
    let row = users::table.filter(users::id.eq(user.id.as_str()));
    let changed = diesel::update(row.filter(users::version.eq(user.version)))
        .set((WriteRow::of(user, now), users::version.eq(user.version + 1)))
        .execute(c)?;
    if changed == 0 {
        let what = format!("user {}", user.username);
        let is_there = row.count().get_result::<i64>(c)? == 1;
        return Err(Conflict::of_nothing_written(is_there, what).into());
    }
    diesel::delete(
        user_permission_sets::table.filter(user_permission_sets::user_id.eq(user.id.as_str())),
    )
    .execute(c)?;
    insert_permission_sets(c, user)
}

/// Sets or replaces the hash of a user's password.
///
/// # Errors
/// [`StoreError::Conflict`]: the user is gone.
pub fn set_password(
    c: &mut Connection,
    user: &UserId,
    hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::delete(passwords::table.filter(passwords::user_id.eq(user.as_str()))).execute(c)?;
    diesel::insert_into(passwords::table)
        .values((
            passwords::user_id.eq(user.as_str()),
            passwords::hash.eq(hash),
            passwords::changed_at.eq(now.millis()),
        ))
        .execute(c)?;
    Ok(())
}

/// Makes sure that `verified` is the hash of a user's password still, and replaces it by
/// `successor` where there is one. Answers `false`, and changes nothing, when the password was
/// changed meanwhile.
///
/// # Errors
/// As any statement.
pub fn confirm_password(
    c: &mut Connection,
    user: &UserId,
    verified: &str,
    successor: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mine = passwords::table
        .filter(passwords::user_id.eq(user.as_str()))
        .filter(passwords::hash.eq(verified));
    let Some(successor) = successor else {
        return Ok(mine.count().get_result::<i64>(c)? == 1);
    };
    let changed = diesel::update(mine)
        .set((
            passwords::hash.eq(successor),
            passwords::changed_at.eq(now.millis()),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Some other users with the mail address of `user`, whatever its letter case: username, and
/// whether the address was shown to be theirs.
///
/// # Errors
/// As any statement.
pub fn others_with_mail(
    c: &mut Connection,
    user: &User,
) -> Result<Vec<(String, bool)>, StoreError> {
    if user.email.is_empty() {
        return Ok(Vec::new());
    }
    Ok(users::table
        .filter(lower(users::email).eq(user.email.to_lowercase()))
        .filter(users::id.ne(user.id.as_str()))
        .order((users::email_verified.desc(), users::username_folded))
        .limit(10)
        .select((users::username, users::email_verified))
        .load(c)?)
}

fn insert_permission_sets(c: &mut Connection, user: &User) -> Result<(), StoreError> {
    for (set, _) in &user.permission_sets {
        diesel::insert_into(user_permission_sets::table)
            .values((
                user_permission_sets::user_id.eq(user.id.as_str()),
                user_permission_sets::permission_set_id.eq(set.as_str()),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// A LIKE pattern for text that holds `part`, in which nothing is special.
pub(super) fn contains(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Lower-cases text; on SQLite only ASCII letters.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A row of [`columns!`].
pub(super) type JoinedRow = (UserRow, String, Option<(String, String)>);

/// A row of the table.
#[derive(Queryable)]
pub(super) struct UserRow {
    id: String,
    username: String,
    _username_folded: String,
    display_name: String,
    given_name: String,
    family_name: String,
    email: String,
    email_verified: bool,
    federation_id: Option<String>,
    locale: String,
    time_zone: String,
    active: bool,
    profile_id: String,
    custom: String,
    admin_rights: String,
    created_at: i64,
    _updated_at: i64,
    version: i64,
    _org_id: String,
}

/// The single user of joined rows.
pub(super) fn one(rows: Vec<JoinedRow>) -> Result<Option<User>, StoreError> {
    Ok(many(rows)?.pop())
}

fn many(rows: Vec<JoinedRow>) -> Result<Vec<User>, StoreError> {
    let mut users: Vec<User> = Vec::new();
    for (row, profile_name, set) in rows {
        let set = set.map(|(id, name)| (PermissionSetId::new(id), name));
        match users.last_mut() {
            Some(last) if last.id.as_str() == row.id => last.permission_sets.extend(set),
            _ => {
                let mut user = row.into_user(profile_name)?;
                user.permission_sets.extend(set);
                users.push(user);
            }
        }
    }
    for user in &mut users {
        user.permission_sets.sort_by(|a, b| a.1.cmp(&b.1));
    }
    Ok(users)
}

impl UserRow {
    fn into_user(self, profile_name: String) -> Result<User, StoreError> {
        let custom: BTreeMap<String, Vec<String>> = serde_json::from_str(&self.custom)
            .map_err(|e| StoreError::damaged(format!("users.custom of {}", self.id), e))?;
        let words: Vec<&str> = serde_json::from_str(&self.admin_rights)
            .map_err(|e| StoreError::damaged(format!("users.admin_rights of {}", self.id), e))?;
        let parsed = |word: &&str| AdminRight::parse(word);
        let unknown = words.iter().filter(|word| parsed(word).is_none());
        Ok(User {
            id: UserId::new(self.id),
            username: self.username,
            display_name: self.display_name,
            given_name: self.given_name,
            family_name: self.family_name,
            email: self.email,
            email_verified: self.email_verified,
            federation_id: self.federation_id,
            locale: self.locale,
            time_zone: self.time_zone,
            active: self.active,
            profile: ProfileId::new(self.profile_id),
            profile_name,
            permission_sets: Vec::new(),
            custom,
            rights: words.iter().filter_map(parsed).collect(),
            unknown_rights: unknown.map(|word| (*word).to_owned()).collect(),
            created_at: Timestamp::from_millis(self.created_at),
            version: self.version,
        })
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
struct WriteRow<'a> {
    username: &'a str,
    username_folded: String,
    display_name: &'a str,
    given_name: &'a str,
    family_name: &'a str,
    email: &'a str,
    email_verified: bool,
    federation_id: Option<&'a str>,
    locale: &'a str,
    time_zone: &'a str,
    active: bool,
    profile_id: &'a str,
    custom: String,
    admin_rights: String,
    updated_at: i64,
}

impl<'a> WriteRow<'a> {
    fn of(user: &'a User, now: Timestamp) -> Self {
        Self {
            username: &user.username,
            username_folded: fold_username(&user.username),
            display_name: &user.display_name,
            given_name: &user.given_name,
            family_name: &user.family_name,
            email: &user.email,
            email_verified: user.email_verified,
            federation_id: user.federation_id.as_deref(),
            locale: &user.locale,
            time_zone: &user.time_zone,
            active: user.active,
            profile_id: user.profile.as_str(),
            custom: super::json(&user.custom),
            admin_rights: super::json(&user.right_words()),
            updated_at: now.millis(),
        }
    }
}
