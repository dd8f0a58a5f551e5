//! A service provider in miniature: it writes requests and reads answers with all the checks a
//! careful one makes.

use avouch_saml::binding::{Sendable, post, redirect};
use avouch_saml::ids::{AcsUrl, EntityId, MessageId, RelayState};
use avouch_saml::message::assertion::Assertion;
use avouch_saml::message::authn_request::AuthnRequest;
use avouch_saml::message::response::{ReceivedAssertion, ReceivedOutcome, ReceivedResponse};
use avouch_saml::metadata::{Reading, SpMetadata};
use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::{Certificate, PrivateKey};
use avouch_saml::security::encrypt::decrypt_element;
use avouch_saml::security::sign::{KeySigner, sign_enveloped};
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::time::Timestamp;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader;
use avouch_server::random::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::app::{BASE_URL, TestApp};
use super::client::Answer;
use super::{dev_certificate, dev_key, dev_pem};

/// A service provider.
#[derive(Clone)]
pub(crate) struct Sp {
    pub(crate) api_name: String,
    pub(crate) entity_id: String,
    pub(crate) acs: String,
    /// What stands in the role beside keys and endpoints.
    pub(crate) extra: String,
    /// Entity attributes and other extensions of the entity.
    pub(crate) extensions: String,
    /// Attributes of the role element.
    pub(crate) role_attributes: String,
    /// Attributes of the root.
    pub(crate) root_attributes: String,
    /// The ACS elements, in place of the one.
    pub(crate) endpoints: Option<String>,
    /// The KeyDescriptors.
    pub(crate) keys: String,
    /// How it signs, in place of what its key suggests.
    pub(crate) sign_with: Option<SignatureAlgorithm>,
}

/// What an SP was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) xml: String,
    pub(crate) acs: String,
    pub(crate) relay_state: Option<String>,
    pub(crate) response: ReceivedResponse,
    pub(crate) assertion: Option<Assertion>,
    /// The assertion's octets, decrypted if need be.
    pub(crate) assertion_xml: String,
}

impl Told {
    /// Both status codes, without their prefix.
    pub(crate) fn status(&self) -> (&str, &str) {
        let short = |uri: &'static str| &uri["urn:oasis:names:tc:SAML:2.0:status:".len()..];
        match &self.response.outcome {
            ReceivedOutcome::Success(_) => ("Success", ""),
            ReceivedOutcome::Failure(status) => (
                short(status.top.uri()),
                status
                    .second
                    .as_deref()
                    .map_or("", |s| &s["urn:oasis:names:tc:SAML:2.0:status:".len()..]),
            ),
        }
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> &Assertion {
        self.assertion
            .as_ref()
            .unwrap_or_else(|| panic!("not signed on: {}", self.xml))
    }

    /// The values of an attribute; `None` when it is not there.
    pub(crate) fn values(&self, name: &str) -> Option<Vec<String>> {
        let attribute = self.ok().attributes.iter().find(|a| a.name == name)?;
        Some(
            attribute
                .values
                .iter()
                .map(|value| match value {
                    avouch_saml::message::assertion::AttributeValue::Text(text) => text.clone(),
                    other => format!("{other:?}"),
                })
                .collect(),
        )
    }
}

impl Sp {
    pub(crate) fn new(api_name: &str) -> Self {
        let host = format!("https://{api_name}.example.org");
        Self {
            api_name: api_name.to_owned(),
            entity_id: format!("{host}/sp"),
            acs: format!("{host}/acs"),
            extra: String::new(),
            extensions: String::new(),
            role_attributes: String::new(),
            root_attributes: String::new(),
            endpoints: None,
            keys: key("signing", "sp-signing"),
            sign_with: None,
        }
    }

    /// With a key to encrypt to.
    pub(crate) fn encrypting(mut self) -> Self {
        self.keys.push_str(&key("encryption", "sp-encryption"));
        self
    }

