//! One attempt to sign on: its trail, what it came of, and how it is written down at the end.

use std::sync::Arc;

use avouch_saml::binding::post::PostForm;
use avouch_saml::ids::RelayState;
use avouch_saml::status::Status;

use crate::audit::check::{self, Phrase, Rule};
use crate::audit::trail::Trail;
use crate::audit::{ResultCode, reference_code};
use crate::cache::apps::ReadyApp;
use crate::context::Context;
use crate::dev::exchanges::Message;
use crate::fault::OperatorError;
use crate::flow::failure;
use crate::flow::outcome::{Answer, AppName, Errand, PageError, Posted, Restart, Step, Stop};
use crate::flow::saml::answer;
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::status;
use crate::flow::sign_on::restart;
use crate::sessions::{Asking, Pending, PendingId, PendingStatus, Stage};
use crate::store::replay::Seen;
use crate::store::{self, Conflict, Connection, StoreError};

/// What an attempt came of.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Nothing that could be replayed: a launch, or a request nobody has verified yet.
    Nothing,
    /// A request that arrived just now.
    Request {
        /// Its issuer.
        issuer: String,
        /// Its ID.
        id: String,
    },
    /// A sign-on that waited.
    Pending(PendingId, Stage),
}

/// How writing an attempt down went.
pub enum Recorded {
    /// It is written, and this one may answer.
    Yes,
    /// The request was used before, and this sign-on, if any, came of it.
    UsedBefore(Option<PendingId>),
    /// Somebody else answered the sign-on meanwhile.
    AnsweredAlready,
    /// The session ended between being read and being written to: nobody is signed in any more.
    SessionEnded,
}

/// An attempt in progress.
pub struct Attempt<'c> {
    cx: &'c Context,
    /// What was checked so far.
    pub trail: Trail,
    /// What it came of.
    pub origin: Origin,
    app: Option<AppName>,
    restart_url: Option<String>,
}

impl<'c> Attempt<'c> {
    /// An attempt that begins now.
    pub fn new(cx: &'c Context, initiated_by: &'static str, binding: &'static str) -> Self {
        Self {
            cx,
            trail: Trail::sign_on(initiated_by, binding, &mut *cx.random()),
            origin: Origin::Nothing,
            app: None,
            restart_url: None,
        }
    }

    /// An attempt that goes on.
    pub fn resumed(cx: &'c Context, pending: &Pending) -> Self {
        let request = &pending.asking.request;
        let mut attempt = Self::new(cx, request.initiated_by(), request.arrived_by());
        attempt.trail.code.clone_from(&pending.code);
        attempt.trail.checks.clone_from(&pending.checks);
        attempt.trail.accepted();
        attempt.origin = Origin::Pending(pending.id.clone(), pending.stage);
        attempt
    }

    /// Notes the app, by now known.
    pub fn about(&mut self, app: &ReadyApp, relay_state: Option<&RelayState>) {
        self.trail.app = Some((app.app.id.as_str().to_owned(), app.app.name.clone()));
        self.trail.entity_id = Some(app.entity_id.as_str().to_owned());
        self.app = Some(restart::label(&app.app));
        self.restart_url = restart::url(&app.app, relay_state.map(RelayState::as_str));
    }

