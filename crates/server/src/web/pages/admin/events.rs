//! The list of events, and one event with its checks.

use askama::Template;

use crate::audit::{Event, EventKind, Party, ResultCode, Word};
use crate::text::{CheckLine, Events, Locale, Text};

use super::super::fields::{Choice, choose};
use super::super::{Frame, Moment, Page, Tone};

/// `GET /admin/events` with the filter in `q`, `kind`, `result`, `from`, `until` and the place in
/// the list in the handler's own parameter.
#[derive(Debug, Template)]
#[template(path = "admin/event_list.html")]
pub struct EventListPage {
    /// Surroundings.
    pub frame: Frame,
    /// Text searched for: code, username, app, entity ID or address; may be empty.
    pub query: String,
    /// A word of [`EventKind`], or empty for all.
    pub kind: String,
    /// A result code, `failures`, or empty for all.
    pub result: String,
    /// First day (`2026-03-02`), or empty.
    pub from: String,
    /// Last day, or empty.
    pub until: String,
    /// One page of events, newest first.
    pub rows: Vec<EventRow>,
    /// URL of the page with older events, filter kept.
    pub older_url: Option<String>,
    /// URL of the page with the newest, filter kept, when this is not it.
    pub newest_url: Option<String>,
}

/// One event of the list.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Reference code; its page is `/admin/events/{code}`.
    pub code: String,
    /// When.
    pub at: Moment,
    /// What kind.
    pub kind: Word<EventKind>,
    /// How it ended.
    pub result: Word<ResultCode>,
    /// Who acted: name; empty if nobody is known.
    pub actor: String,
    /// Whom or what they acted on: name; empty if neither.
    pub target: String,
    /// App name, else entity ID; empty if none.
    pub app: String,
    /// Client address.
    pub address: String,
    /// One sentence.
    pub reason: String,
}

/// `GET /admin/events/{code}`.
#[derive(Debug, Template)]
#[template(path = "admin/event.html")]
pub struct EventPage {
    /// Surroundings.
    pub frame: Frame,
    /// The event.
    pub row: EventRow,
    /// The app's page, if it still exists.
    pub app_url: Option<String>,
    /// The page of who acted, if there is one.
    pub actor_url: Option<String>,
    /// What who acted is: a user, an operator; empty if nobody is known.
    pub actor_kind: String,
    /// The page of whom they acted on, if there is one.
    pub target_url: Option<String>,
    /// What they acted on is.
    pub target_kind: String,
    /// Entity ID, claimed or known; empty if none.
    pub entity_id: String,
    /// `sp`, `idp` or empty.
    pub initiated_by: String,
    /// Protocol; empty if none.
    pub protocol: String,
    /// Binding; empty if none.
    pub binding: String,
    /// User agent.
    pub user_agent: String,
    /// The request's ID in the logs.
    pub request_id: String,
    /// The checks, in order.
    pub checks: Vec<CheckLine>,
    /// Entity IDs of connected apps near to the one that nobody has.
    pub nearest: Vec<String>,
}

impl EventRow {
    /// The line of an event with this reference code.
    pub fn new(code: impl Into<String>, event: &Event) -> Self {
        let name = |party: &Option<Party>| {
            let party = party.as_ref();
            party
                .and_then(|party| party.name.clone())
                .unwrap_or_default()
        };
        Self {
            code: code.into(),
            at: Moment::from_unix_millis(event.at.millis()),
            kind: event.kind.clone(),
            result: event.result.clone(),
            actor: name(&event.actor),
            target: name(&event.target),
            app: event
                .app_name
                .clone()
                .or_else(|| event.entity_id.clone())
                .unwrap_or_default(),
            address: event.address.clone(),
            reason: Locale::default().catalogue().checks.value(&event.reason),
        }
    }
}

/// Offers the words that are there too: a later version's are shown and can be asked for.
fn offer<'a>(choices: &mut Vec<Choice>, words: impl Iterator<Item = &'a str>) {
    for word in words {
        if !choices.iter().any(|choice| choice.value == word) {
            choices.push(Choice::new(word, word));
        }
    }
}

/// Whether a result is good news, for its badge.
pub(in super::super) fn tone_of(result: &Word<ResultCode>) -> Tone {
    match result.known() {
        Some(ResultCode::Success) => Tone::Good,
        Some(ResultCode::ConsentDeclined | ResultCode::Cancelled | ResultCode::NoPassive) => {
            Tone::Neutral
        }
        _ => Tone::Problem,
    }
}

fn kind_text(t: &Events, kind: &Word<EventKind>) -> String {
    match kind {
        Word::Known(EventKind::SignOn) => t.kind_sign_on.to_string(),
        Word::Known(EventKind::Login) => t.kind_login.to_string(),
        Word::Known(EventKind::Logout) => t.kind_logout.to_string(),
        Word::Known(EventKind::Admin) => t.kind_admin.to_string(),
        Word::Known(EventKind::Key) => t.kind_key.to_string(),
        Word::Other(word) => word.to_string(),
    }
}