    pub(crate) fn metadata(&self) -> String {
        let endpoints = self.endpoints.clone().unwrap_or_else(|| {
            format!(
                "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
                 Location=\"{}\" index=\"0\" isDefault=\"true\"/>",
                self.acs
            )
        });
        let extensions = if self.extensions.is_empty() {
            String::new()
        } else {
            format!("<md:Extensions>{}</md:Extensions>", self.extensions)
        };
        let formats = |text: &str| text.contains("NameIDFormat");
        let (before, after) = if formats(&self.extra) {
            (self.extra.as_str(), "")
        } else {
            ("", self.extra.as_str())
        };
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             entityID=\"{}\" {}>{extensions}<md:SPSSODescriptor {} \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}{before}{endpoints}{after}\
             </md:SPSSODescriptor></md:EntityDescriptor>",
            self.entity_id, self.root_attributes, self.role_attributes, self.keys
        )
    }

    /// A plain request, to be changed.
    pub(crate) fn request(&self, app: &TestApp) -> AuthnRequest {
        let mut request = AuthnRequest::new(
            MessageId::random(&mut SystemRandom),
            app.now(),
            EntityId::parse(&self.entity_id).expect("an entity ID"),
        );
        request.destination = Some(format!("{BASE_URL}/saml/sso"));
        app.asks(self, &request.id);
        request
    }

    /// The path and query that carry `request`, unsigned.
    pub(crate) fn redirect(&self, app: &TestApp, request: &AuthnRequest) -> String {
        self.redirect_with(app, request, None, None)
    }

    pub(crate) fn redirect_with(
        &self,
        _: &TestApp,
        request: &AuthnRequest,
        relay_state: Option<&str>,
        signed_by: Option<&str>,
    ) -> String {
        let relay_state = relay_state.map(RelayState::new);
        let (endpoint, unsigned) = (sso(), request.write().expect("a request"));
        let url = match signed_by {
            None => redirect::send_unsigned(&endpoint, &unsigned, relay_state.as_ref()),
            Some(name) => {
                let signer = self.signer(name);
                redirect::send(&endpoint, &unsigned, relay_state.as_ref(), &signer)
            }
        };
        let url = url.expect("a URL");
        url.strip_prefix(BASE_URL).expect("ours").to_owned()
    }

    /// The fields of a form that carries `request`.
    pub(crate) fn post(
        &self,
        request: &AuthnRequest,
        relay_state: Option<&str>,
        signed_by: Option<&str>,
    ) -> Vec<(String, String)> {
        let unsigned = request.write().expect("a request");
        let relay_state = relay_state.map(RelayState::new);
        let sendable = match signed_by {
            None => Sendable::unsigned(unsigned),
            Some(name) => {
                let signed = sign_enveloped(unsigned, &self.signer(name)).expect("signed");
                Sendable::from(signed)
            }
        };
        let form = post::send(&sso(), &sendable, relay_state.as_ref());
        let mut fields = vec![(form.field().to_owned(), form.message().to_owned())];
        if let Some(relay_state) = form.relay_state() {
            fields.push(("RelayState".to_owned(), relay_state.as_str().to_owned()));
        }
        fields
    }

    /// Reads an answer as a careful SP does.
    #[track_caller]
    pub(crate) fn read(&self, app: &TestApp, answer: &Answer) -> Told {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let encoded = answer
            .field("SAMLResponse")
            .unwrap_or_else(|| panic!("no response in\n{}", answer.text()));
        let xml = BASE64.decode(&encoded).expect("base64");
        let idp = app.certificate().public_key().expect("a key");
        let policy = AlgorithmPolicy::default();
        let verified =
            verify_enveloped(&xml, std::slice::from_ref(&idp), &policy, &Limits::MESSAGE);
        let text = String::from_utf8(xml.clone()).expect("UTF-8");
        let response_signed = verified.is_ok();
        let root = reader::parse(&xml, &Limits::MESSAGE).expect("XML");
        let response = ReceivedResponse::parse(&root).expect("a Response");
        let mut assertion = None;
        let mut assertion_xml = String::new();
        if let ReceivedOutcome::Success(received) = &response.outcome {
            let octets = match received {
                ReceivedAssertion::Plain(_) => {
                    let from = text.find("<saml:Assertion ").expect("an assertion");
                    let end = "</saml:Assertion>";
                    let to = text.find(end).expect("its end") + end.len();
                    text.as_bytes()[from..to].to_vec()
                }
                ReceivedAssertion::Encrypted(container) => decrypt_element(
                    container,
                    &[dev_key("sp-encryption"), dev_key("sp-signing")],
                    &policy_with_cbc(),
                    &Limits::MESSAGE,
                )
                .expect("decrypted")
                .as_bytes()
                .to_vec(),
            };
            let own = verify_enveloped(&octets, &[idp], &policy, &Limits::MESSAGE);
            assert!(response_signed || own.is_ok(), "nothing is signed: {text}");
            let root = reader::parse(&octets, &Limits::MESSAGE).expect("XML");
            assertion = Some(Assertion::parse(&root).expect("an assertion of the profile"));
            assertion_xml = String::from_utf8(octets).expect("UTF-8");
        } else {
            assert!(response_signed, "a failure is signed: {text}");
        }
        assert_eq!(
            response.destination.as_deref(),
            Some(answer.action().as_str())
        );
        Told {
            acs: answer.action(),
            relay_state: answer.field("RelayState"),
            xml: text,
            response,
            assertion,
            assertion_xml,
        }
    }
}

