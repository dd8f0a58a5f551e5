//! `avouch user`: people who can sign in.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CommandError;
use super::open::{Place, read_password};
use super::output::{Output, table};
use crate::apps::nearest::nearest;
use crate::flow::admin::AdminContext;
use crate::flow::admin::profiles::STANDARD_PROFILE;
use crate::flow::admin::users::{self, Edited, NewUser, UserEdit};
use crate::users::{AdminRight, User};

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
    let desk = place.desk()?;
    let cx = desk.admin();
    match command {
        UserCommand::Add(add) => run_add(&add, &cx, output),
        UserCommand::Edit(edit) => run_edit(&edit, &cx, output),
        UserCommand::Show { username } => {
            let value = shown(&users::show(&cx, &username)?.user);
            output.result(&value, || text_of(&value));
            Ok(())
        }
        UserCommand::List { search } => list(&search, &cx, output),
        UserCommand::SetPassword { username } => {
            let found = users::show(&cx, &username)?.user;
            let password = read_password(&format!("Password for {}", found.username))?;
            let (user, ended) = users::set_password(&cx, found.id.as_str(), &password)?;
            let value = json!({ "username": user.username, "sessions_ended": ended });
            output.result(&value, || {
                let sessions = match ended {
                    0 => String::new(),
                    1 => "; one session of theirs ended".to_owned(),
                    n => format!("; {n} sessions of theirs ended"),
                };
                format!("the password of {} is set{sessions}", user.username)
            });
            Ok(())
        }
        UserCommand::Deactivate { username } => set_active(&cx, &username, false, output),
        UserCommand::Activate { username } => set_active(&cx, &username, true, output),
    }
}

fn run_add(add: &Add, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    let mut new = NewUser {
        username: add.username.clone(),
        display_name: add.display_name.clone().unwrap_or_default(),
        given_name: add.given_name.clone(),
        family_name: add.family_name.clone(),
        email: add.email.clone(),
        federation_id: add.federation_id.clone().unwrap_or_default(),
        locale: add.locale.clone(),
        time_zone: add.time_zone.clone(),
        profile: add.profile.clone(),
        permission_sets: add.permission_sets.clone(),
        custom: attributes_of(&add.attributes)?,
        rights: rights_of(&add.rights)?,
        password: None,
    };
    if !add.no_password {
        // Asked for last, so that nobody types one twice for a typo elsewhere.
        users::check(cx, &new)?;
        let prompt = format!("Password for {}", new.username);
        new.password = Some(read_password(&prompt)?);
    }
    let added = users::add(cx, &new)?;
    warn_of_mail(&added, output);
    output.result(&shown(&added.user), || {
        format!(
            "added {} with the profile {}{}",
            added.user.username,
            added.user.profile_name,
            if added.user.rights.is_empty() {
                ""
            } else {
                ", an administrator"
            }
        )
    });
    Ok(())
}

/// Says who else has the mail address of a user.
fn warn_of_mail(edited: &Edited, output: &Output) {
    if !edited.same_mail.is_empty() {
        output.warning(&format!(
            "{} is the address of {} too; an app that is told it cannot tell them apart",
            edited.user.email,
            edited.same_mail.join(", ")
        ));
    }
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

fn run_edit(edit: &Edit, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    let given = |names: &[String]| !names.is_empty();
    let rights = rights_of(&edit.rights)?;
    let change = UserEdit {
        display_name: edit.display_name.clone(),
        given_name: edit.given_name.clone(),
        family_name: edit.family_name.clone(),
        email: edit.email.clone(),
        email_verified: edit.email_verified,
        federation_id: edit.federation_id.clone(),
        locale: edit.locale.clone(),
        time_zone: edit.time_zone.clone(),
        profile: edit.profile.clone(),
        permission_sets: given(&edit.permission_sets).then(|| edit.permission_sets.clone()),
        custom: attributes_of(&edit.attributes)?,
        rights: given(&edit.rights).then_some(rights),
    };
    let edited = users::edit(cx, &edit.username, &change)?;
    warn_of_mail(&edited, output);
    output.result(&shown(&edited.user), || {
        let names: Vec<&str> = edited
            .lines
            .iter()
            .map(|(name, ..)| name.as_str())
            .collect();
        let changed = match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        };
        format!("{}: changed {changed}", edited.user.username)
    });
    Ok(())
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
        let known = AdminRight::parse(&word.replace('-', "_"));
        rights.insert(known.ok_or_else(|| no_right(word))?);
    }
    Ok(rights)
}

fn no_right(word: &str) -> CommandError {
    let known = || {
        let rights = AdminRight::ALL.iter().map(|(_, word)| *word);
        rights.chain(["all", "none"])
    };
    CommandError::new(match nearest(word, known()) {
        Some(near) => format!("there is no admin right {word:?}; did you mean {near:?}?"),
        None => format!(
            "there is no admin right {word:?}; expected one of {}",
            known().collect::<Vec<_>>().join(", ")
        ),
    })
}

fn set_active(
    cx: &AdminContext<'_>,
    username: &str,
    active: bool,
    output: &Output,
) -> Result<(), CommandError> {
    let (user, ended) = users::set_active(cx, username, active)?;
    let done = if active { "activated" } else { "deactivated" };
    output.result(
        &json!({ "username": user.username, "active": active, "sessions_ended": ended }),
        || format!("{} is {done}; {ended} sessions ended", user.username),
    );
    Ok(())
}

fn list(search: &str, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    let all = users::all(cx, search)?;
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
                    if user.right_words().is_empty() {
                        ""
                    } else {
                        "admin"
                    }
                    .to_owned(),
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
    let rights = user.right_words();
    json!({
        "id": user.id.as_str(), "username": user.username, "display_name": user.display_name,
        "given_name": user.given_name, "family_name": user.family_name, "email": user.email,
        "email_verified": user.email_verified,
        "federation_id": user.federation_id, "locale": user.locale, "time_zone": user.time_zone,
        "active": user.active, "profile": user.profile_name, "permission_sets": sets,
        "attributes": user.custom, "admin": rights,
    })
}
