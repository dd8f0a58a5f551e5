//! Texts of the checks of an event.

use serde::Serialize;

use crate::audit::Check;
use crate::audit::check::{Origin, Phrase, Rule, Value};

/// What checks are called, and what they expected and met, in one language. An id without a text does
/// not compile.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    /// A rule; `None` for a setting, which its key names in every language.
    rule: fn(&Rule) -> Option<&'static str>,
    /// A phrase, with `{0}` where the first value goes, `{1}` for the second, and so on.
    phrase: fn(Phrase) -> &'static str,
    /// Where an expected value comes from; `None` for a setting.
    origin: fn(&Origin) -> Option<&'static str>,
}

/// One check as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// What was checked.
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// What was expected; may be empty.
    pub expected: String,
    /// What came; may be empty.
    pub received: String,
    /// Where the expected value came from; may be empty.
    pub source: String,
}

impl Checks {
    /// Checks in English.
    pub const ENGLISH: Self = Self {
        rule: english_rule,
        phrase: english_phrase,
        origin: english_origin,
    };

    /// A check. What this version does not know is shown by its id.
    pub fn line(&self, check: &Check) -> CheckLine {
        let beside: Vec<String> = check.more.iter().map(|value| self.value(value)).collect();
        let origin = (self.origin)(&check.origin).unwrap_or(check.origin.id());
        CheckLine {
            name: (self.rule)(&check.rule)
                .unwrap_or(check.rule.id())
                .to_owned(),
            passed: check.passed,
            expected: self.value(&check.expected),
            received: self.value(&check.received),
            source: std::iter::once(origin.to_owned())
                .chain(beside)
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    /// Checks, in order.
    pub fn lines(&self, checks: &[Check]) -> Vec<CheckLine> {
        checks.iter().map(|check| self.line(check)).collect()
    }

    /// Checks as exports write them: what a reader sees, and the ids and values it was made of.
    pub fn json(&self, checks: &[Check]) -> serde_json::Value {
        checks
            .iter()
            .map(|check| {
                let line = self.line(check);
                serde_json::json!({
                    "name": line.name,
                    "passed": line.passed,
                    "expected": line.expected,
                    "received": line.received,
                    "source": line.source,
                    "rule": check.rule.id(),
                    "origin": check.origin.id(),
                    "expected_value": check.expected,
                    "received_value": check.received,
                })
            })
            .collect()
    }

    /// A value.
    pub fn value(&self, value: &Value) -> String {
        let all = |values: &[Value], between: &str| {
            let values: Vec<String> = values.iter().map(|value| self.value(value)).collect();
            values.join(between)
        };
        match value {
            Value::Nothing => String::new(),
            Value::Phrase(phrase, values) => self.filled((self.phrase)(*phrase), values),
            Value::Unknown(id, values) if values.is_empty() => id.as_str().to_owned(),
            Value::Unknown(id, values) => format!("{}: {}", id.as_str(), all(values, ", ")),
            Value::List(values) => all(values, ", "),
            Value::Number(number) => number.to_string(),
            Value::Instant(instant) => instant.to_string(),
            Value::Uri(uri) => uri.as_str().to_owned(),
            Value::Text(text) | Value::Raw(text) => text.as_str().to_owned(),
        }
    }

    /// `text` with each value in its place. Values that have none, which a later version put in, come
    /// after it.
    fn filled(&self, text: &str, values: &[Value]) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut used = vec![false; values.len()];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (number, after) = after.split_once('}').unwrap_or((after, ""));
            let place: usize = number.parse().unwrap_or(usize::MAX);
            if let Some(value) = values.get(place) {
                out.push_str(&self.value(value));
                used[place] = true;
            }
            rest = after;
        }
        out.push_str(rest);
        for (value, _) in values.iter().zip(used).filter(|(_, used)| !used) {
            out.push_str(", ");
            out.push_str(&self.value(value));
        }
        out
    }
}