    /// Keeps what was asked until the user has done what stands next, `stage`, and answers its row.
    /// Kept of the trail is what was checked of the request; the rest is checked anew at each turn.
    /// `browser` is the hash of the browser it is
    /// bound to; without one the first page of ours binds it.
    ///
    /// # Errors
    /// [`Refusal`] when the request was used before, and not by this browser in this sign-on.
    pub fn keep(
        &mut self,
        app: &Arc<ReadyApp>,
        asking: Asking,
        stage: Stage,
        browser: Option<String>,
    ) -> Result<PendingId, Refusal> {
        let cx = self.cx;
        if let Origin::Pending(id, before) = &self.origin {
            // Reloading a page writes nothing.
            if *before != stage {
                let db = &cx.services.db;
                db.write(|c| store::pending::wait_for(c, id, stage))?;
            }
            return Ok(id.clone());
        }
        let settings = &cx.services.settings;
        let pending = Pending {
            id: PendingId::new(cx.services.row_id()),
            browser_hash: browser,
            app: app.app.id.clone(),
            asking,
            stage,
            code: self.trail.code.clone(),
            checks: self.trail.of_the_request().to_vec(),
            status: PendingStatus::Open,
            created_at: cx.now,
            expires_at: cx.now.plus_seconds(settings.login.pending_seconds),
        };
        let seen = cx.services.db.write(|c: &mut Connection| {
            let seen = self.remember(c, Some(&pending.id))?;
            if seen == Seen::First {
                store::pending::insert(c, &pending)?;
            }
            Ok::<_, StoreError>(seen)
        })?;
        match seen {
            Seen::First => Ok(pending.id),
            Seen::Before(Some(earlier)) if self.is_ours(&earlier)? => Ok(earlier),
            Seen::Before(_) => Err(self.used_before()),
        }
    }

    /// Writes the attempt's event with `also`, in one short transaction, once the answer is
    /// ready to be sent.
    ///
    /// # Errors
    /// The database.
    pub fn record(
        &mut self,
        result: ResultCode,
        reason: &str,
        also: impl Fn(&mut Connection) -> Result<(), StoreError>,
    ) -> Result<Recorded, OperatorError> {
        let cx = self.cx;
        for _ in 0..4 {
            let event = self.trail.event(&cx.occasion(), result, reason);
            let written = cx.services.db.write(|c: &mut Connection| {
                match &self.origin {
                    Origin::Nothing => {}
                    Origin::Request { .. } => {
                        if let Seen::Before(earlier) = self.remember(c, None)? {
                            return Ok(Recorded::UsedBefore(earlier));
                        }
                    }
                    Origin::Pending(id, _) => {
                        if !store::pending::finish(c, id)? {
                            return Ok(Recorded::AnsweredAlready);
                        }
                    }
                }
                also(c)?;
                store::events::insert(c, &event)?;
                Ok::<_, StoreError>(Recorded::Yes)
            });
            match written {
                // Forty random bits meet now and then: take another code.
                Err(StoreError::Conflict(Conflict::Taken(what))) if what == "events.code" => {
                    self.trail.code = reference_code(&mut *cx.random());
                }
                Err(StoreError::Conflict(Conflict::Gone(_))) => return Ok(Recorded::SessionEnded),
                other => {
                    if let Ok(Recorded::Yes) = &other {
                        cx.services.observer.end(&event);
                    }
                    return other.map_err(OperatorError::from);
                }
            }
        }
        Err(OperatorError::new("no free reference code was found"))
    }

    /// Shows the answer to whoever watches the exchanges.
    pub fn answered(&self, form: &PostForm) {
        let observer = &self.cx.services.observer;
        observer.response(&self.trail.code, || Message::sent(form));
    }

    /// Ends the attempt: turns a refusal into a Response or a page, and writes its event.
    ///
    /// # Errors
    /// [`Stop`] for what ends on a page.
    pub fn conclude(mut self, outcome: Result<Answer, Refusal>) -> Result<Answer, Stop> {
        self.concluded(outcome).map_err(|stop| match stop {
            Stop::Ours(error) => Stop::Ours(failure::record(self.cx, &self.trail, error)),
            page @ Stop::Page(_) => page,
        })
    }

