//! Logging in to Avouch: three moves (read, check, record), so that a slow hash holds no
//! transaction, and one session at the end.

use std::net::IpAddr;

use avouch_saml::name_id::NameIdFormat;

use crate::attributes::pairwise;
use crate::audit::check::{Origin, Phrase, Rule, Value};
use crate::audit::limiter::{Room, Source};
use crate::audit::trail::Trail;
use crate::audit::{EventKind, ResultCode};
use crate::context::{Context, hash_token, random_token};
use crate::directory::local::{self, Proof};
use crate::directory::password::{HashError, Password};
use crate::fault::OperatorError;
use crate::flow::outcome::{Answer, AppName, Errand, Restart, Step, Stop};
use crate::flow::sign_on::current_user::CurrentUser;
use crate::flow::sign_on::next::Wanted;
use crate::flow::sign_on::restart;
use crate::flow::sign_on::waiting::{Waiting, find};
use crate::sessions::{Asking, Session, SessionId, SessionProof};
use crate::store::{self, Conflict, Connection, StoreError};
use crate::users::{User, UserId, fold_username};

/// What the login page shows.
pub struct Form {
    /// The app the user is on the way to.
    pub app: Option<AppName>,
    /// What the user is on the way to.
    pub errand: Errand,
    /// One click to start again.
    pub restart_url: Option<String>,
    /// The app wants a login of now, whoever is signed in. A way of logging in that could do
    /// without the user must not.
    pub forced: bool,
    /// What the username field holds: the user of the session that is not fresh enough.
    pub username: String,
}

/// What the login page does.
pub enum Show {
    /// Asks for username and password.
    Ask(Box<Form>),
    /// Nothing to ask: goes elsewhere.
    Go(Answer),
}

/// What `/login` shows for this errand.
///
/// # Errors
/// The database.
pub fn show(cx: &Context, errand: &Errand) -> Result<Show, Stop> {
    let current = CurrentUser::read(cx)?;
    let id = match errand {
        Errand::SignOn(id) => id,
        Errand::Admin(_) | Errand::Launcher => {
            return Ok(match current.session {
                Some(_) => Show::Go(Answer::Step(Step::GoOn(errand.clone()))),
                None => Show::Ask(Box::new(Form {
                    app: None,
                    errand: errand.clone(),
                    restart_url: None,
                    forced: false,
                    username: String::new(),
                })),
            });
        }
    };
    let pending = match find(cx, id)? {
        Waiting::Here(pending) => pending,
        Waiting::Gone(restart) => return Ok(Show::Go(Answer::StartAgain(restart))),
    };
    let stored = cx
        .services
        .db
        .read(|c| store::apps::by_id(c, &pending.app))?;
    let asking = &pending.asking;
    // Signed in meanwhile in another tab: go on instead of asking again. What suffices is decided
    // as it will be there, or the browser would be sent round in circles.
    let session = current.session.as_ref().map(|found| &found.session);
    let lacking = stored.as_ref().map(|stored| {
        let wanted = Wanted::of(&asking.asked, &stored.app);
        wanted.met_by(session, &cx.services.context_strength, cx.now)
    });
    let requirement = match lacking {
        Some(Ok(_)) => return Ok(Show::Go(Answer::Step(Step::GoOn(errand.clone())))),
        Some(Err(requirement)) => Some(requirement),
        // The app is gone, which the end of the sign-on says better than this page.
        None => None,
    };
    Ok(Show::Ask(Box::new(Form {
        restart_url: stored
            .as_ref()
            .and_then(|s| restart::url(&s.app, asking.request.relay_state())),
        app: stored.map(|s| restart::label(&s.app)),
        forced: requirement.is_some_and(|requirement| requirement.anew),
        username: match current.session {
            Some(found) => found.user.username.clone(),
            None => named_by(asking).unwrap_or_default(),
        },
        errand: errand.clone(),
    })))
}

/// The name by which a request names the user, where people go by such names themselves. An opaque one is
/// nothing to type.
fn named_by(asking: &Asking) -> Option<String> {
    let wishes = asking.request.wishes();
    let name = wishes.subject.as_ref()?;
    let is_typed = name.format.as_deref().is_none_or(|format| {
        matches!(
            NameIdFormat::from_uri(format),
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified
        )
    });
    is_typed.then(|| name.value.chars().take(200).collect())
}

