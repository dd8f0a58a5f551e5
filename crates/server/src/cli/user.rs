//! `avouch user`: people who can sign in.

use std::collections::{BTreeMap, BTreeSet};

use avouch_saml::name_id::MailAddress;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CommandError;
use super::open::{About, Place, change, new_id, not_found, now, read_password};
use super::output::{Output, table};
use crate::audit::EventKind;
use crate::config::Settings;
use crate::directory::password::{Password, PasswordHasher};
use crate::store::{Connection, Db, permission_sets, profiles, sessions, users};
use crate::users::{AdminRight, User, UserId, fold_username};
use crate::users::{PermissionSetId, ProfileId};

/// The profile a user has when none is named.
const STANDARD_PROFILE: &str = "Standard User";

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the password is asked for, or read from standard input.
    Add(Box<Add>),
    /// Change a user; what is not named stays as it is.
    Edit(Box<Edit>),
    /// Show a user with every field.
    Show {
        /// The username.
        username: String,
    },
    /// List users.
    List {
        /// Only those whose username, name or mail address contains this.
        #[arg(default_value = "")]
        search: String,
    },
    /// Set a user's password; asked for, or read from standard input.
    SetPassword {
        /// The username.
        username: String,
    },
    /// Keep a user from signing in and end all of their sessions.
    Deactivate {
        /// The username.
        username: String,
    },
    /// Let a deactivated user sign in again.
    Activate {
        /// The username.
        username: String,
    },
}

#[derive(Args)]
pub(super) struct Add {
    /// What is typed at login; letter case does not count.
    username: String,
    /// Name shown to people [default: given and family name, or the username]
    #[arg(long)]
    display_name: Option<String>,
    /// Given name.
    #[arg(long, default_value = "")]
    given_name: String,
    /// Family name.
    #[arg(long, default_value = "")]
    family_name: String,
    /// Mail address.
    #[arg(long, default_value = "")]
    email: String,
    /// The name a service provider knows the user by.
    #[arg(long)]
    federation_id: Option<String>,
    /// Language tag, such as en or de-CH.
    #[arg(long, default_value = "")]
    locale: String,
    /// Time zone, such as Europe/Oslo.
    #[arg(long, default_value = "")]
    time_zone: String,
    /// Profile; must exist.
    #[arg(long, default_value = STANDARD_PROFILE)]
    profile: String,
    /// Permission set the user has; must exist. Repeat for several.
    #[arg(long = "permission-set", value_name = "NAME")]
    permission_sets: Vec<String>,
    /// Custom attribute; repeat the name for several values.
    #[arg(long = "attr", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Admin right, or `all`; repeat for several.
    #[arg(long = "admin", value_name = "RIGHT")]
    rights: Vec<String>,
    /// Add the user without a password: nobody can sign in as them until one is set.
    #[arg(long)]
    no_password: bool,
}

#[derive(Args)]
pub(super) struct Edit {
    /// The username.
    username: String,
    /// Name shown to people.
    #[arg(long)]
    display_name: Option<String>,
    /// Given name.
    #[arg(long)]
    given_name: Option<String>,
    /// Family name.
    #[arg(long)]
    family_name: Option<String>,
    /// Mail address.
    #[arg(long)]
    email: Option<String>,
    /// Whether the mail address was shown to be the user's.
    #[arg(long, value_name = "true|false")]
    email_verified: Option<bool>,
    /// The name a service provider knows the user by; empty for none.
    #[arg(long)]
    federation_id: Option<String>,
    /// Language tag, such as en or de-CH.
    #[arg(long)]
    locale: Option<String>,
    /// Time zone, such as Europe/Oslo.
    #[arg(long)]
    time_zone: Option<String>,
    /// Profile; must exist.
    #[arg(long)]
    profile: Option<String>,
    /// Permission set the user is to have, in place of all they have; must exist. Repeat for
    /// several; empty for none.
    #[arg(long = "permission-set", value_name = "NAME")]
    permission_sets: Vec<String>,
    /// Values of a custom attribute, in place of those it has; repeat the name for several, and
    /// give none (`name=`) to remove it.
    #[arg(long = "attr", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Admin right, `all` or `none`, in place of those the user has; repeat for several.
    #[arg(long = "admin", value_name = "RIGHT")]
    rights: Vec<String>,
}

