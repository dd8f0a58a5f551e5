//! SAML 2.0 messages in and messages out, for identity providers.
//!
//! No network, files, database, clock or global state: octets, instants and randomness are
//! arguments. What the crate does with them is in these modules:
//!
//! | Module | Owns |
//! | --- | --- |
//! | [`binding`] | how messages travel: HTTP-Redirect and HTTP-POST, received and sent |
//! | [`message`] | AuthnRequest, Response, Assertion, LogoutRequest, LogoutResponse |
//! | [`metadata`] | what a service provider says of itself, and the identity provider of itself |
//! | [`security`] | algorithms, keys, signatures, encryption |
//! | [`status`], [`name_id`], [`ids`], [`time`] | the words of the standard as types |
//! | [`xml`] | a bounded reader, and a writer of exclusive canonical XML |
//!
//! # One sign-on
//!
//! A browser brings a request, and takes back a Response. The service provider (SP) is known by
//! its metadata, which somebody registered:
//!
//! ```
//! use avouch_saml::metadata::{Reading, SpMetadata};
//! use avouch_saml::time::Timestamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Timestamp::parse("2026-03-01T12:00:00Z").ok_or("an instant")?;
//! let file = br#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
//!     entityID="https://sp.example.org/saml">
//!   <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
//!     <AssertionConsumerService index="0" Location="https://sp.example.org/saml/acs"
//!         Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
//!   </SPSSODescriptor>
//! </EntityDescriptor>"#;
//! let sp = SpMetadata::parse(file, &Reading::at(now))?;
//! # Ok(())
//! # }
//! ```
//!
//! The request arrives in the query of a GET. It shows who it claims to be from and nothing else,
//! until it was verified with what is registered for that SP. Where there is a signature, only the
//! octets that it covers are read:
//!
//! ```
//! # use avouch_saml::ids::{AcsUrl, EntityId, MessageId};
//! # use avouch_saml::metadata::{Reading, SpMetadata};
//! # use avouch_saml::time::Timestamp;
//! use avouch_saml::binding::{Reception, redirect};
//! use avouch_saml::message::authn_request::AuthnRequest;
//! use avouch_saml::security::algorithm::AlgorithmPolicy;
//! use avouch_saml::security::verify::Trust;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = Timestamp::parse("2026-03-01T12:00:00Z").ok_or("an instant")?;
//! # let id = MessageId::parse("_request-1")?;
//! # let request = AuthnRequest::new(id, now, EntityId::parse("https://sp.example.org/saml")?);
//! # let sso = AcsUrl::parse("https://idp.example.org/sso")?;
//! # let url = redirect::send_unsigned(&sso, &request.write()?, None)?;
//! # let query = url.split_once('?').ok_or("a query")?.1;
//! # let file = br#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
//! #     entityID="https://sp.example.org/saml">
//! #   <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
//! #     <AssertionConsumerService index="0" Location="https://sp.example.org/saml/acs"
//! #         Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/>
//! #   </SPSSODescriptor>
//! # </EntityDescriptor>"#;
//! # let sp = SpMetadata::parse(file, &Reading::at(now))?;
//! let received = redirect::receive::<AuthnRequest>(query)?;
//! assert_eq!(received.claimed_issuer(), &sp.entity_id);
//! let trust = Trust {
//!     keys: sp.signing_keys().cloned().collect(),
//!     policy: AlgorithmPolicy::default(),
//!     require_signature: sp.authn_requests_signed,
//! };
//! let reception = Reception {
//!     endpoint: "https://idp.example.org/sso",
//!     now,
//!     skew_seconds: 180,
//!     lifetime_seconds: 300,
//!     signed_needs_destination: true,
//! };
//! let request = received.verify(&trust, &reception)?;
//! let acs = sp.choose_acs(&(&request.acs).into()).map_err(|error| error.to_string())?;
//! assert_eq!(acs.location().as_str(), "https://sp.example.org/saml/acs");
//! # Ok(())
//! # }
//! ```
//!
//! From here on the SP can be answered, whatever the answer is: `acs` is one of its registered
//! endpoints, and a request only selects among them. When the user has signed in, the assertion is
//! written in exclusive canonical form, so that signing digests it as it is; the Response carries
//! it unchanged. Only what is signed can be made into a form:
//!
//! ```
//! # use avouch_saml::ids::{AcsUrl, EntityId, MessageId};
//! # use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
//! # use avouch_saml::security::certificate::{KeyKind, PrivateKey};
//! # use avouch_saml::security::sign::KeySigner;
//! # use avouch_saml::time::Timestamp;
//! use avouch_saml::binding::{Sendable, post};
//! use avouch_saml::message::assertion::{Assertion, AuthnStatement, Subject};
//! use avouch_saml::message::response::{IssuedAssertion, Outcome, Response};
//! use avouch_saml::name_id::NameId;
//! use avouch_saml::security::sign::sign_enveloped;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = Timestamp::parse("2026-03-01T12:00:00Z").ok_or("an instant")?;
//! # let policy = AlgorithmPolicy::default();
//! # let key = PrivateKey::generate(KeyKind::P256)?;
//! # let certificate = key.self_signed("Sample", 1, now, now.plus_seconds(86_400))?;
//! # let signer = KeySigner::new(key, certificate, SignatureAlgorithm::EcdsaSha256, &policy)?;
//! # let (idp, sp) = (EntityId::parse("https://idp.example.org")?, EntityId::parse("urn:sp")?);
//! # let acs = AcsUrl::parse("https://sp.example.org/saml/acs")?;
//! # let (assertion_id, response_id) = (MessageId::parse("_a")?, MessageId::parse("_r")?);
//! # let request_id = Some(MessageId::parse("_request-1")?);
//! let login = AuthnStatement::new(now, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
//! let mut assertion =
//!     Assertion::bearer(assertion_id, idp.clone(), sp, acs.clone(), now, 300, login);
//! assertion.subject = Subject::NameId(NameId::Unspecified("sample.one".to_owned()));
//! assertion.confirmation.in_response_to = request_id.clone();
//! let issued = IssuedAssertion::signed(sign_enveloped(assertion.write()?, &signer)?);
//!
//! let mut response = Response::new(response_id, now, idp, acs.clone(), Outcome::Success(issued));
//! response.in_response_to = request_id;
//! let signed = Sendable::from(sign_enveloped(response.write()?, &signer)?);
//! let form = post::send(&acs, &signed, None);
//! assert_eq!((form.field(), form.action()), ("SAMLResponse", acs.as_str()));
//! # Ok(())
//! # }
//! ```
//!
//! A refusal is [`Outcome::Failure`](message::response::Outcome::Failure) with a
//! [`Status`](status::Status), which has no place for an assertion. Every error type says in its
//! documentation who is at fault and who may hear of it: a person, by a page, or the SP.
//!
//! # Every other message
//!
//! A [`kind`](message::kind) says what a message is: its element, whether it asks or answers, how it
//! is read. The bindings and the verifying code know no more than that, so a LogoutRequest leaves
//! and comes in as the two above did, and nothing lets one pass unsigned:
//!
//! ```
//! # use avouch_saml::binding::{Reception, redirect};
//! # use avouch_saml::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
//! # use avouch_saml::name_id::NameId;
//! # use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
//! # use avouch_saml::security::certificate::{KeyKind, PrivateKey};
//! # use avouch_saml::security::sign::KeySigner;
//! # use avouch_saml::security::verify::Trust;
//! # use avouch_saml::time::Timestamp;
//! use avouch_saml::message::logout_request::{
//!     LogoutReason, LogoutRequest, Principal, ReceivedLogoutRequest,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = Timestamp::parse("2026-03-01T12:00:00Z").ok_or("an instant")?;
//! # let policy = AlgorithmPolicy::default();
//! # let key = PrivateKey::generate(KeyKind::P256)?;
//! # let idp_key = key.public();
//! # let certificate = key.self_signed("Sample", 1, now, now.plus_seconds(86_400))?;
//! # let signer = KeySigner::new(key, certificate, SignatureAlgorithm::EcdsaSha256, &policy)?;
//! let slo = AcsUrl::parse("https://sp.example.org/saml/slo")?;
//! let request = LogoutRequest {
//!     id: MessageId::parse("_logout-1")?,
//!     issue_instant: now,
//!     destination: slo.clone(),
//!     issuer: EntityId::parse("https://idp.example.org")?,
//!     not_on_or_after: now.plus_seconds(300),
//!     reason: Some(LogoutReason::User),
//!     principal: Principal::NameId(NameId::Unspecified("sample.one".to_owned())),
//!     session_indexes: vec![SessionIndex::parse("_session-1")?],
//! };
//! let url = redirect::send(&slo, &request.write()?, None, &signer)?;
//!
//! // At the SP:
//! let query = url.split_once('?').ok_or("a query")?.1;
//! let received = redirect::receive::<ReceivedLogoutRequest>(query)?;
//! # let trust = Trust { keys: vec![idp_key], policy, require_signature: false };
//! # let reception = Reception {
//! #     endpoint: slo.as_str(),
//! #     now,
//! #     skew_seconds: 180,
//! #     lifetime_seconds: 300,
//! #     signed_needs_destination: true,
//! # };
//! let verified = received.verify(&trust, &reception)?;
//! assert_eq!(verified.session_indexes, ["_session-1"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! `serde`, off by default: identifiers, instants and NameIDs can be stored. What is read goes
//! through the same parse as what a message brings.
//!
//! # What is never done
//!
//! Document type declarations and entities are refused, keys in messages are ignored, nothing is
//! fetched, and text before a comment is not the text. An algorithm that the policy does not list
//! is not used; a weak one is named `Danger…`, and no default permits it.

pub mod binding;
#[doc(hidden)]
pub mod fuzzing;
pub mod ids;
pub mod message;
pub mod metadata;
pub mod name_id;
pub mod security;
#[cfg(feature = "serde")]
mod serde;
pub mod status;
pub mod time;
pub mod url;
pub mod xml;