fn english_rule(rule: &Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::Message => "message",
        Rule::Signature => "signature",
        Rule::Destination => "Destination",
        Rule::IssueInstant => "IssueInstant",
        Rule::AcsChoice => "assertion consumer service",
        Rule::NameIdPolicy => "NameIDPolicy",
        Rule::NameIdPolicyAndSubject => "NameIDPolicy and Subject",
        Rule::IdpList => "IDPList",
        Rule::Subject => "Subject",
        Rule::RequestSize => "size of the request",
        Rule::RelayState => "RelayState",
        Rule::MetadataValidity => "validity of metadata",
        Rule::AnswerSignature => "signature of the answer",
        Rule::ServiceProvider => "service provider",
        Rule::App => "app",
        Rule::WayToStart => "way to start",
        Rule::Session => "session",
        Rule::AuthnContext => "authentication context",
        Rule::UserIsActive => "user is active",
        Rule::AppIsNotBlocked => "app is not blocked",
        Rule::AppIsUnderstood => "app is understood",
        Rule::AppIsInstalled => "app is installed",
        Rule::UserIsPermitted => "user is permitted",
        Rule::Consent => "consent",
        Rule::NameId => "NameID",
        Rule::Attributes => "attributes",
        Rule::AttributeHeldBack => "attribute held back",
        Rule::Encryption => "encryption",
        Rule::Login => "login",
        Rule::Password => "password",
        Rule::Throttle => "throttle",
        Rule::RequestId => "request ID",
        Rule::AdminRight => "administrative right",
        Rule::RightsOfUser => "rights of who is changed",
        Rule::Setting(_) | Rule::Other(_) => return None,
    })
}

fn english_origin(origin: &Origin) -> Option<&'static str> {
    Some(match origin {
        Origin::PublicUrl => "the public URL",
        Origin::AppMetadata => "metadata of the app",
        Origin::AppSettings => "the app's settings",
        Origin::AppSettingsAndMetadata => "the app's settings and metadata",
        Origin::AppDangerSha1 => "danger_allow_sha1 of the app",
        Origin::AppNameIdFormats => "NameID formats of the app",
        Origin::AppSubjectType => "subject type of the app",
        Origin::AppLocalPolicy => "the app's local policy",
        Origin::AppPermittedUsers => "permitted users of the app's local policy",
        Origin::AppAttributeRows => "the app's attribute rows",
        Origin::AppRequestSignatures => "request signatures of the app",
        Origin::MetadataRequestsSigned => "AuthnRequestsSigned in the app's metadata",
        Origin::NoSignatureRule => {
            "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed"
        }
        Origin::Session => "the session",
        Origin::RequestedAndPermittedContexts => {
            "RequestedAuthnContext and the contexts the app permits"
        }
        Origin::RequestSubject => "Subject of the request",
        Origin::IsPassive => "IsPassive",
        Origin::User => "the user",
        Origin::UserRights => "the user's rights",
        Origin::LocalDirectory => "the local directory",
        Origin::ConnectedApps => "connected apps",
        Origin::RememberedRequests => "requests remembered",
        Origin::OurEntityId => "our entity ID",
        Origin::Program => "fixed in the program",
        Origin::Schema => "SAML's schema",
        Origin::Binding => "the binding",
        Origin::SpecSubject => "saml-core 3.4.1",
        Origin::SpecSubjectConfirmation => "saml-profiles 4.1.4.1",
        Origin::Changed => "changed: before, after",
        Origin::Setting(_) | Origin::Other(_) => return None,
    })
}

