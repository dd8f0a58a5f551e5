//! One check as values: the rule by its id, what was expected, what came, and where the expected
//! value came from. What a person reads of it stands in the catalogue and nowhere else.
//!
//! An id is stored with every event and exported: never change one or give it another meaning. One
//! that this version does not know was written by a later one, and is kept and shown as it is.

mod uri;
mod value;

use std::borrow::Cow;

pub use uri::Uri;
pub use value::{Foreign, Phrase, Value, shown};

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What was checked.
    pub rule: Rule,
    /// Whether it held.
    pub passed: bool,
    /// What was expected.
    pub expected: Value,
    /// What came. Never a secret, an assertion or RelayState.
    pub received: Value,
    /// Where the expected value came from.
    pub origin: Origin,
    /// What a later version knows beside.
    pub more: Vec<Value>,
}

impl Check {
    /// A check as this version makes them.
    pub fn new(
        rule: Rule,
        passed: bool,
        expected: impl Into<Value>,
        received: impl Into<Value>,
        origin: Origin,
    ) -> Self {
        Self {
            rule,
            passed,
            expected: expected.into(),
            received: received.into(),
            origin,
            more: Vec::new(),
        }
    }

    /// A setting that was changed: its value before and after.
    pub fn changed(
        key: impl Into<Cow<'static, str>>,
        before: impl Into<Cow<'static, str>>,
        after: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(
            Rule::Setting(Foreign::new(key)),
            true,
            Value::text(before),
            Value::text(after),
            Origin::Changed,
        )
    }
}

/// Defines an enum of ids that are stored, and one more variant for the key of a setting and one for
/// an id of a later version.
macro_rules! ids {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $id:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $id, "`.")] $variant,)+
            /// A setting, by its key.
            Setting(Foreign),
            /// An id that this version does not know.
            Other(Foreign),
        }

        impl $name {
            /// Every one that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its id, as stored and exported: the key for a setting.
            pub fn id(&self) -> &str {
                match self {
                    $(Self::$variant => $id,)+
                    Self::Setting(key) => key.as_str(),
                    Self::Other(id) => id.as_str(),
                }
            }

            /// The one with this id.
            pub fn of_id(id: &str) -> Self {
                match id {
                    $($id => Self::$variant,)+
                    other => Self::Other(Foreign::new(other.to_owned())),
                }
            }
        }
    };
}

ids! {
    /// What is checked.
    Rule {
        Message = "message";
        Signature = "sig";
        Destination = "dest";
        IssueInstant = "issued";
        AcsChoice = "acs";
        NameIdPolicy = "nip";
        NameIdPolicyAndSubject = "nip.subject";
        IdpList = "idplist";
        Subject = "subject";
        RequestSize = "size";
        RelayState = "relaystate";
        MetadataValidity = "metadata";
        AnswerSignature = "signed";
        ServiceProvider = "sp";
        App = "app";
        WayToStart = "start";
        Session = "session";
        AuthnContext = "authn";
        UserIsActive = "active";
        AppIsNotBlocked = "blocked";
        AppIsUnderstood = "known";
        AppIsInstalled = "inst";
        UserIsPermitted = "permit";
        Consent = "consent";
        NameId = "nameid";
        Attributes = "attrs";
        AttributeHeldBack = "withheld";
        Encryption = "enc";
        Login = "login";
        Password = "password";
        Throttle = "throttle";
        RequestId = "replay";
        AdminRight = "right";
        RightsOfUser = "rights";
    }
}

ids! {
    /// Where an expected value comes from.
    Origin {
        PublicUrl = "url";
        AppMetadata = "md";
        AppSettings = "settings";
        AppSettingsAndMetadata = "app";
        AppDangerSha1 = "danger.sha1";
        AppNameIdFormats = "formats";
        AppSubjectType = "subjecttype";
        AppLocalPolicy = "policy";
        AppPermittedUsers = "users";
        AppAttributeRows = "rows";
        AppRequestSignatures = "app.signed";
        MetadataRequestsSigned = "md.signed";
        NoSignatureRule = "norule";
        Session = "session";
        RequestedAndPermittedContexts = "authn";
        RequestSubject = "subject";
        IsPassive = "passive";
        User = "user";
        UserRights = "rights";
        LocalDirectory = "directory";
        ConnectedApps = "apps";
        RememberedRequests = "requests";
        OurEntityId = "entityid";
        Program = "program";
        Schema = "schema";
        Binding = "binding";
        SpecSubject = "core.3.4.1";
        SpecSubjectConfirmation = "profiles.4.1.4.1";
        Changed = "changed";
    }
}

impl Origin {
    /// The setting with this key.
    pub const fn setting(key: &'static str) -> Self {
        Self::Setting(Foreign::key(key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// As the stored form tells an id from other things.
    fn is_an_id(id: &str) -> bool {
        id.starts_with(|c: char| c.is_ascii_lowercase())
            && id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.')
    }

    #[test]
    fn no_two_share_an_id_and_each_is_found_by_its_own() {
        let rules: BTreeSet<&str> = Rule::ALL.iter().map(Rule::id).collect();
        assert_eq!(rules.len(), Rule::ALL.len());
        let origins: BTreeSet<&str> = Origin::ALL.iter().map(Origin::id).collect();
        assert_eq!(origins.len(), Origin::ALL.len());
        let phrases: BTreeSet<&str> = Phrase::ALL.iter().map(|p| p.id()).collect();
        assert_eq!(phrases.len(), Phrase::ALL.len());
        let uris: BTreeSet<&str> = Uri::ALL.iter().map(|u| u.id()).collect();
        assert_eq!(uris.len(), Uri::ALL.len());
        let texts: BTreeSet<&str> = Uri::ALL.iter().map(|u| u.as_str()).collect();
        assert_eq!(texts.len(), Uri::ALL.len());
        for id in rules.iter().chain(&origins).chain(&phrases).chain(&uris) {
            assert!(is_an_id(id), "{id}");
        }
        for rule in Rule::ALL {
            assert_eq!(Rule::of_id(rule.id()), *rule);
        }
        for origin in Origin::ALL {
            assert_eq!(Origin::of_id(origin.id()), *origin);
        }
        for phrase in Phrase::ALL {
            assert_eq!(Phrase::of_id(phrase.id()), Some(*phrase));
        }
        for uri in Uri::ALL {
            assert_eq!(Uri::of_id(uri.id()), Some(*uri));
            assert_eq!(Uri::known(uri.as_str()), Some(*uri));
        }
    }

    #[test]
    fn an_unknown_id_is_kept_as_it_is() {
        let rule = Rule::of_id("of.tomorrow");
        assert_eq!(rule, Rule::Other(Foreign::new("of.tomorrow")));
        assert_eq!(rule.id(), "of.tomorrow");
        assert_eq!(Origin::of_id("of.tomorrow").id(), "of.tomorrow");
    }
}
