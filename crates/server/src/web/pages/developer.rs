//! The page of `avouch dev`: what to configure, sample users, and the last exchanges.

use askama::Template;

use crate::audit::{ResultCode, Word};
use crate::text::{Developer, Text};

use super::admin::CheckLine;
use super::pretty::pretty_xml;
use super::{AppLabel, Frame, IdpInfo, Moment, Page};
use crate::dev::SampleLogin;

/// `GET /dev`, only under `avouch dev`. It refreshes its exchanges from the same address, so serve
/// it with [`super::policy::refreshing`]. A sample user's button posts `username`, `password`,
/// `csrf` and an empty `p` to `/login`.
#[derive(Debug, Template)]
#[template(path = "developer/page.html")]
pub struct DeveloperPage {
    /// Surroundings.
    pub frame: Frame,
    /// What to configure in a service provider.
    pub info: IdpInfo,
    /// The service providers.
    pub sps: Vec<DeveloperSp>,
    /// Those whose metadata is still asked for.
    pub waiting: Vec<WaitingSp>,
    /// The sample users.
    pub samples: Vec<SampleLogin>,
    /// The last exchanges, newest first.
    pub exchanges: Vec<Exchange>,
    /// Changes whenever an exchange is added, so that an unchanged page is not redrawn; the
    /// newest code will do.
    pub version: String,
}

/// One service provider.
#[derive(Debug, Clone)]
pub struct DeveloperSp {
    /// Name and logo.
    pub app: AppLabel,
    /// Entity ID.
    pub entity_id: String,
    /// Its own start page, if it is known.
    pub start_url: Option<String>,
    /// `/launch/{app}`: a form posts `csrf` there.
    pub launch_url: String,
    /// `/admin/apps/{id}`.
    pub settings_url: String,
}

/// One exchange: a request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Reference code; its page is `/admin/events/{code}`.
    pub code: String,
    /// When it ended.
    pub at: Moment,
    /// App name or entity ID.
    pub app: String,
    /// Username; empty if nobody signed in.
    pub user: String,
    /// How it ended.
    pub result: Word<ResultCode>,
    /// One sentence; may be empty.
    pub reason: String,
    /// The AuthnRequest; None for a sign-on started by Avouch.
    pub request: Option<DecodedMessage>,
    /// What came in place of a request.
    pub unreadable: Option<UnreadableMessage>,
    /// The Response; None when a page ended the exchange.
    pub response: Option<DecodedMessage>,
    /// The assertion in plain text, when the Response carries it encrypted.
    pub assertion: Option<String>,
    /// The checks, in order.
    pub checks: Vec<CheckLine>,
}

/// A service provider whose metadata is asked for until it answers.
#[derive(Debug, Clone)]
pub struct WaitingSp {
    /// Where.
    pub url: String,
    /// Why it is not connected yet.
    pub reason: String,
}

/// What came and could not be read.
#[derive(Debug, Clone)]
pub struct UnreadableMessage {
    /// The query or form, as it stood on the wire.
    pub raw: String,
    /// What is probably wrong with it; may be empty.
    pub hint: String,
}

/// A message as it was read or sent.
#[derive(Debug, Clone)]
pub struct DecodedMessage {
    /// XML, decoded and inflated; set out by the page for reading.
    pub xml: String,
    /// Such as `HTTP-Redirect`.
    pub binding: String,
    /// Where it was sent.
    pub destination: String,
    /// RelayState, if there was one.
    pub relay_state: Option<String>,
    /// Result of the signature, such as "RSA-SHA256, verified with key 1 of 2".
    pub signature: String,
}

impl DeveloperPage {
    fn t(&self) -> &Developer {
        &self.frame.t.developer
    }

