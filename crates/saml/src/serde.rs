//! Types of this crate as stored or sent by others (feature `serde`): an identifier is its text, an
//! instant its milliseconds, a NameID what its element holds. What comes in goes through the same
//! parse as what comes from a message, so that no value can be made here that could not be made
//! there.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AcsUrl, EntityId, MessageId, RelayState, SessionIndex};
use crate::name_id::{MailAddress, NameId, NameIdFormat, ReceivedNameId};
use crate::time::Timestamp;

macro_rules! text {
    ($($name:ident, $as_text:ident, $read:expr;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$as_text())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <Cow<'de, str>>::deserialize(deserializer)?;
                $read(&text).map_err(D::Error::custom)
            }
        }
    )*};
}

text! {
    EntityId, as_str, EntityId::parse;
    MessageId, as_str, MessageId::parse;
    AcsUrl, as_str, AcsUrl::parse;
    SessionIndex, as_str, SessionIndex::parse;
    MailAddress, as_str, MailAddress::parse;
    // Any text is one.
    RelayState, as_str, |text: &str| Ok::<_, std::convert::Infallible>(RelayState::new(text));
    NameIdFormat, uri, |text: &str| Ok::<_, std::convert::Infallible>(NameIdFormat::from_uri(text));
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.millis())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_millis)
    }
}

impl Serialize for NameId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ReceivedNameId::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NameId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let received = ReceivedNameId::deserialize(deserializer)?;
        Self::try_from(received).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads_back<T>(value: &T, json: &str)
    where
        T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
    {
        assert_eq!(serde_json::to_string(value).expect("JSON"), json);
        assert_eq!(&serde_json::from_str::<T>(json).expect("read back"), value);
        // From a reader there is nothing to borrow.
        let owned = serde_json::from_reader::<_, T>(json.as_bytes());
        assert_eq!(&owned.expect("read back"), value);
    }

    fn refused<T: for<'de> Deserialize<'de>>(json: &str) -> String {
        match serde_json::from_str::<T>(json) {
            Ok(_) => panic!("accepted: {json}"),
            Err(error) => error.to_string(),
        }
    }

    fn entity(text: &str) -> EntityId {
        EntityId::parse(text).expect("an entity ID")
    }

    #[test]
    fn identifiers_are_their_text() {
        reads_back(&entity("urn:sp"), r#""urn:sp""#);
        reads_back(&MessageId::parse("_r1").expect("an ID"), r#""_r1""#);
        let url = AcsUrl::parse("https://sp.example/acs?x=1").expect("a URL");
        reads_back(&url, r#""https://sp.example/acs?x=1""#);
        reads_back(&SessionIndex::parse("s\n").expect("an index"), r#""s\n""#);
        let mail = MailAddress::parse("a@example.org").expect("an address");
        reads_back(&mail, r#""a@example.org""#);
        reads_back(&RelayState::new(""), r#""""#);
        reads_back(
            &NameIdFormat::Persistent,
            &format!("{:?}", NameIdFormat::Persistent.uri()),
        );
        reads_back(&NameIdFormat::Other("urn:x".to_owned()), r#""urn:x""#);
        reads_back(&Timestamp::from_millis(-1), "-1");
    }

    #[test]
    fn what_parsing_refuses_is_refused_here() {
        for (error, says) in [
            (refused::<EntityId>(r#""urn:a\u00a0b""#), "entity ID"),
            (refused::<EntityId>(r#""""#), "empty"),
            (refused::<MessageId>(r#""1""#), "message ID"),
            (
                refused::<AcsUrl>(r#""javascript:alert(1)""#),
                "endpoint location",
            ),
            (refused::<SessionIndex>(r#""\u0000""#), "session index"),
            (refused::<MailAddress>(r#""a""#), "mail address"),
            (refused::<EntityId>("1"), "string"),
            (refused::<Timestamp>(r#""2026-03-01T12:00:00Z""#), "i64"),
        ] {
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_name_id_has_what_its_format_defines() {
        let persistent = NameId::Persistent {
            value: "x".to_owned(),
            name_qualifier: entity("urn:idp"),
            sp_name_qualifier: "urn:sp".to_owned(),
        };
        let json = r#"{"value":"x","format":"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent","name_qualifier":"urn:idp","sp_name_qualifier":"urn:sp","sp_provided_id":null}"#;
        reads_back(&persistent, json);
        for (from, to, says) in [
            (r#""urn:idp""#, r#""not\u00a0one""#, "NameQualifier"),
            (r#","sp_name_qualifier":"urn:sp""#, "", "qualifier"),
            (
                "2.0:nameid-format:persistent",
                "1.1:nameid-format:emailAddress",
                "qualifiers",
            ),
            (r#""value":"x","#, "", "value"),
        ] {
            let error = refused::<NameId>(&json.replace(from, to));
            assert!(error.contains(says), "{error}");
        }
        // A field that a later version writes is passed over, one that is not there is none.
        let less = json.replace(r#","sp_provided_id":null"#, "");
        assert_eq!(serde_json::from_str(&less).ok(), Some(persistent.clone()));
        let more = json.replace('}', r#","more":1}"#);
        assert_eq!(serde_json::from_str::<NameId>(&more).ok(), Some(persistent));
        let mail = r#"{"value":"a@example.org","format":"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress","name_qualifier":null,"sp_name_qualifier":null,"sp_provided_id":null}"#;
        let address = MailAddress::parse("a@example.org").expect("an address");
        reads_back(&NameId::EmailAddress(address), mail);
        let error = refused::<NameId>(&mail.replace("a@example.org", "a"));
        assert!(error.contains("mail address"), "{error}");
    }
}