impl EventListPage {
    fn t(&self) -> &Events {
        &self.frame.t.events
    }

    fn kind_text(&self, row: &EventRow) -> String {
        kind_text(self.t(), &row.kind)
    }

    fn tone(&self, row: &EventRow) -> &'static str {
        tone_of(&row.result).class()
    }

    fn kinds(&self) -> Vec<Choice> {
        let mut choices = vec![Choice::new("", self.frame.t.common.all.to_string())];
        choices.extend(
            EventKind::ALL
                .iter()
                .map(|(kind, word)| Choice::new(*word, kind_text(self.t(), &(*kind).into()))),
        );
        let later = self.rows.iter().map(|row| row.kind.as_str());
        offer(&mut choices, later.chain([self.kind.as_str()]));
        choose(choices, &self.kind)
    }

    fn results(&self) -> Vec<Choice> {
        let mut choices = vec![
            Choice::new("", self.frame.t.common.all.to_string()),
            Choice::new("failures", self.t().result_failures.to_string()),
        ];
        choices.extend(
            ResultCode::ALL
                .iter()
                .map(|code| Choice::new(code.as_str(), code.as_str())),
        );
        let later = self.rows.iter().map(|row| row.result.as_str());
        offer(&mut choices, later.chain([self.result.as_str()]));
        choose(choices, &self.result)
    }

    fn is_filtered(&self) -> bool {
        [
            &self.query,
            &self.kind,
            &self.result,
            &self.from,
            &self.until,
        ]
        .iter()
        .any(|part| !part.is_empty())
    }

    /// Sample data.
    pub fn sample() -> Self {
        let row = |code: &str, kind, result: ResultCode, user: &str, app: &str| EventRow {
            code: code.into(),
            at: Moment::sample(),
            kind: Word::Known(kind),
            result: result.into(),
            actor: user.into(),
            target: String::new(),
            app: app.into(),
            address: "2001:db8::17".into(),
            reason: String::new(),
        };
        Self {
            frame: Frame::sample_admin(),
            query: String::new(),
            kind: String::new(),
            result: String::new(),
            from: String::new(),
            until: String::new(),
            rows: vec![
                row(
                    "7K4M-2QXP",
                    EventKind::SignOn,
                    ResultCode::Success,
                    "sample.one",
                    "Sample Wiki",
                ),
                row(
                    "AB3D-77QX",
                    EventKind::SignOn,
                    ResultCode::InvalidAcs,
                    "",
                    "https://service-provider.department-of-very-long-names.example.org/shibboleth",
                ),
                row(
                    "QQ12-9ZZK",
                    EventKind::Login,
                    ResultCode::WrongCredentials,
                    "sample.two",
                    "",
                ),
                row(
                    "M0N1-2B3V",
                    EventKind::SignOn,
                    ResultCode::NoPassive,
                    "sample.two",
                    "Library",
                ),
                row(
                    "ZX81-0SPE",
                    EventKind::Admin,
                    ResultCode::Success,
                    "admin",
                    "Library",
                ),
                EventRow {
                    target: "sample.two".into(),
                    ..row(
                        "K2LM-8RTV",
                        EventKind::Admin,
                        ResultCode::Success,
                        "admin",
                        "",
                    )
                },
            ],
            older_url: Some("/admin/events?before=17".into()),
            newest_url: None,
        }
    }
}

impl EventPage {
    /// A page for a stored event; links to user and app are the caller's to add.
    pub fn new(frame: Frame, code: impl Into<String>, event: &Event) -> Self {
        let kind = |party: &Option<Party>| {
            let party = party.as_ref();
            party
                .map(|party| frame.t.events.party(&party.kind))
                .unwrap_or_default()
        };
        Self {
            row: EventRow::new(code, event),
            app_url: None,
            actor_url: None,
            actor_kind: kind(&event.actor),
            target_url: None,
            target_kind: kind(&event.target),
            entity_id: event.entity_id.clone().unwrap_or_default(),
            initiated_by: event.initiated_by.to_string(),
            protocol: event.protocol.to_string(),
            binding: event.binding.clone(),
            user_agent: event.user_agent.clone(),
            request_id: event.request_id.clone(),
            nearest: Vec::new(),
            checks: frame.t.checks.lines(&event.checks),
            frame,
        }
    }

    fn t(&self) -> &Events {
        &self.frame.t.events
    }

