//! What a check expected or met, as a value.

use std::borrow::Cow;

use avouch_saml::time::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Uri;

/// What was expected, or what came.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Nothing,
    /// A phrase of the catalogue, with what goes into it.
    Phrase(Phrase, Box<[Value]>),
    /// A phrase that this version does not know, with what goes into it.
    Unknown(Foreign, Box<[Value]>),
    /// Several.
    List(Box<[Value]>),
    /// A number.
    Number(i64),
    /// An instant.
    Instant(Timestamp),
    /// A URI of the specifications.
    Uri(Uri),
    /// Text that is in no language of ours: what somebody sent or set, or an error of a library.
    Text(Foreign),
    /// Something that this version does not know, as it is stored.
    Raw(Foreign),
}

impl Value {
    /// Text from outside.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        let text = Foreign::new(text);
        if text.as_str().is_empty() {
            return Self::Nothing;
        }
        Self::Text(text)
    }

    /// A URI, or whatever was sent in the place of one.
    pub fn uri(text: &str) -> Self {
        match Uri::known(text) {
            Some(uri) => Self::Uri(uri),
            None => Self::text(text.to_owned()),
        }
    }

    /// Several values; one alone is no list.
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        let mut values: Vec<Self> = values.into_iter().collect();
        match values.len() {
            0 => Self::Nothing,
            1 => values.remove(0),
            _ => Self::List(values.into()),
        }
    }

    /// `values` joined by a phrase of two, such as [`Phrase::Or`].
    pub fn joined(values: impl IntoIterator<Item = Self>, by: Phrase) -> Self {
        values
            .into_iter()
            .reduce(|before, value| by.with([before, value]))
            .unwrap_or(Self::Nothing)
    }

    /// Whether it is this phrase, whatever goes into it.
    pub fn is(&self, phrase: Phrase) -> bool {
        matches!(self, Self::Phrase(own, _) if *own == phrase)
    }
}

impl From<Phrase> for Value {
    fn from(phrase: Phrase) -> Self {
        Self::Phrase(phrase, Box::default())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(instant)
    }
}

impl From<Uri> for Value {
    fn from(uri: Uri) -> Self {
        Self::Uri(uri)
    }
}

/// As exports write it: a text, a number or a list; an object for what takes part in a sentence.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let phrase = |serializer: S, id: &str, values: &[Self]| {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("phrase", id)?;
            if !values.is_empty() {
                map.serialize_entry("values", values)?;
            }
            map.end()
        };
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Phrase(id, values) => phrase(serializer, id.id(), values),
            Self::Unknown(id, values) => phrase(serializer, id.as_str(), values),
            Self::List(values) => values.serialize(serializer),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Instant(instant) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("instant", &instant.to_string())?;
                map.end()
            }
            Self::Uri(uri) => serializer.serialize_str(uri.as_str()),
            Self::Text(text) | Self::Raw(text) => serializer.serialize_str(text.as_str()),
        }
    }
}

/// Text from outside as it may stand in an event: bounded, and without control characters that
/// could forge lines in a log or a terminal, or cells of what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign(Cow<'static, str>);

impl Foreign {
    /// Makes it fit.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(shown(text.into()))
    }

    /// A key of a setting, which fits.
    pub const fn key(key: &'static str) -> Self {
        Self(Cow::Borrowed(key))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Foreign text as it may stand in an event: bounded, and without control characters.
pub fn shown(text: Cow<'static, str>) -> Cow<'static, str> {
    const LIMIT: usize = 500;
    let mut length = 0;
    if text.len() <= LIMIT && !text.contains(char::is_control) {
        return text;
    }
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .take_while(|c| {
            length += c.len_utf8();
            length <= LIMIT
        })
        .collect::<String>()
        .into()
}

macro_rules! phrases {
    ($($variant:ident = $id:literal $(, $takes:literal)?;)+) => {
        /// What the catalogue has words for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Phrase {
            $(#[doc = concat!("`", $id, "`" $(, ", with ", $takes, " values")?, ".")] $variant,)+
        }

        impl Phrase {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its id, as stored and exported.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// The one with this id.
            pub fn of_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)+ _ => None }
            }

            /// How many values go into it.
            pub const fn takes(self) -> usize {
                match self { $(Self::$variant => 0 $(+ $takes)?,)+ }
            }
        }
    };
}