/// Where requests go.
fn sso() -> AcsUrl {
    AcsUrl::parse(&format!("{BASE_URL}/saml/sso")).expect("a URL")
}

fn policy_with_cbc() -> AlgorithmPolicy {
    let mut policy = AlgorithmPolicy::default();
    policy.allow_danger_cbc();
    policy
}

impl Sp {
    /// A signer with a key of `certs/dev`.
    pub(crate) fn signer(&self, name: &str) -> KeySigner {
        let key: PrivateKey = dev_key(name);
        let certificate: Certificate = dev_certificate(name);
        let algorithm = self.sign_with.unwrap_or(key.kind().default_algorithm());
        let mut policy = AlgorithmPolicy::default();
        policy.allow_danger_sha1_signatures();
        KeySigner::new(key, certificate, algorithm, &policy).expect("a signer")
    }
}

/// A KeyDescriptor with a certificate of `certs/dev`.
pub(crate) fn key(usage: &str, name: &str) -> String {
    let base64: String = dev_pem(&format!("{name}.cert.pem"))
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let usage = if usage.is_empty() {
        String::new()
    } else {
        format!(" use=\"{usage}\"")
    };
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{base64}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

impl Sp {
    /// A request as XML with this between its start tag's end and its end tag, and these
    /// attributes beside the necessary ones.
    pub(crate) fn raw(&self, app: &TestApp, attributes: &str, content: &str) -> String {
        let id = MessageId::random(&mut SystemRandom);
        app.asks(self, &id);
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" {attributes}><saml:Issuer>{}</saml:Issuer>{content}\
             </samlp:AuthnRequest>",
            id,
            app.now(),
            self.entity_id
        )
    }
}

/// Metadata of a set of requested attributes.
pub(crate) fn attribute_service(index: u16, default: bool, requested: &str) -> String {
    format!(
        "<md:AttributeConsumingService index=\"{index}\" isDefault=\"{default}\">\
         <md:ServiceName xml:lang=\"en\">Sample</md:ServiceName>{requested}\
         </md:AttributeConsumingService>"
    )
}

/// An entity attribute, for the extensions of an entity.
pub(crate) fn entity_attribute(name: &str, values: &[&str]) -> String {
    let values: String = values
        .iter()
        .map(|v| format!("<saml:AttributeValue>{v}</saml:AttributeValue>"))
        .collect();
    format!(
        "<mdattr:EntityAttributes xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\">\
         <saml:Attribute Name=\"{name}\" \
         NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">{values}\
         </saml:Attribute></mdattr:EntityAttributes>"
    )
}

impl Sp {
    /// What a form carries, unread. It is validated and verified as all that is told.
    pub(crate) fn read_unverified(&self, app: &TestApp, answer: &Answer) -> String {
        let encoded = answer.field("SAMLResponse").expect("a response");
        let xml = String::from_utf8(BASE64.decode(encoded).expect("base64")).expect("UTF-8");
        app.emitted.add(&xml, app.certificate());
        xml
    }
}

/// What `document` says of one SP, signed with a key of `certs/dev`.
pub(crate) fn sign_metadata(document: &str, with: &str) -> String {
    let reading = Reading::of_any_age(Timestamp::from_millis(0));
    let sp = SpMetadata::parse(document.as_bytes(), &reading).expect("metadata");
    let unsigned = sp
        .to_unsigned(MessageId::random(&mut SystemRandom))
        .expect("written");
    let signed = sign_enveloped(unsigned, &Sp::new("signer").signer(with)).expect("signed");
    String::from_utf8(signed.into_bytes()).expect("UTF-8")
}