    fn tone(&self) -> &'static str {
        tone_of(&self.row.result).class()
    }

    fn meaning(&self) -> Text {
        self.frame.t.results.meaning_of(&self.row.result)
    }

    fn action(&self) -> Option<Text> {
        (self.row.result != ResultCode::Success)
            .then(|| self.frame.t.results.action_of(&self.row.result))
    }

    /// The details that are single values: label and value, none empty.
    fn details(&self) -> Vec<(Text, String)> {
        let t = self.t();
        let initiated = match self.initiated_by.as_str() {
            "sp" => t.initiated_sp.to_string(),
            "idp" => t.initiated_idp.to_string(),
            other => other.to_owned(),
        };
        let mut details = vec![
            (t.kind, kind_text(t, &self.row.kind)),
            (t.entity_id, self.entity_id.clone()),
            (t.initiated_by, initiated),
            (t.protocol, self.protocol.clone()),
            (t.binding, self.binding.clone()),
            (t.address, self.row.address.clone()),
            (t.user_agent, self.user_agent.clone()),
            (t.request_id, self.request_id.clone()),
        ];
        details.retain(|(_, value)| !value.is_empty());
        details
    }

    /// Sample data.
    pub fn sample() -> Self {
        let check = |name: &str, passed, expected: &str, received: &str, source: &str| CheckLine {
            name: name.into(),
            passed,
            expected: expected.into(),
            received: received.into(),
            source: source.into(),
        };
        Self {
            frame: Frame::sample_admin(),
            row: EventRow {
                code: "AB3D-77QX".into(),
                at: Moment::sample(),
                kind: EventKind::SignOn.into(),
                result: ResultCode::InvalidAcs.into(),
                actor: "sample.one".into(),
                target: String::new(),
                app: "Sample Wiki".into(),
                address: "2001:db8::17".into(),
                reason: "It asked for https://wiki-new.example.org/Shibboleth.sso/SAML2/POST."
                    .into(),
            },
            app_url: Some("/admin/apps/wiki".into()),
            actor_url: Some("/admin/users/sample".into()),
            actor_kind: "user".into(),
            target_url: None,
            target_kind: String::new(),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            initiated_by: "sp".into(),
            protocol: "saml".into(),
            binding: "redirect".into(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) Sample/1.0".into(),
            request_id: "0d9f7c9e-5a3b-4f44-9d1c-2f5f5a7d8e90".into(),
            nearest: vec!["https://wiki.example.org/saml/".into()],
            checks: sample_checks(check),
        }
    }
}

fn sample_checks(check: impl Fn(&str, bool, &str, &str, &str) -> CheckLine) -> Vec<CheckLine> {
    vec![
        check(
            "Issuer",
            true,
            "an app with this entity ID",
            "https://wiki.example.org/shibboleth",
            "connected apps",
        ),
        check(
            "Destination",
            true,
            "https://login.example.org/saml/sso",
            "https://login.example.org/saml/sso",
            "server.base_url",
        ),
        check(
            "Signature",
            true,
            "a key of the app",
            "RSA-SHA256, key 1 of 2",
            "metadata of the app",
        ),
        check(
            "AssertionConsumerServiceURL",
            false,
            "https://wiki.example.org/Shibboleth.sso/SAML2/POST",
            "https://wiki-new.example.org/Shibboleth.sso/SAML2/POST",
            "metadata of the app",
        ),
    ]
}

/// The checks of the sample event.
pub(in super::super) fn checks_for_samples() -> Vec<CheckLine> {
    EventPage::sample().checks
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let empty = EventListPage {
        query: "no such thing".into(),
        rows: Vec::new(),
        older_url: None,
        ..EventListPage::sample()
    };
    let success = EventPage {
        row: EventListPage::sample().rows.swap_remove(0),
        checks: Vec::new(),
        app_url: None,
        actor_url: None,
        actor_kind: String::new(),
        target_url: None,
        target_kind: String::new(),
        ..EventPage::sample()
    };
    vec![
        ("admin-events", EventListPage::sample().html()),
        ("admin-events-no-match", empty.html()),
        ("admin-event", EventPage::sample().html()),
        ("admin-event-success", success.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_listed_in_order_with_all_three_values() {
        let page = EventPage::sample();
        let html = page.html();
        let mut last = 0;
        for check in &page.checks {
            let at = last
                + html[last..]
                    .find(&format!(">{}<", check.name))
                    .expect("in order");
            assert!(html[at..].contains(&check.source));
            last = at;
        }
        assert!(html.contains("wiki-new.example.org"));
        assert!(
            html.contains("Replace the app&#39;s metadata"),
            "advice is given"
        );
    }

    #[test]
    fn every_result_has_a_meaning_and_can_be_filtered_for() {
        let html = EventListPage::sample().html();
        let t = EventListPage::sample().frame.t;
        for code in ResultCode::ALL {
            assert!(html.contains(&format!("value=\"{}\"", code.as_str())));
            assert!(t.results.meaning(*code).0.ends_with('.'), "{code:?}");
        }
    }
}