pub(super) fn run(
    command: UserCommand,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let (settings, db) = place.database()?;
    match command {
        UserCommand::Add(add) => run_add(&add, &settings, &db, output),
        UserCommand::Edit(edit) => run_edit(&edit, &db, output),
        UserCommand::Show { username } => {
            let value = shown(&find(&db, &username)?);
            output.result(&value, || text_of(&value));
            Ok(())
        }
        UserCommand::List { search } => list(&search, &db, output),
        UserCommand::SetPassword { username } => {
            let found = find(&db, &username)?;
            let hash = new_hash(&settings, &found.username)?;
            change(
                &db,
                |_: &()| about(&found, "set the password"),
                |c| {
                    users::set_password(c, &found.id, &hash, now())?;
                    // Whoever knew the old one may be signed in.
                    sessions::end_of_user(c, &found.id)?;
                    Ok(())
                },
            )?;
            output.result(&json!({ "username": found.username }), || {
                format!("the password of {} is set", found.username)
            });
            Ok(())
        }
        UserCommand::Deactivate { username } => set_active(&db, &username, false, output),
        UserCommand::Activate { username } => set_active(&db, &username, true, output),
    }
}

fn run_add(add: &Add, settings: &Settings, db: &Db, output: &Output) -> Result<(), CommandError> {
    let user = user_of(add)?;
    // The password is asked for last, so that nobody types one twice for a typo elsewhere.
    if db
        .read(|c| users::by_username(c, &user.username))?
        .is_some()
    {
        return Err(CommandError::new(format!(
            "the username {:?} is taken; `avouch user list` shows who has it",
            user.username
        )));
    }
    let hash = if add.no_password {
        None
    } else {
        Some(new_hash(settings, &user.username)?)
    };
    let added = change(
        db,
        |user: &User| about(user, "added the user"),
        |c| {
            let mut user = user.clone();
            user.profile = profile_of(c, &add.profile)?;
            user.permission_sets = sets_of(c, &add.permission_sets)?;
            users::insert(c, &user, now())?;
            if let Some(hash) = &hash {
                users::set_password(c, &user.id, hash, now())?;
            }
            Ok(user)
        },
    )?;
    warn_of_mail(db, &added, output)?;
    output.result(&shown(&added), || {
        format!(
            "added {} with the profile {}{}",
            added.username,
            added.profile_name,
            if added.rights.is_empty() {
                ""
            } else {
                ", an administrator"
            }
        )
    });
    Ok(())
}

/// The profile of this name. The standard one is there as soon as somebody needs it; any other is
/// made on purpose, so that a slip of the pen gives nobody a profile of their own.
fn profile_of(c: &mut Connection, name: &str) -> Result<ProfileId, CommandError> {
    if name == STANDARD_PROFILE {
        return Ok(profiles::ensure(c, name, ProfileId::new(new_id()))?);
    }
    if let Some(id) = profiles::by_name(c, name)? {
        return Ok(id);
    }
    let known: Vec<String> = profiles::all(c)?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    Err(not_found("profile", name, &known))
}

fn user_of(add: &Add) -> Result<User, CommandError> {
    let username = add.username.trim();
    if username.is_empty()
        || username.chars().count() > 200
        || username.chars().any(char::is_control)
    {
        return Err(CommandError::new(
            "a username has 1 to 200 characters and no control characters",
        ));
    }
    if !add.email.is_empty() {
        MailAddress::parse(&add.email).map_err(|error| CommandError::new(error.to_string()))?;
    }
    let custom = attributes_of(&add.attributes)?;
    let full = format!("{} {}", add.given_name, add.family_name);
    let display_name = match (&add.display_name, full.trim()) {
        (Some(name), _) => name.clone(),
        (None, "") => username.to_owned(),
        (None, full) => full.to_owned(),
    };
    Ok(User {
        id: UserId::new(new_id()),
        username: username.to_owned(),
        display_name,
        given_name: add.given_name.clone(),
        family_name: add.family_name.clone(),
        email: add.email.clone(),
        email_verified: false,
        federation_id: add.federation_id.clone(),
        locale: add.locale.clone(),
        time_zone: add.time_zone.clone(),
        active: true,
        profile: ProfileId::new(""),
        profile_name: add.profile.clone(),
        permission_sets: Vec::new(),
        custom,
        rights: rights_of(&add.rights)?,
        created_at: now(),
        version: 1,
    })
}

