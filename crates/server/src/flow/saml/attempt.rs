//! One attempt to sign on: its trail, what it came of, and how it is written down at the end.

use std::sync::Arc;

use avouch_saml::binding::post::PostForm;
use avouch_saml::ids::RelayState;
use avouch_saml::status::Status;
use avouch_saml::time::Timestamp;

use crate::audit::Reference;
use crate::audit::ResultCode;
use crate::audit::check::{self, Phrase, Rule, Value};
use crate::audit::limiter::{Room, Source};
use crate::audit::trail::Trail;
use crate::cache::apps::ReadyApp;
use crate::context::Context;
use crate::dev::exchanges;
use crate::fault::OperatorError;
use crate::flow::failure;
use crate::flow::outcome::{Answer, AppName, Errand, PageError, Posted, Restart, Step, Stop};
use crate::flow::saml::reply::Refusal;
use crate::flow::saml::{answer, status};
use crate::flow::sign_on::restart;
use crate::sessions::{Asking, Participant, Pending, PendingId, PendingStatus, Session, Stage};
use crate::store::events::Logged;
use crate::store::replay::{Message, Seen};
use crate::store::{self, Conflict, Connection, StoreError};

/// What an attempt came of.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Nothing that could be replayed: a launch, or a request nobody has verified yet.
    Nothing,
    /// A request that arrived just now.
    Request(Message),
    /// A sign-on that waited.
    Pending(PendingId, Stage),
}

impl Origin {
    /// Uses up what the attempt came of.
    fn use_up(&self, c: &mut Connection) -> Result<Result<(), NotRecorded>, StoreError> {
        Ok(match self {
            Self::Nothing => Ok(()),
            Self::Request(message) => match store::replay::remember(c, message, None)? {
                Seen::First => Ok(()),
                Seen::Before(earlier) => Err(NotRecorded::UsedBefore(earlier)),
            },
            Self::Pending(id, _) => {
                if store::pending::finish(c, id)? {
                    Ok(())
                } else {
                    Err(NotRecorded::AnsweredAlready)
                }
            }
        })
    }
}

/// Why an attempt was not written down.
pub enum NotRecorded {
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
    /// Where in the request the rule of SAML is broken that it is refused for.
    pub place: Option<String>,
    app: Option<AppName>,
    restart_url: Option<String>,
}

impl<'c> Attempt<'c> {
    /// An attempt that begins now.
    pub fn new(cx: &'c Context, initiated_by: &'static str, binding: &'static str) -> Self {
        Self {
            cx,
            trail: Trail::sign_on(initiated_by, binding),
            origin: Origin::Nothing,
            place: None,
            app: None,
            restart_url: None,
        }
    }

    /// An attempt that goes on.
    pub fn resumed(cx: &'c Context, pending: &Pending) -> Self {
        let request = &pending.asking.request;
        let mut attempt = Self::new(cx, request.initiated_by(), request.arrived_by());
        attempt.trail.begun_by = Some(pending.begun_by.clone());
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
        self.restart_url = restart::url(&app.app, relay_state);
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
        let most = settings.login.most_pending;
        let share = &cx.services.pending_share;
        let source = Source::of(cx.client);
        let Some(surplus) = share.begin(source, most, settings.login.pending_seconds, cx.now)
        else {
            self.trail.fail(
                Rule::Throttle,
                Phrase::FewerWaiting,
                Phrase::TooManyWaiting,
                check::Origin::setting("login.most_pending"),
            );
            return Err(Refusal::Page(ResultCode::Throttled));
        };
        let pending = Pending {
            id: PendingId::new(cx.services.row_id()),
            browser_hash: browser,
            app: app.app.id.clone(),
            asking,
            stage,
            begun_by: self.trail.begun_by(&cx.request_id).to_owned(),
            checks: self.trail.of_the_request().to_vec(),
            status: PendingStatus::Open,
            created_at: cx.now,
            expires_at: cx.now.plus_seconds(settings.login.pending_seconds),
        };
        let id = pending.id.clone();
        let message = match &self.origin {
            Origin::Request(message) => Some(message.clone()),
            Origin::Nothing | Origin::Pending(..) => None,
        };
        let kept = cx.services.db.submit(move |c| {
            if let Some(message) = &message
                && let Seen::Before(earlier) =
                    store::replay::remember(c, message, Some(&pending.id))?
            {
                return Ok(Err(earlier));
            }
            store::pending::insert(c, &pending)?;
            if surplus > 0 {
                store::expiry::delete_surplus(c, most, surplus)?;
            }
            Ok(Ok(()))
        })?;
        match kept {
            Ok(()) => Ok(id),
            Err(Some(earlier)) if self.is_ours(&earlier)? => Ok(earlier),
            Err(_) => Err(self.used_before()),
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
        also: impl Fn(&mut Connection) -> Result<(), StoreError>,
    ) -> Result<Result<Reference, NotRecorded>, OperatorError> {
        let event = self
            .trail
            .event(&self.cx.occasion(), result, Value::Nothing);
        let written = self.cx.services.db.write(|c: &mut Connection| {
            if let Err(why) = self.origin.use_up(c)? {
                return Ok(Err(why));
            }
            also(c)?;
            store::events::insert_referred(c, &event).map(Ok)
        });
        let recorded = match written {
            Err(StoreError::Conflict(Conflict::Gone(_))) => Err(NotRecorded::SessionEnded),
            other => other?,
        };
        if recorded.is_ok() {
            self.ended();
        }
        if let Ok(Reference { seq, code }) = &recorded {
            let attempt = self.trail.begun_by(&self.cx.request_id);
            self.cx.services.observer.end(attempt, || Logged {
                seq: *seq,
                code: code.clone(),
                event,
            });
        }
        Ok(recorded)
    }

    /// Writes the event of a success with its participant, shared with others where that is possible.
    /// `touched` is the session and its new end, when it is time to note that it was used.
    ///
    /// # Errors
    /// The database.
    pub fn succeed(
        &mut self,
        participant: Participant,
        touched: Option<(Session, Timestamp)>,
    ) -> Result<Result<(), NotRecorded>, OperatorError> {
        let also = move |c: &mut Connection, now| {
            store::participants::insert(c, &participant)?;
            if let Some((session, idle_expires)) = &touched {
                store::sessions::touch(c, session, now, *idle_expires)?;
            }
            Ok(())
        };
        let now = self.cx.now;
        if self.cx.services.observer.seen().is_some() {
            // The developer's page shows the event, with its code.
            let recorded = self.record(ResultCode::Success, |c| also(c, now))?;
            return Ok(recorded.map(|_| ()));
        }
        let event = self
            .trail
            .event(&self.cx.occasion(), ResultCode::Success, Value::Nothing);
        let origin = self.origin.clone();
        let written = self.cx.services.db.submit(move |c| {
            if let Err(why) = origin.use_up(c)? {
                return Ok(Err(why));
            }
            also(c, now)?;
            store::events::insert(c, &event)?;
            Ok(Ok(()))
        });
        if matches!(written, Ok(Ok(()))) {
            self.ended();
        }
        match written {
            Err(StoreError::Conflict(Conflict::Gone(_))) => Ok(Err(NotRecorded::SessionEnded)),
            other => Ok(other?),
        }
    }

    /// The sign-on that waited is answered.
    fn ended(&self) {
        if matches!(self.origin, Origin::Pending(..)) {
            let source = Source::of(self.cx.client);
            self.cx.services.pending_share.end(&source);
        }
    }

    /// Shows the answer to whoever watches the exchanges.
    pub fn answered(&self, form: &PostForm) {
        let attempt = self.trail.begun_by(&self.cx.request_id);
        let observer = &self.cx.services.observer;
        observer.response(attempt, || exchanges::Message::sent(form));
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
            let room = self.room();
            let recorded = match &room {
                Room::None(code) => self.use_up()?.map(|()| code.clone()),
                Room::Enough => self.record(result, |_| Ok(()))?.map(|event| event.code),
                Room::ForOne(source) => self.record(result, |_| Ok(()))?.map(|event| {
                    let code = event.code.clone();
                    self.cx.services.event_limiter.stands(source, event);
                    code
                }),
            };
            let told = reply.zip(status::status(result));
            // The answer names the event, so it is signed once that is written.
            outcome = match (recorded, told) {
                (Ok(code), Some((reply, status))) => {
                    let status = self.told(status, &code);
                    let form = answer::failure(self.cx, &reply, status)?;
                    self.answered(&form);
                    Ok(Answer::Post(Box::new(Posted {
                        form,
                        app: restart::label(&reply.app.app),
                        is_passive: reply.is_passive,
                        refused: Some((result, code)),
                    })))
                }
                (Ok(code), None) => return Err(self.page(result, code)),
                (Err(why), _) => self.late(why),
            };
        }
    }