phrases! {
    // Of the request.
    SignedBySp = "sp";
    SignedBySpOrNot = "sp.opt";
    Signed = "yes";
    NotSigned = "no";
    NoKeyKnown = "nokey", 1;
    NoKeyRegistered = "nokey.since", 2;
    SignaturesNotLookedAt = "signatures.ignored";
    SignedInsideRedirect = "signed.inside.redirect";
    WithKeyOf = "keyof", 2;
    SaysMadeWith = "madewith", 2;
    OverDigestBy = "over.digest", 2;
    Within = "within", 3;
    OfTheApp = "ofapp", 1;
    AuthnRequest = "request";
    InstantWithZone = "zoned";
    TakenForUtc = "taken.for.utc", 1;
    FormatThatExists = "known.format";
    TakenForItsTwin = "taken.for.twin", 1;
    IssuerWithoutQualifier = "unqualified";
    QualifiedByItself = "qualified.by.itself";
    ValidAuthnRequest = "valid.request";
    None = "none";
    Because = "because", 2;
    TheDefault = "dflt";
    TheDefaultFor = "dflt.for", 1;
    Index = "index", 1;
    OneOfTheApps = "registered";
    OneForPost = "post";
    For = "for", 2;
    Any = "any";
    NoSubjectConfirmation = "no.confirmation";
    SubjectConfirmation = "confirmation";
    PlainOrEncryptedNameId = "plain.or.encrypted";
    UnreadableEncryptedId = "unreadable";
    BaseId = "baseid";
    NothingNamed = "nothing";
    SpProvidedId = "spprovidedid";
    NameOfUser = "name.of.user", 1;
    UserAtBrowser = "at.browser";
    AnotherUser = "another.user";
    AtMostBytes = "atmost.bytes", 1;
    Bytes = "bytes", 1;
    AtMostContextsAndBytes = "atmost.contexts.bytes", 2;
    ContextsAndBytes = "contexts.bytes", 2;
    NotSeenBefore = "unseen";
    UsedBefore = "used";
    // Of the app.
    ConnectedApp = "connected";
    ConnectedAppSuchAs = "connected.suchas", 1;
    Removed = "removed";
    NotExpired = "unexpired", 2;
    StartUrlOrUnsolicited = "start.or.unsolicited";
    Neither = "neither";
    TheAppsDefault = "app.default";
    AnotherIgnored = "ignored";
    NotBlocked = "open";
    KnownSettings = "known";
    StateInstalled = "in";
    StateBlocked = "blocked";
    StateUninstalled = "uninstalled";
    // Of the user and the session.
    Active = "active";
    Deactivated = "deactivated";
    AnyActiveUser = "anybody";
    ListedByOne = "lists";
    ListedByOneOf = "lists.namely", 1;
    NoneDoesYet = "none.yet";
    Profile = "p", 1;
    PermissionSet = "ps", 1;
    SessionThatWillDo = "ok";
    SessionOrLogin = "ok.or.login";
    SessionWithoutInteraction = "ok.passive";
    LoggedInAt = "at", 1;
    NoSession = "none.there";
    OlderSession = "older";
    SessionOfAnotherContext = "other.context";
    ALogin = "login";
    Cancelled = "cancelled";
    UsersPassword = "own";
    Right = "right";
    AnotherOne = "another";
    AsLookedAt = "as.looked.at";
    ChangedMeanwhile = "changed.meanwhile";
    NoWait = "no.wait";
    Seconds = "seconds", 1;
    GivenBefore = "given";
    ToBeAsked = "to.be.asked";
    Accepted = "accepted";
    Declined = "declined";
    Or = "or", 2;
    And = "and", 2;
    // Of what is released.
    RowsAndRequested = "rows";
    RowsThatMayBeSent = "rows.sendable";
    SubjectMissing = "subject.missing", 2;
    ValueOfFor = "value.of.for", 2;
    IdentifierAskedFor = "identifier.asked.for", 2;
    NoScope = "no.scope";
    HasNone = "has.none", 1;
    HasNoneToSend = "has.none.sendable", 1;
    HeldEntityAttribute = "held.entity.attribute", 1;
    HeldNotRequested = "held.unrequested", 1;
    HeldNotRequired = "held.unrequired", 1;
    HeldNoIdentifierAsked = "held.no.identifier", 1;
    HeldForPairwise = "held.for.pairwise", 1;
    HeldNotUriFormat = "held.format", 1;
    HeldNoValue = "held.no.value", 1;
    HeldNotXml = "held.not.xml", 2;
    HeldNotScoped = "held.not.scoped", 2;
    HeldNotAllowed = "held.not.allowed", 2;
    HeldNotListed = "held.not.listed", 2;
    HeldSeveralValues = "held.several", 2;
    HeldIdentifier = "held.identifier", 2;
    // Of the answer.
    Sha1AsSwitched = "sha1";
    AlgorithmAllowed = "algorithm.allowed";
    KeyAndAlgorithm = "key.and.algorithm";
    Assertion = "a";
    Response = "r";
    // What an event reports.
    UserAdded = "user.added", 1;
    UserChanged = "user.changed", 1;
    UserIsActive = "user.active", 1;
    UserIsDeactivated = "user.deactivated", 1;
    PasswordSet = "password.set", 2;
    AppAdded = "app.added", 1;
    AppChanged = "app.changed", 1;
    AppSettingsChanged = "app.settings", 1;
    AppIsNow = "app.state", 2;
    AppMetadataReplaced = "app.metadata", 1;
    AppMetadataKept = "app.metadata.kept", 1;
    EventsExported = "events.exported", 1;
    BackupMade = "backup.made", 1;
    AppRemoved = "app.removed", 1;
    KeyAdded = "key.added", 2;
    KeySigns = "key.signs", 1;
    KeyGone = "key.gone", 1;
    ProfileAdded = "profile.added", 1;
    ProfileWasThere = "profile.there", 1;
    PermissionSetAdded = "set.added", 1;
    PermissionSetWasThere = "set.there", 1;
    LacksRight = "lacks.right";
    MayNotChange = "may.not.change", 2;
    SignedOut = "signed.out";
    StandsForOthers = "stands.for.others", 2;
    FewerWaiting = "fewer.waiting";
    TooManyWaiting = "too.many.waiting";
    AttemptsAtThisAccount = "attempts.at.account";
    ThisUser = "this.user";
    AssertionAndResponse = "ar";
    UsableKey = "key";
    UsableKeyOrNone = "ifany";
    NoKeyPublished = "absent";
    UnusableKeyPublished = "key.unusable";
    NoMethodUsable = "no.method";
}