    fn concluded(&mut self, outcome: Result<Answer, Refusal>) -> Result<Answer, Stop> {
        let mut outcome = outcome;
        loop {
            let (reply, result) = match outcome {
                Ok(answer) => return Ok(answer),
                Err(Refusal::Ours(error)) => return Err(Stop::Ours(error)),
                Err(Refusal::Page(result)) => (None, result),
                Err(Refusal::Reply(reply, result)) => (Some(reply), result),
            };
            if reply.is_none()
                && let Some(code) = self.left_out(result)
            {
                self.trail.code = code;
                return Err(self.page(result));
            }
            // Signed before it is written down, so that the transaction stays short.
            let form = match (&reply, status::status(result)) {
                (Some(reply), Some(status)) => {
                    Some(answer::failure(self.cx, reply, self.told(status))?)
                }
                _ => None,
            };
            outcome = match (self.record(result, "", |_| Ok(()))?, reply, form) {
                (Recorded::Yes, Some(reply), Some(form)) => {
                    self.answered(&form);
                    Ok(Answer::Post(Box::new(Posted {
                        form,
                        app: restart::label(&reply.app.app),
                        is_passive: reply.is_passive,
                        refused: Some((result, self.trail.code.clone())),
                    })))
                }
                (Recorded::Yes, _, _) => return Err(self.page(result)),
                (other, _, _) => self.late(other),
            };
        }
    }

    /// The code to give for a refusal of nobody known that has no event of its own, because there
    /// are too many.
    fn left_out(&self, result: ResultCode) -> Option<String> {
        if !matches!(self.origin, Origin::Nothing) || self.trail.user.is_some() {
            return None;
        }
        let event = self.trail.event(&self.cx.occasion(), result, "");
        let limiter = &self.cx.services.anonymous_events;
        limiter.leave_out(self.cx.client, &event)
    }

    /// What a browser gets whose request or sign-on was answered before.
    ///
    /// # Errors
    /// [`Refusal`] when the request is not this browser's.
    pub fn late(&mut self, recorded: Recorded) -> Result<Answer, Refusal> {
        match recorded {
            Recorded::Yes | Recorded::AnsweredAlready | Recorded::SessionEnded => {
                Ok(Answer::StartAgain(Box::new(Restart {
                    app: self.app.clone(),
                    url: self.restart_url.clone(),
                })))
            }
            Recorded::UsedBefore(Some(earlier)) if self.is_ours(&earlier)? => {
                Ok(Answer::Step(Step::GoOn(Errand::SignOn(earlier))))
            }
            Recorded::UsedBefore(_) => Err(self.used_before()),
        }
    }

    /// Whether an earlier sign-on of the same request is this browser's.
    fn is_ours(&self, earlier: &PendingId) -> Result<bool, Refusal> {
        let pending = self
            .cx
            .services
            .db
            .read_one(|c| store::pending::by_id(c, earlier))?;
        Ok(pending.is_some_and(|pending| {
            self.cx.browser.known && pending.browser_hash == Some(self.cx.browser.hash())
        }))
    }

    fn used_before(&mut self) -> Refusal {
        self.trail.fail(
            Rule::RequestId,
            Phrase::NotSeenBefore,
            Phrase::UsedBefore,
            check::Origin::RememberedRequests,
        );
        // The event of a replay is one of its own.
        self.origin = Origin::Nothing;
        Refusal::Page(ResultCode::ReplayedRequest)
    }

    fn remember(
        &self,
        c: &mut Connection,
        pending: Option<&PendingId>,
    ) -> Result<Seen, StoreError> {
        let Origin::Request { issuer, id } = &self.origin else {
            return Ok(Seen::First);
        };
        // By then the request is too old to be accepted, whatever the clocks.
        let settings = &self.cx.services.settings;
        let until = self
            .cx
            .now
            .plus_seconds(settings.saml.request_lifetime_seconds + 2 * MOST_SKEW_SECONDS);
        store::replay::remember(c, issuer, id, pending, until)
    }

    /// A status as this organisation tells it: in full, or the top-level code alone.
    fn told(&self, status: Status) -> Status {
        if self.cx.services.settings.saml.hide_status_detail {
            Status {
                second: None,
                message: None,
                ..status
            }
        } else {
            status
        }
    }

    fn page(&self, result: ResultCode) -> Stop {
        Stop::Page(Box::new(PageError {
            result,
            code: self.trail.code.clone(),
            app: self.app.clone(),
            restart_url: self.restart_url.clone(),
        }))
    }
}

/// The most skew an app's settings allow.
const MOST_SKEW_SECONDS: i64 = 600;