    /// Whether there is room in the log for one more refusal: always for that of a user who proved who
    /// they are, since it takes a login to cause it.
    fn room(&self) -> Room {
        if self.trail.user.is_some() {
            return Room::Enough;
        }
        let limiter = &self.cx.services.event_limiter;
        limiter.room(&[Source::of(self.cx.client)], self.cx.now)
    }

    /// Ends an attempt whose event is left out: what it came of is used up all the same.
    fn use_up(&self) -> Result<Result<(), NotRecorded>, OperatorError> {
        if matches!(self.origin, Origin::Nothing) {
            return Ok(Ok(()));
        }
        let db = &self.cx.services.db;
        let used_up = db.write(|c: &mut Connection| self.origin.use_up(c))?;
        if used_up.is_ok() {
            self.ended();
        }
        Ok(used_up)
    }

    /// What a browser gets whose request or sign-on was answered before.
    ///
    /// # Errors
    /// [`Refusal`] when the request is not this browser's.
    pub fn late(&mut self, why: NotRecorded) -> Result<Answer, Refusal> {
        match why {
            NotRecorded::AnsweredAlready | NotRecorded::SessionEnded => {
                Ok(Answer::StartAgain(Box::new(Restart {
                    app: self.app.clone(),
                    url: self.restart_url.clone(),
                })))
            }
            NotRecorded::UsedBefore(Some(earlier)) if self.is_ours(&earlier)? => {
                Ok(Answer::Step(Step::GoOn(Errand::SignOn(earlier))))
            }
            NotRecorded::UsedBefore(_) => Err(self.used_before()),
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

    /// A status as this organisation tells it: with the field at fault and the event's reference
    /// code, by which its administrators find what happened, or the top-level code alone.
    fn told(&self, status: Status, code: &str) -> Status {
        if self.cx.services.settings.saml.hide_status_detail {
            return Status {
                second: None,
                message: None,
                ..status
            };
        }
        let failed = self.trail.checks.iter().rfind(|check| !check.passed);
        let place = failed.and_then(|check| match check.rule {
            Rule::Message => self.place.as_deref(),
            ref rule => status::field(rule),
        });
        let mut message = status.message.unwrap_or_default().into_owned();
        if let Some(place) = place {
            message.push_str(" At fault: ");
            message.push_str(place);
            message.push('.');
        }
        message.push_str(" Reference: ");
        message.push_str(code);
        Status {
            message: Some(message.into()),
            ..status
        }
    }

    fn page(&self, result: ResultCode, code: String) -> Stop {
        Stop::Page(Box::new(PageError {
            result,
            code,
            app: self.app.clone(),
            restart_url: self.restart_url.clone(),
        }))
    }
}