/// What was typed.
pub struct Typed {
    /// The username.
    pub username: String,
    /// The password.
    pub password: Password,
    /// What the user is on the way to.
    pub errand: Errand,
    /// What the browser brought to show that it signed in to this account before.
    pub known_browser: Option<String>,
}

/// What came of it.
pub enum Outcome {
    /// Logged in.
    In(Box<Entered>),
    /// Not this username with this password.
    Wrong,
    /// Too many failures: no password was looked at.
    Wait {
        /// Seconds to wait.
        seconds: i64,
    },
    /// Too many logins at once.
    Busy,
    /// The sign-on cannot go on.
    Gone(Box<Restart>),
}

/// A login that succeeded.
pub struct Entered {
    /// The session cookie's secret.
    pub secret: String,
    /// What the browser shows at its next login to this account.
    pub known_browser: String,
    /// What comes next.
    pub next: Step,
}

/// Logs a user in.
///
/// # Errors
/// The database, or the hash of a password.
pub fn enter(cx: &Context, typed: &Typed) -> Result<Outcome, Stop> {
    if let Errand::SignOn(id) = &typed.errand
        && let Waiting::Gone(restart) = find(cx, id)?
    {
        return Ok(Outcome::Gone(restart));
    }
    let services = &cx.services;
    let rules = &services.throttle;
    let known = known_browser(cx, &typed.username)?;
    let browser_hash = cx.browser.hash();
    let known_as = typed
        .known_browser
        .as_ref()
        .filter(|brought| cx.browser.known && **brought == known)
        .map(|_| browser_hash.as_str());
    let address: IpAddr = cx.client;

    let candidate = services
        .db
        .read(|c| local::read(c, &typed.username, known_as, address))?;
    let mut trail = Trail::of(EventKind::Login);
    trail.binding = "password";
    trail.user = Some(match candidate.user() {
        Some(user) => (user.id.as_str().to_owned(), user.username.clone()),
        // What was typed may be a password: say only that nobody has that name.
        None => (String::new(), "(unknown)".to_owned()),
    });
    if let Some(seconds) = candidate.wait_seconds(rules, cx.now) {
        return must_wait(cx, &mut trail, seconds);
    }
    let proof = match candidate.check(&services.hasher, &typed.password) {
        Ok(proof) => proof,
        Err(HashError::Busy) => return Ok(Outcome::Busy),
        Err(error) => return Err(Stop::Ours(OperatorError::new(error))),
    };
    // A burst passes the first look together and is counted one by one while hashes take their
    // turns. Looking again keeps what is behind a full count from learning anything, right or wrong.
    let counted = services
        .db
        .read(|c| local::read(c, &typed.username, known_as, address))?;
    if let Some(seconds) = counted.wait_seconds(rules, cx.now) {
        return must_wait(cx, &mut trail, seconds);
    }
    let user = match &proof {
        // A deactivated user with the right password learns no more than a stranger does.
        Proof::Right { user, .. } if user.active => user,
        Proof::Right { .. } => {
            trail.fail(
                Rule::UserIsActive,
                Phrase::Active,
                Phrase::Deactivated,
                Origin::User,
            );
            record(cx, &trail, ResultCode::UserInactive, |c| {
                local::record(c, &candidate, &Proof::Wrong, rules, cx.now)
            })?;
            return Ok(Outcome::Wrong);
        }
        Proof::Wrong => {
            trail.fail(
                Rule::Password,
                Phrase::UsersPassword,
                Phrase::AnotherOne,
                Origin::LocalDirectory,
            );
            record(cx, &trail, ResultCode::WrongCredentials, |c| {
                local::record(c, &candidate, &proof, rules, cx.now)
            })?;
            return Ok(Outcome::Wrong);
        }
    };
    trail.pass(
        Rule::Password,
        Phrase::UsersPassword,
        Phrase::Right,
        Origin::LocalDirectory,
    );
    let secret = random_token(&mut *cx.random());
    let before = CurrentUser::read(cx)?.session.map(|found| found.session);
    let session = begin(cx, user, &secret, before.as_ref());
    let entered = record(cx, &trail, ResultCode::Success, |c| {
        local::record(c, &candidate, &proof, rules, cx.now)?;
        match &before {
            // The same user proved it again: the session goes on under another secret.
            Some(earlier) if earlier.user == user.id => store::sessions::renew(c, &session)?,
            Some(earlier) => {
                store::sessions::end(c, &earlier.id)?;
                store::sessions::insert(c, &session)?;
            }
            None => store::sessions::insert(c, &session)?,
        }
        let proof = SessionProof {
            session: session.id.clone(),
            method: SessionProof::PASSWORD.to_owned(),
            at: cx.now,
        };
        store::session_proofs::insert(c, &proof)
    });
    if let Err(StoreError::Conflict(Conflict::Gone(_))) = entered {
        trail.fail(
            Rule::Password,
            Phrase::AsLookedAt,
            Phrase::ChangedMeanwhile,
            Origin::LocalDirectory,
        );
        record(cx, &trail, ResultCode::WrongCredentials, |_| Ok(()))?;
        return Ok(Outcome::Wrong);
    }
    entered?;
    Ok(Outcome::In(Box::new(Entered {
        secret,
        known_browser: known,
        next: Step::GoOn(typed.errand.clone()),
    })))
}