/// Says who else has the mail address of `user`.
fn warn_of_mail(db: &Db, user: &User, output: &Output) -> Result<(), CommandError> {
    let others = db.read(|c| users::others_with_mail(c, user))?;
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
        output.warning(&format!(
            "{} is the address of {} too; an app that is told it cannot tell them apart",
            user.email,
            names.join(", ")
        ));
    }
    Ok(())
}

fn attributes_of(pairs: &[String]) -> Result<BTreeMap<String, Vec<String>>, CommandError> {
    let mut custom: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.trim().is_empty())
            .ok_or_else(|| {
                CommandError::new(format!(
                    "--attr takes NAME=VALUE, such as team=blue, not {pair:?}"
                ))
            })?;
        custom
            .entry(name.trim().to_owned())
            .or_default()
            .push(value.to_owned());
    }
    Ok(custom)
}

fn run_edit(edit: &Edit, db: &Db, output: &Output) -> Result<(), CommandError> {
    let before = find(db, &edit.username)?;
    let mut after = before.clone();
    for (field, value) in [
        (&mut after.display_name, &edit.display_name),
        (&mut after.given_name, &edit.given_name),
        (&mut after.family_name, &edit.family_name),
        (&mut after.email, &edit.email),
        (&mut after.locale, &edit.locale),
        (&mut after.time_zone, &edit.time_zone),
    ] {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    if !after.email.is_empty() {
        MailAddress::parse(&after.email).map_err(|error| CommandError::new(error.to_string()))?;
    }
    if let Some(verified) = edit.email_verified {
        after.email_verified = verified;
    } else if after.email != before.email {
        // Nobody has shown that the new address is the user's.
        after.email_verified = false;
    }
    if let Some(id) = &edit.federation_id {
        after.federation_id = Some(id.clone()).filter(|id| !id.is_empty());
    }
    for (name, mut values) in attributes_of(&edit.attributes)? {
        values.retain(|value| !value.is_empty());
        if values.is_empty() {
            after.custom.remove(&name);
        } else {
            after.custom.insert(name, values);
        }
    }
    if !edit.rights.is_empty() {
        after.rights = rights_of(&edit.rights)?;
    }
    let after = change(
        db,
        |after: &User| {
            let said = differences(&before, after);
            about(after, &format!("changed {said} of the user"))
        },
        |c| {
            let mut after = after.clone();
            if let Some(name) = &edit.profile {
                after.profile = profile_of(c, name)?;
                after.profile_name.clone_from(name);
            }
            if !edit.permission_sets.is_empty() {
                after.permission_sets = sets_of(c, &edit.permission_sets)?;
            }
            let others = users::others_with_mail(c, &after)?;
            if after.email_verified
                && let Some((other, _)) = others.iter().find(|(_, verified)| *verified)
            {
                return Err(CommandError::new(format!(
                    "{} was shown to be the address of {other}, so it cannot be of {} as well; an \
                     app that is told it could not tell them apart. Nothing was changed",
                    after.email, after.username
                )));
            }
            users::update(c, &after, now())?;
            Ok(after)
        },
    )?;
    warn_of_mail(db, &after, output)?;
    output.result(&shown(&after), || {
        format!(
            "{}: changed {}",
            after.username,
            differences(&before, &after)
        )
    });
    Ok(())
}

/// The names of the fields that differ.
fn differences(before: &User, after: &User) -> String {
    let (Value::Object(before), Value::Object(after)) = (shown(before), shown(after)) else {
        return String::new();
    };
    let changed: Vec<String> = after
        .into_iter()
        .filter(|(name, value)| before.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect();
    if changed.is_empty() {
        "nothing".to_owned()
    } else {
        changed.join(", ")
    }
}

fn text_of(value: &Value) -> String {
    let Value::Object(fields) = value else {
        return value.to_string();
    };
    fields
        .iter()
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{name:<16} {text}\n")
        })
        .collect()
}

fn sets_of(
    c: &mut Connection,
    names: &[String],
) -> Result<Vec<(PermissionSetId, String)>, CommandError> {
    let known = permission_sets::all(c)?;
    let names: BTreeSet<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    names
        .into_iter()
        .map(|name| {
            known
                .iter()
                .find(|(_, known)| known == name)
                .cloned()
                .ok_or_else(|| {
                    let all: Vec<String> = known.iter().map(|(_, name)| name.clone()).collect();
                    not_found("permission set", name, &all)
                })
        })
        .collect()
}

