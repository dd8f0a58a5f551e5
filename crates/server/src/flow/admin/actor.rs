//! Who asks for something to be shown or changed, and what they have at hand.

use std::collections::BTreeSet;

use avouch_saml::time::Timestamp;

use super::denied::Denied;
use super::error::AdminError;
use crate::audit::PartyKind;
use crate::config::Settings;
use crate::context::Context;
use crate::directory::password::PasswordHasher;
use crate::random::{SystemRandom, new_id};
use crate::services::Services;
use crate::store::{self, Connection, Db};
use crate::users::{AdminRight, User};

/// Who asks. [`Actor::admit`] is the one place that says what each of them may; whoever comes to
/// administer in another way, such as a program with a token, is one more variant here.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Whoever is at the browser with this session: the hash of its secret, or `None` when the
    /// browser brought none. May what the user's rights say.
    Session(Option<String>),
    /// Somebody at the command line, by the name the operating system has for them. May
    /// everything, since who runs commands can read and write the database anyway.
    Operator(String),
    /// Avouch itself. May everything.
    System,
}

/// One request to show or change something. Borrowed from the [`Context`] of a page's request, or
/// put together by a command.
#[derive(Clone)]
pub struct AdminContext<'a> {
    /// Who asks.
    pub actor: Actor,
    /// The present, read once.
    pub now: Timestamp,
    /// Where the request comes from, for its event.
    pub origin: Origin,
    /// The configuration.
    pub settings: &'a Settings,
    /// The database.
    pub db: &'a Db,
    /// Hashes passwords.
    pub hasher: &'a PasswordHasher,
    /// What the process keeps of what it has read; `None` where it ends with this request.
    pub kept: Option<&'a Services>,
}

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address, or what stands in its place.
    pub address: String,
    /// The client's user agent; empty where there is none.
    pub user_agent: String,
    /// Names the request in every log line.
    pub request_id: String,
}

impl Origin {
    /// From this machine, by way of `address`.
    pub fn local(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            user_agent: String::new(),
            request_id: new_id(&mut SystemRandom),
        }
    }
}

impl<'a> AdminContext<'a> {
    /// The request of a page.
    pub fn of(cx: &'a Context) -> Self {
        Self {
            actor: Actor::Session(cx.session_hash.clone()),
            now: cx.now,
            origin: Origin {
                address: cx.client.to_string(),
                user_agent: cx.user_agent.clone(),
                request_id: cx.request_id.clone(),
            },
            settings: &cx.services.settings,
            db: &cx.services.db,
            hasher: &cx.services.hasher,
            kept: Some(&cx.services),
        }
    }

    /// What Avouch does by itself at `now`.
    pub fn system(services: &'a Services, now: Timestamp) -> Self {
        Self {
            actor: Actor::System,
            now,
            origin: Origin::local(""),
            settings: &services.settings,
            db: &services.db,
            hasher: &services.hasher,
            kept: Some(services),
        }
    }

    /// A new row's identifier.
    pub(super) fn row_id(&self) -> String {
        new_id(&mut SystemRandom)
    }
}

/// Who acts, as the transaction found them: with the rights they have at that moment.
#[derive(Debug, Clone)]
pub struct Acting {
    /// What kind of actor, as events say it.
    pub(super) kind: PartyKind,
    /// The user, when it is one.
    pub user: Option<User>,
    /// The name that events give them.
    pub name: String,
    /// What they may.
    pub rights: BTreeSet<AdminRight>,
}

impl Acting {
    fn with_all_rights(kind: PartyKind, name: String) -> Self {
        Self {
            kind,
            user: None,
            name,
            rights: AdminRight::ALL.iter().map(|(right, _)| *right).collect(),
        }
    }

    /// Refuses who lacks a further right, from within [`super::view`] or [`super::change`].
    ///
    /// # Errors
    /// [`AdminError::Denied`]; the attempt is recorded.
    pub fn require(&self, right: AdminRight) -> Result<(), AdminError> {
        if self.rights.contains(&right) {
            return Ok(());
        }
        Err(Denied::lacks(&[right]).into())
    }

    /// Refuses who has not each right that `user` has: otherwise the right to manage users would
    /// reach as far as all others together.
    ///
    /// # Errors
    /// [`AdminError::Denied`]; the attempt is recorded.
    pub fn require_all_rights_of(&self, user: &User) -> Result<(), AdminError> {
        let known = user.rights.difference(&self.rights);
        let mut beyond: Vec<String> = known.map(|right| right.as_str().to_owned()).collect();
        // What is no user may do everything, whatever that is.
        if let Some(own) = &self.user {
            let unknown = user.unknown_rights.difference(&own.unknown_rights);
            beyond.extend(unknown.cloned());
        }
        if beyond.is_empty() {
            return Ok(());
        }
        Err(Denied::over(user, beyond).into())
    }
}

impl Actor {
    /// The actor with the rights they have now. `None` when nobody is signed in.
    ///
    /// # Errors
    /// The database.
    pub(super) fn admit(
        &self,
        c: &mut Connection,
        now: Timestamp,
    ) -> Result<Option<Acting>, AdminError> {
        let hash = match self {
            Self::Session(Some(hash)) => hash,
            Self::Session(None) => return Ok(None),
            Self::Operator(name) => {
                return Ok(Some(Acting::with_all_rights(
                    PartyKind::Operator,
                    format!("{name} (command line)"),
                )));
            }
            Self::System => {
                return Ok(Some(Acting::with_all_rights(
                    PartyKind::System,
                    "Avouch".to_owned(),
                )));
            }
        };
        let found = store::sessions::resolve(c, hash)?;
        Ok(found
            .filter(|found| found.session.is_live(now) && found.user.active)
            .map(|found| Acting {
                kind: PartyKind::User,
                name: found.user.username.clone(),
                rights: found.user.rights.clone(),
                user: Some(found.user),
            }))
    }
}