fn must_wait(cx: &Context, trail: &mut Trail, seconds: i64) -> Result<Outcome, Stop> {
    trail.fail(
        Rule::Throttle,
        Phrase::NoWait,
        Phrase::Seconds.with([seconds.into()]),
        Origin::setting("login.*_failures"),
    );
    record(cx, trail, ResultCode::Throttled, |_| Ok(()))?;
    Ok(Outcome::Wait { seconds })
}

fn begin(cx: &Context, user: &User, secret: &str, before: Option<&Session>) -> Session {
    let login = &cx.services.settings.login;
    let same = before.filter(|earlier| earlier.user == user.id);
    let absolute_expires = cx.now.plus_seconds(login.session_absolute_seconds);
    Session {
        id: same.map_or_else(
            || SessionId::new(cx.services.row_id()),
            |earlier| earlier.id.clone(),
        ),
        user: user.id.clone(),
        authn_instant: cx.now,
        authn_context: cx.services.password_context().to_owned(),
        created_at: cx.now,
        last_seen: cx.now,
        idle_expires: cx.now.plus_seconds(login.session_idle_seconds),
        absolute_expires,
        token_hash: hash_token(secret),
        address: cx.client.to_string(),
        user_agent: cx.user_agent.clone(),
    }
}

/// What proves that this browser signed in to this account before: nobody without the
/// deployment's secret can make it, and it fits no other browser.
fn known_browser(cx: &Context, username: &str) -> Result<String, Stop> {
    let account = UserId::new(fold_username(username));
    let salt = cx.services.salt()?;
    Ok(pairwise::identifier(
        salt,
        "known-browser",
        &cx.browser.hash(),
        &account,
    ))
}

fn record(
    cx: &Context,
    trail: &Trail,
    result: ResultCode,
    also: impl Fn(&mut Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let room = match result {
        ResultCode::Success => Room::Enough,
        _ => room(cx, trail),
    };
    let event = trail.event(&cx.occasion(), result, Value::Nothing);
    let written = cx.services.db.write(|c: &mut Connection| {
        also(c)?;
        match &room {
            Room::None(_) => Ok(None),
            Room::Enough => store::events::insert(c, &event).map(|()| None),
            Room::ForOne(_) => store::events::insert_referred(c, &event).map(Some),
        }
    })?;
    if let (Room::ForOne(source), Some(event)) = (&room, written) {
        cx.services.event_limiter.stands(source, event);
    }
    Ok(())
}

/// Whether there is room in the log for one more failed login: anybody can cause any number of them.
fn room(cx: &Context, trail: &Trail) -> Room {
    let tried = trail.user.as_ref().map(|(id, _)| id.clone());
    let account = tried.filter(|id| !id.is_empty()).map(Source::Account);
    let sources: Vec<Source> = std::iter::once(Source::of(cx.client))
        .chain(account)
        .collect();
    cx.services.event_limiter.room(&sources, cx.now)
}