fn rights_of(words: &[String]) -> Result<BTreeSet<AdminRight>, CommandError> {
    let mut rights = BTreeSet::new();
    for word in words {
        if word == "all" {
            rights.extend(AdminRight::ALL.iter().map(|(right, _)| *right));
            continue;
        }
        if word == "none" {
            continue;
        }
        let known: Vec<String> = AdminRight::ALL
            .iter()
            .map(|(_, word)| (*word).to_owned())
            .chain(["all".to_owned(), "none".to_owned()])
            .collect();
        rights.insert(
            AdminRight::parse(&word.replace('-', "_"))
                .ok_or_else(|| not_found("admin right", word, &known))?,
        );
    }
    Ok(rights)
}

fn new_hash(settings: &Settings, username: &str) -> Result<String, CommandError> {
    let password: Password = read_password(&format!("Password for {username}"))?;
    let wanted = settings.login.password_min_characters;
    if password.chars() < wanted {
        return Err(CommandError::new(format!(
            "the password has {} characters; at least {wanted} are asked for by \
             login.password_min_characters. Nothing was changed.",
            password.chars()
        )));
    }
    Ok(PasswordHasher::new(settings.login.hash_cost, 1, 1)?.hash(&password)?)
}

fn find(db: &Db, username: &str) -> Result<User, CommandError> {
    db.read(|c| {
        if let Some(user) = users::by_username(c, username)? {
            return Ok(user);
        }
        let some: Vec<String> = users::list(c, "", None, 1_000)?
            .into_iter()
            .map(|user| user.username)
            .collect();
        Err(not_found("user", &fold_username(username), &some))
    })
}

fn set_active(db: &Db, username: &str, active: bool, output: &Output) -> Result<(), CommandError> {
    let found = find(db, username)?;
    let done = if active { "activated" } else { "deactivated" };
    let ended = change(
        db,
        |_: &usize| about(&found, &format!("{done} the user")),
        |c: &mut Connection| {
            let user = User {
                active,
                ..found.clone()
            };
            users::update(c, &user, now())?;
            Ok(if active {
                0
            } else {
                sessions::end_of_user(c, &found.id)?
            })
        },
    )?;
    output.result(
        &json!({ "username": found.username, "active": active, "sessions_ended": ended }),
        || format!("{} is {done}; {ended} sessions ended", found.username),
    );
    Ok(())
}

fn list(search: &str, db: &Db, output: &Output) -> Result<(), CommandError> {
    const PAGE: i64 = 500;
    let mut all: Vec<User> = Vec::new();
    loop {
        let after = all.last().map(|user| fold_username(&user.username));
        let page = db.read(|c| users::list(c, search, after.as_deref(), PAGE))?;
        let last = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        all.extend(page);
        if last {
            break;
        }
    }
    output.result(&all.iter().map(shown).collect(), || {
        if all.is_empty() {
            return "no users".to_owned();
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|user| {
                vec![
                    user.username.clone(),
                    user.display_name.clone(),
                    user.email.clone(),
                    user.profile_name.clone(),
                    if user.active { "active" } else { "deactivated" }.to_owned(),
                    if user.rights.is_empty() { "" } else { "admin" }.to_owned(),
                ]
            })
            .collect();
        table(
            &["username", "name", "email", "profile", "state", "rights"],
            &rows,
        )
    });
    Ok(())
}

fn shown(user: &User) -> Value {
    let sets: Vec<&str> = user
        .permission_sets
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    let rights: Vec<&str> = user.rights.iter().map(|right| right.as_str()).collect();
    json!({
        "id": user.id.as_str(), "username": user.username, "display_name": user.display_name,
        "given_name": user.given_name, "family_name": user.family_name, "email": user.email,
        "email_verified": user.email_verified,
        "federation_id": user.federation_id, "locale": user.locale, "time_zone": user.time_zone,
        "active": user.active, "profile": user.profile_name, "permission_sets": sets,
        "attributes": user.custom, "admin": rights,
    })
}

fn about(user: &User, done: &str) -> (EventKind, String, About) {
    (
        EventKind::Admin,
        format!("{done} {}", user.username),
        About {
            user: Some((user.id.to_string(), user.username.clone())),
            app: None,
        },
    )
}
