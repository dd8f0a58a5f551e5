//! The trail of one attempt: each check in order, gathered while the flow runs and written as
//! the attempt's event.

use std::net::IpAddr;

use avouch_saml::time::Timestamp;

use crate::audit::check::{Origin, Rule, Value};
use crate::audit::{Check, Event, EventKind, Party, PartyKind, ResultCode};
use crate::users::User;

/// When and from where something was asked.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The instant.
    pub at: Timestamp,
    /// The client's address.
    pub address: IpAddr,
    /// Its user agent.
    pub user_agent: &'a str,
    /// The request.
    pub request_id: &'a str,
}

/// What is known of an attempt so far.
#[derive(Debug, Clone)]
pub struct Trail {
    kind: EventKind,
    /// What joins the steps of a sign-on that waited in between: the id of the request it began
    /// with, when that was not this one.
    pub begun_by: Option<String>,
    /// Checks made, in order.
    pub checks: Vec<Check>,
    /// How many of them are of the request itself, made once when it was accepted.
    of_the_request: usize,
    /// The user: row and username.
    pub user: Option<(String, String)>,
    /// The app: row and name.
    pub app: Option<(String, String)>,
    /// The SP's entity ID, claimed or known.
    pub entity_id: Option<String>,
    /// `sp` or `idp`, or empty.
    pub initiated_by: &'static str,
    /// `redirect`, `post`, `launch` or empty.
    pub binding: &'static str,
}

impl Trail {
    /// Begins the trail of a sign-on.
    pub fn sign_on(initiated_by: &'static str, binding: &'static str) -> Self {
        Self {
            initiated_by,
            binding,
            ..Self::of(EventKind::SignOn)
        }
    }

    /// Begins the trail of anything else.
    pub fn of(kind: EventKind) -> Self {
        Self {
            kind,
            begun_by: None,
            checks: Vec::new(),
            of_the_request: 0,
            user: None,
            app: None,
            entity_id: None,
            initiated_by: "",
            binding: "",
        }
    }

    /// Records a check that held.
    pub fn pass(
        &mut self,
        rule: Rule,
        expected: impl Into<Value>,
        received: impl Into<Value>,
        origin: Origin,
    ) {
        self.check(rule, true, expected, received, origin);
    }

    /// Records the check that decided against the attempt.
    pub fn fail(
        &mut self,
        rule: Rule,
        expected: impl Into<Value>,
        received: impl Into<Value>,
        origin: Origin,
    ) {
        self.check(rule, false, expected, received, origin);
    }

    /// Records a check.
    pub fn check(
        &mut self,
        rule: Rule,
        passed: bool,
        expected: impl Into<Value>,
        received: impl Into<Value>,
        origin: Origin,
    ) {
        let check = Check::new(rule, passed, expected, received, origin);
        self.checks.push(check);
    }

    /// Whether a rule was checked already.
    pub fn has(&self, rule: &Rule) -> bool {
        self.checks.iter().any(|check| check.rule == *rule)
    }

    /// Says more of what the last check expected, where that is `rule`: what a rule itself does not
    /// know.
    pub fn expected_of_last(&mut self, rule: &Rule, expected: impl Into<Value>) {
        if let Some(last) = self.checks.last_mut().filter(|check| check.rule == *rule) {
            last.expected = expected.into();
        }
    }

    /// The request is accepted: the checks so far stand, however often it is judged what comes next.
    pub fn accepted(&mut self) {
        self.of_the_request = self.checks.len();
    }

    /// The checks of the request itself.
    pub fn of_the_request(&self) -> &[Check] {
        &self.checks[..self.of_the_request]
    }

    /// Notes who the attempt is about.
    pub fn user(&mut self, user: &User) {
        self.user = Some((user.id.as_str().to_owned(), user.username.clone()));
    }

    /// The id of the request that the attempt began with; `this` is the one it goes on with.
    pub fn begun_by<'a>(&'a self, this: &'a str) -> &'a str {
        self.begun_by.as_deref().unwrap_or(this)
    }

    /// The event of this attempt.
    pub fn event(
        &self,
        occasion: &Occasion<'_>,
        result: ResultCode,
        reason: impl Into<Value>,
    ) -> Event {
        let actor = self.user.clone().map(|(id, name)| {
            Party::new(
                PartyKind::User,
                Some(id).filter(|id| !id.is_empty()),
                Some(name),
            )
        });
        let (app_id, app_name) = self.app.clone().unzip();
        Event {
            at: occasion.at,
            kind: self.kind.into(),
            result: result.into(),
            actor,
            target: None,
            app_id,
            app_name,
            entity_id: self.entity_id.clone(),
            address: occasion.address.to_string(),
            user_agent: occasion.user_agent.to_owned(),
            initiated_by: self.initiated_by.into(),
            protocol: if self.kind == EventKind::SignOn {
                "saml"
            } else {
                ""
            }
            .into(),
            binding: self.binding.to_owned(),
            reason: reason.into(),
            checks: self.checks.clone(),
            request_id: occasion.request_id.to_owned(),
        }
    }
}