    fn tone(&self, exchange: &Exchange) -> &'static str {
        super::admin::tone_of(&exchange.result).class()
    }

    fn meaning(&self, exchange: &Exchange) -> Text {
        self.frame.t.results.meaning_of(&exchange.result)
    }

    fn action(&self, exchange: &Exchange) -> Text {
        self.frame.t.results.action_of(&exchange.result)
    }

    fn failed(&self, exchange: &Exchange) -> bool {
        exchange.result != ResultCode::Success
    }

    /// Changes whenever a service provider is connected or says something else.
    fn sps_version(&self) -> String {
        let waiting = self.waiting.iter().flat_map(|sp| [&sp.url, &sp.reason]);
        let connected = self.sps.iter().map(|sp| &sp.entity_id);
        connected
            .chain(waiting)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn set_out(&self, xml: &str) -> String {
        pretty_xml(xml)
    }

    /// Sample data.
    pub fn sample() -> Self {
        let message = |xml: &str, destination: &str, signature: &str| DecodedMessage {
            xml: xml.into(),
            binding: "HTTP-Redirect".into(),
            destination: destination.into(),
            relay_state: Some("ss:mem:0123456789abcdef".into()),
            signature: signature.into(),
        };
        let request = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" Version=\"2.0\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://sp.example.org/saml</saml:Issuer><samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>";
        let response = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_2\" InResponseTo=\"_1\"><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status></samlp:Response>";
        let exchange = |code: &str, result: ResultCode| Exchange {
            code: code.into(),
            at: Moment::sample(),
            app: "Your service provider".into(),
            user: "sample.one".into(),
            result: result.into(),
            reason: String::new(),
            unreadable: None,
            request: Some(message(
                request,
                "http://127.0.0.1:8080/saml/sso",
                "RSA-SHA256, verified with key 1 of 1",
            )),
            response: Some(message(
                response,
                "https://sp.example.org/saml/acs",
                "RSA-SHA256 on response and assertion",
            )),
            assertion: None,
            checks: Vec::new(),
        };
        let mut info = IdpInfo::sample();
        info.launch_url = None;
        info.app_metadata_url = None;
        Self {
            frame: Frame {
                developer: true,
                ..Frame::sample_admin()
            },
            info,
            sps: vec![DeveloperSp {
                app: AppLabel::named("Your service provider"),
                entity_id: "https://sp.example.org/saml".into(),
                start_url: Some("https://sp.example.org/".into()),
                launch_url: "/launch/sp".into(),
                settings_url: "/admin/apps/sp".into(),
            }],
            waiting: vec![WaitingSp {
                url: "http://127.0.0.1:9000/metadata".into(),
                reason: "io: Connection refused".into(),
            }],
            samples: vec![
                SampleLogin {
                    username: "sample.one".into(),
                    password: "sample".into(),
                    name: "Sample User One".into(),
                    note: "Every attribute has one value.".into(),
                },
                SampleLogin {
                    username: "sample.three".into(),
                    password: "sample".into(),
                    name: "Sämple <Üser> 漢字".into(),
                    note: "Text that needs escaping.".into(),
                },
            ],
            exchanges: vec![
                Exchange {
                    response: None,
                    reason: "It asked for https://wiki-new.example.org/Shibboleth.sso/SAML2/POST."
                        .into(),
                    checks: super::admin::checks_for_samples(),
                    ..exchange("AB3D-77QX", ResultCode::InvalidAcs)
                },
                Exchange {
                    assertion: Some("<saml:Assertion><saml:Subject/></saml:Assertion>".into()),
                    ..exchange("7K4M-2QXP", ResultCode::Success)
                },
                Exchange {
                    request: None,
                    unreadable: Some(UnreadableMessage {
                        raw: "SAMLRequest=fZJNT%2BMwEIb&RelayState=%3Cb%3E".into(),
                        hint: "looks deflated: HTTP-POST carries plain base64 of the XML".into(),
                    }),
                    response: None,
                    ..exchange("QQ12-9ZZK", ResultCode::InvalidAuthnRequest)
                },
            ],
            version: "AB3D-77QX".into(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let empty = DeveloperPage {
        frame: Frame {
            developer: true,
            ..Frame::sample_anonymous()
        },
        sps: Vec::new(),
        waiting: Vec::new(),
        exchanges: Vec::new(),
        version: String::new(),
        ..DeveloperPage::sample()
    };
    vec![
        ("developer", DeveloperPage::sample().html()),
        ("developer-empty", empty.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_shown_as_text_never_as_markup() {
        let html = DeveloperPage::sample().html();
        assert!(html.contains("&#60;samlp:AuthnRequest"));
        assert!(!html.contains("<samlp:"));
    }

    #[test]
    fn a_failure_says_why_and_what_to_do() {
        let html = DeveloperPage::sample().html();
        assert!(html.contains("Why it failed"));
        let mut fine = DeveloperPage::sample();
        fine.exchanges.retain(|e| e.result == ResultCode::Success);
        assert!(!fine.html().contains("Why it failed"));
    }
}