impl Phrase {
    /// The phrase with what goes into it.
    pub fn with<const N: usize>(self, values: [Value; N]) -> Value {
        debug_assert_eq!(N, self.takes(), "{self:?}");
        Value::Phrase(self, Box::new(values))
    }

    /// The phrase with this text from outside.
    pub fn of(self, text: &str) -> Value {
        self.with([Value::text(text.to_owned())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn av_sec_71_events_hold_no_control_characters() {
        let said = |text: String| Foreign::new(text).as_str().to_owned();
        assert_eq!(
            said("a\r\nb\u{1b}[0m".into()),
            "a\u{FFFD}\u{FFFD}b\u{FFFD}[0m"
        );
        assert_eq!(said("Ünï 漢字".into()), "Ünï 漢字");
        assert_eq!(said("x".repeat(2000)).len(), 500);
        assert_eq!(said("ü".repeat(2000)).len(), 500);
    }

    #[test]
    fn one_alone_is_no_list() {
        let text = |text: &'static str| Value::text(text);
        assert_eq!(Value::list([]), Value::Nothing);
        assert_eq!(Value::list([text("a")]), text("a"));
        assert_eq!(
            Value::list([text("a"), text("b")]),
            Value::List([text("a"), text("b")].into())
        );
        assert_eq!(Value::joined([text("a")], Phrase::Or), text("a"));
    }
}