fn english_phrase(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::SignedBySp => "signed by the SP",
        Phrase::SignedBySpOrNot => "signed by the SP, or not at all",
        Phrase::Signed => "signed",
        Phrase::NotSigned => "not signed",
        // What was written before the instant was told.
        Phrase::NoKeyKnown => "{0}; no key is known",
        Phrase::NoKeyRegistered => {
            "{0}, with a key of the app: none is registered, its metadata had no usable signing key when the app was last changed here, {1}"
        }
        Phrase::SignaturesNotLookedAt => "signatures of this app are not looked at",
        Phrase::SignedInsideRedirect => {
            "not signed: there is a signature inside the XML, which counts for nothing by HTTP-Redirect; there the query is signed (SigAlg, Signature)"
        }
        Phrase::WithKeyOf => "{0}, with a key of {1}",
        Phrase::SaysMadeWith => "{0}; it says to be made with {1}",
        Phrase::OverDigestBy => "{0} over a digest by {1}",
        Phrase::Within => "within {0} seconds, give or take {1} ({2})",
        Phrase::OfTheApp => "{0} of the app",
        Phrase::InstantWithZone => "an instant in UTC, which says so",
        Phrase::TakenForUtc => "{0}, which says of no zone and is taken for UTC",
        Phrase::FormatThatExists => "a NameID format of a standard",
        Phrase::TakenForItsTwin => {
            "{0}, which no standard has; taken for the one of SAML 1.1 by its name"
        }
        Phrase::IssuerWithoutQualifier => "an Issuer without qualifiers",
        Phrase::QualifiedByItself => "a NameQualifier that repeats the issuer",
        Phrase::AuthnRequest => "an AuthnRequest",
        Phrase::ValidAuthnRequest => "a valid AuthnRequest",
        Phrase::None => "none",
        Phrase::Because => "{0}: {1}",
        Phrase::TheDefault => "the default",
        Phrase::TheDefaultFor => "the default for {0}",
        Phrase::Index => "index {0}",
        Phrase::OneOfTheApps => "one of the app's",
        Phrase::OneForPost => "one for HTTP-POST",
        Phrase::For => "{0} for {1}",
        Phrase::Any => "any",
        Phrase::NoSubjectConfirmation => "no SubjectConfirmation",
        Phrase::SubjectConfirmation => "SubjectConfirmation",
        Phrase::PlainOrEncryptedNameId => "a NameID, plain or encrypted to us",
        Phrase::UnreadableEncryptedId => "an EncryptedID nobody here can read",
        Phrase::BaseId => "BaseID",
        Phrase::NothingNamed => "nothing",
        Phrase::SpProvidedId => "an SPProvidedID",
        Phrase::NameOfUser => "a name of the user, {0}",
        Phrase::UserAtBrowser => "the user at the browser",
        Phrase::AnotherUser => "another user",
        Phrase::AtMostBytes => "at most {0} bytes",
        Phrase::Bytes => "{0} bytes",
        Phrase::AtMostContextsAndBytes => {
            "at most {0} authentication contexts, and {1} bytes in all texts"
        }
        Phrase::ContextsAndBytes => "{0} and {1} bytes",
        Phrase::NotSeenBefore => "not seen before",
        Phrase::UsedBefore => "used before",
        Phrase::ConnectedApp => "a connected app",
        Phrase::ConnectedAppSuchAs => "a connected app, such as {0}",
        Phrase::Removed => "removed",
        Phrase::NotExpired => "not expired, give or take {0} seconds ({1})",
        Phrase::StartUrlOrUnsolicited => "a start URL, or unsolicited responses allowed",
        Phrase::Neither => "neither",
        Phrase::TheAppsDefault => "the app's default",
        Phrase::AnotherIgnored => "another one, ignored",
        Phrase::KnownSettings => {
            "settings that this version of Avouch knows; a node of the later version that made \
             them signs users on"
        }
        Phrase::NotBlocked => "not blocked",
        Phrase::StateInstalled => "installed",
        Phrase::StateBlocked => "blocked",
        Phrase::StateUninstalled => "uninstalled",
        Phrase::Active => "active",
        Phrase::Deactivated => "deactivated",
        Phrase::AnyActiveUser => "any active user",
        Phrase::ListedByOne => "a profile or permission set that lists the app",
        Phrase::ListedByOneOf => "a profile or permission set that lists the app: {0}",
        Phrase::NoneDoesYet => "none does yet",
        Phrase::Profile => "profile {0}",
        Phrase::PermissionSet => "permission set {0}",
        Phrase::SessionThatWillDo => "a session that will do",
        Phrase::SessionOrLogin => "a session that will do, or a login",
        Phrase::SessionWithoutInteraction => "a session that will do without interaction",
        Phrase::LoggedInAt => "logged in at {0}",
        Phrase::NoSession => "no session",
        Phrase::OlderSession => "a session from before the request",
        Phrase::SessionOfAnotherContext => "a session of another context",
        Phrase::ALogin => "a login",
        Phrase::Cancelled => "cancelled",
        Phrase::UsersPassword => "the user's",
        Phrase::Right => "right",
        Phrase::AnotherOne => "another one",
        Phrase::AsLookedAt => "as when it was looked at",
        Phrase::ChangedMeanwhile => "changed meanwhile",
        Phrase::NoWait => "no wait",
        Phrase::Seconds => "{0} seconds",
        Phrase::GivenBefore => "given before",
        Phrase::ToBeAsked => "to be asked",
        Phrase::Accepted => "accepted",
        Phrase::Declined => "declined",
        Phrase::Or => "{0} or {1}",
        Phrase::And => "{0} and {1}",
        Phrase::RowsAndRequested => "the app's rows and what its metadata asks for",
        Phrase::RowsThatMayBeSent => "rows whose conditions hold, values that may be sent",
        Phrase::SubjectMissing => "{0} of {1} is missing, or not a value of this format",
        Phrase::ValueOfFor => "a value of {0} for {1}",
        Phrase::IdentifierAskedFor => "{0} from {1}, which the SP's metadata asks for",
        Phrase::NoScope => "there is no scope to make it with: set idp.scopes",
        Phrase::HasNone => "{0} has none",
        Phrase::HasNoneToSend => "{0} has none that may be sent",
        Phrase::HeldEntityAttribute => {
            "{0}: the SP's metadata lacks the entity attribute that the row asks for"
        }
        Phrase::HeldNotRequested => "{0}: the SP's metadata does not request it",
        Phrase::HeldNotRequired => "{0}: the SP's metadata does not require it",
        Phrase::HeldNoIdentifierAsked => "{0}: the SP's metadata asks for no subject identifier",
        Phrase::HeldForPairwise => {
            "{0}: the SP's metadata takes either identifier, and gets pairwise-id"
        }
        Phrase::HeldNotUriFormat => {
            "{0}: its format is not the URI format, which the identifier's profile demands"
        }
        Phrase::HeldNoValue => "{0}: no value",
        Phrase::HeldNotXml => "{0}: {1} value(s) with characters that XML cannot carry",
        Phrase::HeldNotScoped => {
            "{0}: {1} value(s) without the form unique@scope that its profile demands"
        }
        Phrase::HeldNotAllowed => "{0}: {1} value(s) that the row does not allow",
        Phrase::HeldNotListed => "{0}: {1} value(s) that the SP's metadata does not list",
        Phrase::HeldSeveralValues => "{0}: {1} values, where its profile demands exactly one",
        Phrase::HeldIdentifier => "{0}: asked for by the SP, but {1}",
        Phrase::Sha1AsSwitched => "SHA-1, as the app's danger switch says",
        Phrase::AlgorithmAllowed => "an algorithm that key, settings and the app's metadata allow",
        Phrase::KeyAndAlgorithm => "a key and an algorithm that the app accepts",
        Phrase::Assertion => "assertion",
        Phrase::UserAdded => "The user {0} was added.",
        Phrase::UserChanged => "The user {0} was changed.",
        Phrase::UserIsActive => "The user {0} is now active.",
        Phrase::UserIsDeactivated => "The user {0} is now deactivated.",
        Phrase::PasswordSet => "The password of {0} was set; {1} sessions ended.",
        Phrase::AppAdded => "The app {0} was added.",
        Phrase::AppChanged => "The app {0} was changed.",
        Phrase::AppSettingsChanged => "The settings of {0} were changed.",
        Phrase::AppIsNow => "The app {0} is now {1}.",
        Phrase::AppMetadataReplaced => "The metadata of {0} was replaced.",
        Phrase::AppMetadataKept => {
            "What the metadata of {0} says was taken over as typed here, so that it has no end."
        }
        Phrase::EventsExported => "The events were exported: {0}.",
        Phrase::BackupMade => "A copy of the database was made: {0}.",
        Phrase::AppRemoved => "The app {0} was removed.",
        Phrase::KeyAdded => "The key {0} ({1}) was added.",
        Phrase::KeySigns => "The key {0} signs from now on.",
        Phrase::KeyGone => "The key {0} is gone from metadata.",
        Phrase::ProfileAdded => "The profile {0} was added.",
        Phrase::ProfileWasThere => "The profile {0} was there.",
        Phrase::PermissionSetAdded => "The permission set {0} was added.",
        Phrase::PermissionSetWasThere => "The permission set {0} was there.",
        Phrase::LacksRight => "The user lacks the right to administer this.",
        Phrase::MayNotChange => "{0} may not change {1}, who has rights that they have not.",
        Phrase::SignedOut => "The user signed out.",
        Phrase::StandsForOthers => {
            "{0} refusals like this, from {1}, have this one event: they were too many."
        }
        Phrase::FewerWaiting => {
            "room for one more sign-on that waits for its user: an address has a tenth of all"
        }
        Phrase::TooManyWaiting => "too many of this address wait already",
        Phrase::AttemptsAtThisAccount => "attempts at this account",
        Phrase::ThisUser => "this user",
        Phrase::Response => "response",
        Phrase::AssertionAndResponse => "assertion and response",
        Phrase::UsableKey => "a usable key of the SP",
        Phrase::UsableKeyOrNone => "a usable key of the SP, or none published",
        Phrase::NoKeyPublished => "the service provider publishes no encryption key",
        Phrase::UnusableKeyPublished => {
            "the service provider publishes an encryption key that is too weak, unreadable or of \
             an unknown use"
        }
        Phrase::NoMethodUsable => {
            "none of the encryption methods the service provider declares can be used"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::check::Foreign;

    const T: Checks = Checks::ENGLISH;

    fn text(text: &'static str) -> Value {
        Value::text(text)
    }

    #[test]
    fn every_rule_phrase_and_origin_has_a_text_that_takes_its_values() {
        for rule in Rule::ALL {
            assert!((T.rule)(rule).is_some_and(is_good), "{rule:?}");
        }
        for origin in Origin::ALL {
            assert!((T.origin)(origin).is_some_and(is_good), "{origin:?}");
        }
        for phrase in Phrase::ALL {
            let text = (T.phrase)(*phrase);
            assert!(is_good(text), "{phrase:?}");
            assert_eq!(text.matches('{').count(), phrase.takes(), "{phrase:?}");
            for place in 0..phrase.takes() {
                assert!(text.contains(&format!("{{{place}}}")), "{phrase:?}");
            }
        }
    }

    fn is_good(text: &str) -> bool {
        !text.is_empty() && text.trim() == text && !text.contains("  ")
    }

    #[test]
    fn values_go_where_the_text_wants_them_and_stay_as_they_are() {
        let value = Phrase::WithKeyOf.with([Phrase::SignedBySp.into(), text("{0} {1}")]);
        assert_eq!(T.value(&value), "signed by the SP, with a key of {0} {1}");
        let several = Value::list([Phrase::Profile.with([text("A")]), text("B")]);
        assert_eq!(T.value(&several), "profile A, B");
        let rights = Value::joined([text("a"), text("b"), text("c")], Phrase::Or);
        assert_eq!(T.value(&rights), "a or b or c");
    }

    #[test]
    fn what_a_later_version_wrote_is_shown_as_it_is() {
        let id = |id: &'static str| Foreign::new(id);
        let mut check = Check::new(
            Rule::Other(id("rule.of.tomorrow")),
            false,
            Value::Unknown(id("phrase.of.tomorrow"), [text("a"), 5_i64.into()].into()),
            Value::Raw(id("~shape")),
            Origin::Other(id("origin.of.tomorrow")),
        );
        check.more.push(text("beside"));
        assert_eq!(
            T.line(&check),
            CheckLine {
                name: "rule.of.tomorrow".to_owned(),
                passed: false,
                expected: "phrase.of.tomorrow: a, 5".to_owned(),
                received: "~shape".to_owned(),
                source: "origin.of.tomorrow; beside".to_owned(),
            }
        );
        // A known phrase with a value more.
        let value = Value::Phrase(Phrase::Seconds, [5_i64.into(), text("more")].into());
        assert_eq!(T.value(&value), "5 seconds, more");
        assert_eq!(T.value(&Phrase::Seconds.into()), " seconds");
    }

    #[test]
    fn exports_have_the_text_and_what_it_is_made_of() {
        let check = Check::new(
            Rule::Session,
            true,
            Phrase::SessionThatWillDo,
            Phrase::Because.with([text("a"), Value::Number(5)]),
            Origin::setting("login.any"),
        );
        assert_eq!(
            T.json(&[check]),
            serde_json::json!([{
                "name": "session",
                "passed": true,
                "expected": "a session that will do",
                "received": "a: 5",
                "source": "login.any",
                "rule": "session",
                "origin": "login.any",
                "expected_value": { "phrase": "ok" },
                "received_value": { "phrase": "because", "values": ["a", 5] },
            }])
        );
    }
}
