//! What a command says when its wish was not granted, and what to do.

use super::app_shown::change_lines;
use super::{CommandError, INVALID, NOT_FOUND, REFUSED, UNREACHABLE};
use crate::flow::admin::readiness::CannotWork;
use crate::flow::admin::{AdminError, Missing, Noun, Wrong};
use crate::store::Conflict;

impl From<AdminError> for CommandError {
    fn from(error: AdminError) -> Self {
        let text = match error {
            AdminError::NotFound(missing) => {
                return Self::new(not_found(&missing)).coded(NOT_FOUND);
            }
            AdminError::Refused(wrong) => {
                let sentences: Vec<String> = wrong.iter().map(sentence).collect();
                // What belongs to no value is about how things stand.
                let is_value = wrong.iter().any(|wrong| !wrong.field.is_empty());
                return Self::new(sentences.join("\n")).coded(if is_value {
                    INVALID
                } else {
                    REFUSED
                });
            }
            AdminError::Conflict(conflict) => match &conflict {
                Conflict::Taken(what) => format!("{conflict}{}", next_step_if_taken(what)),
                _ => conflict.to_string(),
            },
            AdminError::Stale(stale) => format!(
                "{stale}. --preview shows what the command would change now; give it again if that \
                 is meant"
            ),
            AdminError::Risky(differences) => format!(
                "the new metadata has changes to check with the app's owner; nothing was stored\n\
                 {}If they are meant, add --accept-risky",
                change_lines(&differences)
            ),
            AdminError::CannotWork(found) => return CannotWork(found).into(),
            AdminError::Denied(denied) => format!(
                "expected the right {}; the attempt is recorded as {}",
                denied.lacking.join(" or "),
                denied.code
            ),
            AdminError::SignIn => "expected somebody who is signed in".to_owned(),
            AdminError::Ours(error) => {
                return Self {
                    code: if error.is_unavailable() {
                        UNREACHABLE
                    } else {
                        REFUSED
                    },
                    text: error.for_the_log(),
                };
            }
        };
        Self::new(text)
    }
}

/// What is wrong, with the name of what it concerns and where to look.
fn sentence(wrong: &Wrong) -> String {
    let message = wrong.message.trim_end_matches('.');
    let mut text = if wrong.field.is_empty() || message.contains(&wrong.field) {
        message.to_owned()
    } else {
        format!("{}: {message}", wrong.field)
    };
    if let Some(noun) = wrong.see {
        text.push_str("; ");
        text.push_str(where_listed(noun));
    }
    text
}

fn not_found(missing: &Missing) -> String {
    let Missing {
        noun,
        name,
        nearest,
    } = missing;
    if *noun == Noun::Event {
        return format!(
            "no event has the reference code {name:?}. A code has eight letters and digits, such \
             as 7F3K-Q2MD; it may have been written by another installation."
        );
    }
    let kind = match noun {
        Noun::App => "app",
        Noun::ServiceProvider => "service provider",
        Noun::User => "user",
        Noun::Profile => "profile",
        Noun::PermissionSet => "permission set",
        Noun::Key => "key",
        Noun::Event => "event",
    };
    match nearest {
        Some(near) => format!("there is no {kind} {name:?}; did you mean {near:?}?"),
        None => format!("there is no {kind} {name:?}; {}", where_listed(*noun)),
    }
}

/// The command that shows those there are.
fn where_listed(noun: Noun) -> &'static str {
    match noun {
        Noun::App => {
            "`avouch app list` shows them, `avouch app edit NAME --metadata FILE` replaces the \
             metadata of one"
        }
        Noun::ServiceProvider => "--pick ENTITY_ID takes one",
        Noun::User => "`avouch user list` shows them",
        Noun::Profile => "`avouch profile list` shows them, `avouch profile add NAME` makes one",
        Noun::PermissionSet => {
            "`avouch profile list` shows them, `avouch profile add --set NAME` makes one"
        }
        Noun::Key => "`avouch key list` shows them",
        Noun::Event => "`avouch explain CODE` shows one",
    }
}

/// What to do about a name that somebody else has.
fn next_step_if_taken(what: &str) -> &'static str {
    match what {
        "this entity ID" => {
            "; `avouch app list` shows by which app: change that one with `avouch app edit NAME \
             --metadata FILE`"
        }
        "this API name" => "; choose another, `avouch app list` shows those in use",
        "this username" | "this federation ID" => "; `avouch user list` shows who has it",
        _ => "",
    }
}
