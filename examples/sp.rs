//! A small service provider: what `make demo` and the browser tests sign in to.
//!
//! It sends AuthnRequests by both bindings, signed if asked, takes responses at its ACS, verifies
//! them with the keys of the identity provider's metadata, decrypts, checks what an SP must check,
//! and shows who signed in. Everything SAML in it comes from the crate `avouch-saml`.
//!
//! ```text
//! cargo run --example sp -- --listen 127.0.0.1:8081 --idp http://127.0.0.1:8080/saml/metadata
//! ```
//!
//! It is for trying things out: its keys are the published ones of `certs/dev` and its sessions
//! live in memory.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program of its own, outside the server's rules on clock and output"
)]

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::header::{self, ContentType};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use avouch_saml::binding::{Sendable, post, redirect};
use avouch_saml::ids::{AcsUrl, EntityId, MessageId, RelayState};
use avouch_saml::message::assertion::{Assertion, AttributeValue, Subject};
use avouch_saml::message::authn_request::{AuthnRequest, NameIdPolicy, RequestedAcs};
use avouch_saml::message::response::{ReceivedAssertion, ReceivedOutcome, ReceivedResponse};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::{Certificate, PrivateKey, PublicKey};
use avouch_saml::security::encrypt::decrypt_element;
use avouch_saml::security::sign::{KeySigner, sign_enveloped};
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::time::{Random, Timestamp, Window};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::{DS, MD, MDUI, SAMLP, XML};
use avouch_saml::xml::reader::{self, Element};
use avouch_saml::xml::writer::{QName, Writer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Parser;
use serde::Deserialize;

const SKEW_SECONDS: i64 = 180;

/// A sample SAML service provider.
#[derive(Debug, Parser)]
struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: String,
    /// Where browsers reach it; `http://` and the listening address when not given.
    #[arg(long)]
    base_url: Option<String>,
    /// The identity provider's metadata.
    #[arg(long, default_value = "http://127.0.0.1:8080/saml/metadata")]
    idp: String,
    /// Name for people.
    #[arg(long, default_value = "Sample app")]
    name: String,
    /// Ask in the metadata for signed requests only.
    #[arg(long)]
    signs_requests: bool,
    /// Publish no encryption key.
    #[arg(long)]
    no_encryption: bool,
}

/// What the identity provider's metadata says.
#[derive(Clone)]
struct Idp {
    entity_id: EntityId,
    redirect: AcsUrl,
    post: AcsUrl,
    keys: Vec<PublicKey>,
}

/// Somebody who signed in.
struct SignedIn {
    assertion: Assertion,
    encrypted: bool,
    relay_state: Option<String>,
}

struct Sp {
    base_url: String,
    entity_id: EntityId,
    acs: AcsUrl,
    options: Options,
    signer: KeySigner,
    decryption_key: PrivateKey,
    policy: AlgorithmPolicy,
    idp: Mutex<Option<Idp>>,
    outstanding: Mutex<HashSet<String>>,
    used_assertions: Mutex<HashSet<String>>,
    sessions: Mutex<HashMap<String, SignedIn>>,
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        openssl::rand::rand_bytes(bytes).expect("the system's generator works");
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("in this aeon"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sp {
    fn new(options: Options, base_url: String) -> Result<Self> {
        let policy = AlgorithmPolicy::default();
        let signer = KeySigner::new(
            PrivateKey::from_pem(include_bytes!("../certs/dev/sp-signing.key.pem"))?,
            Certificate::from_pem(include_bytes!("../certs/dev/sp-signing.cert.pem"))?,
            SignatureAlgorithm::RsaSha256,
            &policy,
        )?;
        let decryption_key =
            PrivateKey::from_pem(include_bytes!("../certs/dev/sp-encryption.key.pem"))?;
        Ok(Self {
            entity_id: EntityId::parse(&format!("{base_url}/metadata"))?,
            acs: AcsUrl::parse(&format!("{base_url}/acs"))?,
            base_url,
            options,
            signer,
            decryption_key,
            policy,
            idp: Mutex::default(),
            outstanding: Mutex::default(),
            used_assertions: Mutex::default(),
            sessions: Mutex::default(),
        })
    }

    /// The identity provider, fetched when first needed and again after `forget_idp`.
    fn idp(&self) -> Result<Idp> {
        if let Some(idp) = lock(&self.idp).clone() {
            return Ok(idp);
        }
        let xml = ureq::get(&self.options.idp)
            .config()
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .call()
            .and_then(|mut response| response.body_mut().read_to_vec())
            .with_context(|| format!("fetching {}", self.options.idp))?;
        let idp = read_idp(&reader::parse(&xml, &Limits::METADATA)?)?;
        *lock(&self.idp) = Some(idp.clone());
        Ok(idp)
    }

    fn forget_idp(&self) {
        *lock(&self.idp) = None;
    }

    fn metadata(&self) -> Result<Vec<u8>> {
        let md = |local| QName::new("md", MD, local);
        let mdui = |local| QName::new("mdui", MDUI, local);
        let ds = |local| QName::new("ds", DS, local);
        let lang = QName::new("xml", XML, "lang");
        let mut w = Writer::with_capacity(4096);
        w.start(md("EntityDescriptor"))
            .attr("entityID", self.entity_id.as_str());
        w.start(md("SPSSODescriptor"))
            .attr("protocolSupportEnumeration", SAMLP)
            .attr("WantAssertionsSigned", "true");
        if self.options.signs_requests {
            w.attr("AuthnRequestsSigned", "true");
        }
        w.start(md("Extensions")).start(mdui("UIInfo"));
        w.start(mdui("DisplayName"))
            .attr_ns(lang, "en")
            .text(&self.options.name)
            .end();
        w.start(mdui("Description"))
            .attr_ns(lang, "en")
            .text("Shows who signed in and what it was told.")
            .end();
        w.end().end();
        let encryption =
            Certificate::from_pem(include_bytes!("../certs/dev/sp-encryption.cert.pem"))?;
        let signing = Certificate::from_pem(include_bytes!("../certs/dev/sp-signing.cert.pem"))?;
        let mut keys = vec![("signing", signing)];
        if !self.options.no_encryption {
            keys.push(("encryption", encryption));
        }
        for (key_use, certificate) in keys {
            w.start(md("KeyDescriptor")).attr("use", key_use);
            w.start(ds("KeyInfo")).start(ds("X509Data"));
            w.leaf(ds("X509Certificate"), &certificate.base64());
            w.end().end().end();
        }
        for format in [
            NameIdFormat::Persistent,
            NameIdFormat::Transient,
            NameIdFormat::EmailAddress,
        ] {
            w.leaf(md("NameIDFormat"), format.uri());
        }
        w.start(md("AssertionConsumerService"))
            .attr("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
            .attr("Location", self.acs.as_str())
            .attr("index", "0")
            .attr("isDefault", "true")
            .end();
        w.start(md("AttributeConsumingService")).attr("index", "0");
        w.start(md("ServiceName"))
            .attr_ns(lang, "en")
            .text(&self.options.name)
            .end();
        for (name, friendly, required) in [
            ("urn:oid:2.16.840.1.113730.3.1.241", "displayName", "true"),
            ("urn:oid:0.9.2342.19200300.100.1.3", "mail", "true"),
            ("urn:oid:2.5.4.42", "givenName", "false"),
            ("urn:oid:2.5.4.4", "sn", "false"),
            (
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
                "eduPersonAffiliation",
                "false",
            ),
        ] {
            w.start(md("RequestedAttribute"))
                .attr("Name", name)
                .attr(
                    "NameFormat",
                    "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                )
                .attr("FriendlyName", friendly)
                .attr("isRequired", required)
                .end();
        }
        w.end().end().end();
        Ok(w.finish()?)
    }

    /// An AuthnRequest as the query asks for it, remembered until its answer comes.
    fn request(&self, asked: &Asked, destination: &str) -> Result<AuthnRequest> {
        let id = MessageId::random(&mut SystemRandom);
        lock(&self.outstanding).insert(id.to_string());
        let mut request = AuthnRequest::new(id, now(), self.entity_id.clone());
        request.destination = Some(destination.to_owned());
        request.force_authn = asked.force.is_some();
        request.is_passive = asked.passive.is_some();
        request.acs = RequestedAcs::Url {
            url: self.acs.to_string(),
            binding: Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST".to_owned()),
        };
        request.name_id_policy = match asked.format.as_deref() {
            None | Some("") => None,
            Some(word) => Some(NameIdPolicy {
                format: Some(match word {
                    "persistent" => NameIdFormat::Persistent,
                    "transient" => NameIdFormat::Transient,
                    "email" => NameIdFormat::EmailAddress,
                    other => NameIdFormat::from_uri(other),
                }),
                sp_name_qualifier: None,
                allow_create: true,
            }),
        };
        Ok(request)
    }

    /// Everything an SP must check of what arrives at its ACS (saml-profiles §4.1.4.3).
    fn accept(&self, message: &str, relay_state: Option<String>) -> Result<SignedIn> {
        let octets = BASE64
            .decode(message.split_ascii_whitespace().collect::<String>())
            .context("SAMLResponse is not base64")?;
        let idp = self.idp()?;
        let verified = verify_enveloped(&octets, &idp.keys, &self.policy, &Limits::MESSAGE)
            .context("the signature of the Response")?;
        let response =
            ReceivedResponse::parse(&reader::parse(verified.as_bytes(), &Limits::MESSAGE)?)?;
        ensure!(
            response.issuer.as_ref() == Some(&idp.entity_id),
            "the Response is from {:?}, expected {}",
            response.issuer,
            idp.entity_id
        );
        ensure!(
            response.destination.as_deref() == Some(self.acs.as_str()),
            "the Response was sent to {:?}, expected {}",
            response.destination,
            self.acs
        );
        if let Some(request) = &response.in_response_to {
            ensure!(
                lock(&self.outstanding).remove(request.as_str()),
                "the Response answers {request}, which was not asked or was answered already"
            );
        }
        let (element, encrypted) = match response.outcome {
            ReceivedOutcome::Failure(status) => bail!(
                "the identity provider refused: {} {} {}",
                status.top.uri(),
                status.second.unwrap_or_default(),
                status.message.unwrap_or_default()
            ),
            ReceivedOutcome::Success(ReceivedAssertion::Plain(element)) => (element, false),
            ReceivedOutcome::Success(ReceivedAssertion::Encrypted(container)) => {
                let decrypted = decrypt_element(
                    &container,
                    std::slice::from_ref(&self.decryption_key),
                    &self.policy,
                    &Limits::MESSAGE,
                )?;
                (decrypted.root().clone(), true)
            }
        };
        let assertion = Assertion::parse(&element)?;
        ensure!(
            assertion.issuer == idp.entity_id,
            "the assertion is from {}, expected {}",
            assertion.issuer,
            idp.entity_id
        );
        ensure!(
            assertion.conditions.audiences.contains(&self.entity_id),
            "the assertion is for another audience"
        );
        let window = Window {
            not_before: Some(assertion.conditions.not_before),
            not_on_or_after: Some(
                assertion
                    .conditions
                    .not_on_or_after
                    .min(assertion.confirmation.not_on_or_after),
            ),
        };
        ensure!(
            window.contains(now(), SKEW_SECONDS),
            "the assertion is not good now"
        );
        ensure!(
            assertion.confirmation.recipient == self.acs,
            "the assertion is for {}",
            assertion.confirmation.recipient
        );
        ensure!(
            assertion.confirmation.in_response_to == response.in_response_to,
            "assertion and Response answer different requests"
        );
        ensure!(
            lock(&self.used_assertions).insert(assertion.id.to_string()),
            "the assertion was used before"
        );
        Ok(SignedIn {
            assertion,
            encrypted,
            relay_state,
        })
    }
}

fn read_idp(root: &Element) -> Result<Idp> {
    let role = root
        .first(MD, "IDPSSODescriptor")
        .ok_or_else(|| anyhow!("the metadata has no IDPSSODescriptor"))?;
    let sso = |binding: &str| -> Result<AcsUrl> {
        let location = role
            .all(MD, "SingleSignOnService")
            .find(|e| {
                e.attr("Binding")
                    .is_some_and(|uri| uri.ends_with(&format!(":bindings:{binding}")))
            })
            .and_then(|e| e.attr("Location"))
            .ok_or_else(|| anyhow!("the metadata has no SingleSignOnService by {binding}"))?;
        Ok(AcsUrl::parse(location)?)
    };
    let mut keys = Vec::new();
    for descriptor in role.all(MD, "KeyDescriptor") {
        if descriptor.attr("use") == Some("encryption") {
            continue;
        }
        let certificate = descriptor
            .first(DS, "KeyInfo")
            .and_then(|e| e.first(DS, "X509Data"))
            .and_then(|e| e.first(DS, "X509Certificate"));
        if let Some(certificate) = certificate {
            keys.push(Certificate::from_base64(certificate.text()?)?.public_key()?);
        }
    }
    ensure!(!keys.is_empty(), "the metadata has no signing key");
    Ok(Idp {
        entity_id: EntityId::parse(root.attr("entityID").unwrap_or(""))?,
        redirect: sso("HTTP-Redirect")?,
        post: sso("HTTP-POST")?,
        keys,
    })
}

/// What `/login` is asked for.
#[derive(Debug, Deserialize)]
struct Asked {
    binding: Option<String>,
    /// Sign the request.
    signed: Option<String>,
    /// ForceAuthn.
    force: Option<String>,
    /// IsPassive.
    passive: Option<String>,
    /// NameID format: `persistent`, `transient`, `email` or a URI.
    format: Option<String>,
    relay: Option<String>,
}

/// How a request leaves for the identity provider.
enum Onward {
    Redirect(String),
    Post(post::PostForm),
}

async fn login(sp: web::Data<Sp>, asked: web::Query<Asked>) -> HttpResponse {
    let made = web::block(move || -> Result<Onward> {
        // The identity provider may have been started anew with other keys since.
        sp.forget_idp();
        let idp = sp.idp()?;
        let relay = asked.relay.clone().map(RelayState::new);
        let signer = asked.signed.is_some() || sp.options.signs_requests;
        if asked.binding.as_deref() == Some("post") {
            let unsigned = sp.request(&asked, idp.post.as_str())?.write()?;
            let sendable = if signer {
                Sendable::from(sign_enveloped(unsigned, &sp.signer)?)
            } else {
                Sendable::unsigned(unsigned)
            };
            let form = post::send(&idp.post, &sendable, relay.as_ref());
            return Ok(Onward::Post(form));
        }
        let unsigned = sp.request(&asked, idp.redirect.as_str())?.write()?;
        let url = if signer {
            redirect::send(&idp.redirect, &unsigned, relay.as_ref(), &sp.signer)?
        } else {
            redirect::send_unsigned(&idp.redirect, &unsigned, relay.as_ref())?
        };
        Ok(Onward::Redirect(url))
    })
    .await;
    match made {
        Ok(Ok(Onward::Post(form))) => posting(&form),
        Ok(Ok(Onward::Redirect(url))) => HttpResponse::SeeOther()
            .insert_header((header::LOCATION, url))
            .finish(),
        Ok(Err(error)) => problem(&error),
        Err(error) => problem(&anyhow!(error)),
    }
}

/// The page that carries a request by POST; it submits itself, or by its button without scripts.
fn posting(form: &post::PostForm) -> HttpResponse {
    let relay = form.relay_state().map_or_else(String::new, |relay| {
        format!(
            "<input type=\"hidden\" name=\"RelayState\" value=\"{}\">",
            escape(relay.as_str())
        )
    });
    page(
        200,
        "Signing in",
        &format!(
            "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"{}\" value=\"{}\">{relay}\
             <button>Continue to sign in</button></form><script src=\"/submit.js\"></script>",
            escape(form.action()),
            form.field(),
            escape(form.message()),
        ),
    )
}

async fn submit_script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body("document.forms[0].submit();\n")
}

#[derive(Deserialize)]
struct AcsForm {
    #[serde(rename = "SAMLResponse")]
    response: String,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

async fn acs(sp: web::Data<Sp>, form: web::Form<AcsForm>) -> HttpResponse {
    let form = form.into_inner();
    let accepted = {
        let sp = sp.clone();
        web::block(move || sp.accept(&form.response, form.relay_state)).await
    };
    let signed_in = match accepted {
        Ok(Ok(signed_in)) => signed_in,
        Ok(Err(error)) => return problem(&error),
        Err(error) => return problem(&anyhow!(error)),
    };
    let secret = avouch_saml::ids::random_name(&mut SystemRandom);
    lock(&sp.sessions).insert(secret.clone(), signed_in);
    HttpResponse::SeeOther()
        .insert_header((
            header::SET_COOKIE,
            format!("sp-session={secret}; Path=/; HttpOnly; SameSite=Lax"),
        ))
        .insert_header((header::LOCATION, "/"))
        .finish()
}

fn session_of(request: &HttpRequest) -> Option<String> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == "sp-session")
        .map(|(_, value)| value.to_owned())
}

async fn home(sp: web::Data<Sp>, request: HttpRequest) -> HttpResponse {
    let sessions = lock(&sp.sessions);
    let signed_in = session_of(&request).and_then(|secret| sessions.get(&secret));
    let ways = "<p class=\"ways\"><a class=\"button\" id=\"redirect\" href=\"/login?binding=redirect\">Sign in by redirect</a> \
        <a class=\"button\" id=\"post\" href=\"/login?binding=post&amp;signed=1\">Sign in by signed POST</a></p>\
        <p>Or: <a id=\"force\" href=\"/login?force=1\">ask for a fresh login</a> · \
        <a id=\"passive\" href=\"/login?passive=1\">only if already signed in</a> · \
        <a id=\"email\" href=\"/login?format=email\">with a mail address as NameID</a> · \
        <a id=\"transient\" href=\"/login?format=transient\">with a transient NameID</a></p>";
    let name = escape(&sp.options.name);
    let Some(signed_in) = signed_in else {
        return page(
            200,
            &sp.options.name,
            &format!("<h1>{name}</h1><p id=\"state\">Nobody is signed in here.</p>{ways}"),
        );
    };
    let assertion = &signed_in.assertion;
    let (subject, format) = match &assertion.subject {
        Subject::NameId(name_id) => (
            name_id.value().to_owned(),
            name_id.format().uri().to_owned(),
        ),
        Subject::Unnamed => ("none".to_owned(), String::new()),
        Subject::EncryptedId(_) => ("encrypted".to_owned(), String::new()),
    };
    let mut rows = String::new();
    for attribute in &assertion.attributes {
        let values: String = attribute
            .values
            .iter()
            .map(|value| match value {
                AttributeValue::Text(text) => format!("<li>{}</li>", escape(text)),
                AttributeValue::Nil => "<li><i>nil</i></li>".to_owned(),
                AttributeValue::NameId(name_id) => format!("<li>{}</li>", escape(name_id.value())),
            })
            .collect();
        write!(
            rows,
            "<tr><th scope=\"row\">{}<br><small>{}</small></th><td><ul>{values}</ul></td></tr>",
            escape(attribute.friendly_name.as_deref().unwrap_or("")),
            escape(&attribute.name),
        )
        .expect("writing to a String does not fail");
    }
    let facts = [
        ("NameID", subject),
        ("Format", format),
        ("Issuer", assertion.issuer.to_string()),
        ("Logged in at", assertion.authn.instant.to_string()),
        ("How", assertion.authn.context_class.clone()),
        (
            "Encrypted",
            if signed_in.encrypted { "yes" } else { "no" }.to_owned(),
        ),
        (
            "Started by",
            if assertion.confirmation.in_response_to.is_some() {
                "this app"
            } else {
                "the identity provider"
            }
            .to_owned(),
        ),
        (
            "RelayState",
            signed_in.relay_state.clone().unwrap_or_default(),
        ),
    ]
    .iter()
    .map(|(label, value)| {
        format!(
            "<tr><th scope=\"row\">{label}</th><td data-fact=\"{label}\">{}</td></tr>",
            escape(value)
        )
    })
    .collect::<String>();
    page(
        200,
        &sp.options.name,
        &format!(
            "<h1>{name}</h1><p id=\"state\">You are signed in.</p><table id=\"facts\">{facts}</table>\
             <h2>What it was told</h2><table id=\"attributes\">{rows}</table>\
             <p><a class=\"button\" id=\"logout\" href=\"/logout\">Sign out here</a></p>\
             <h2>Again</h2>{ways}"
        ),
    )
}

async fn logout(sp: web::Data<Sp>, request: HttpRequest) -> HttpResponse {
    if let Some(secret) = session_of(&request) {
        lock(&sp.sessions).remove(&secret);
    }
    HttpResponse::SeeOther()
        .insert_header((header::SET_COOKIE, "sp-session=; Max-Age=0; Path=/"))
        .insert_header((header::LOCATION, "/"))
        .finish()
}

async fn metadata(sp: web::Data<Sp>) -> HttpResponse {
    match sp.metadata() {
        Ok(xml) => HttpResponse::Ok()
            .content_type("application/samlmetadata+xml")
            .body(xml),
        Err(error) => problem(&error),
    }
}

fn problem(error: &anyhow::Error) -> HttpResponse {
    let causes: String = error
        .chain()
        .map(|cause| format!("<li>{}</li>", escape(&cause.to_string())))
        .collect();
    page(
        400,
        "Not signed in",
        &format!(
            "<h1>Not signed in</h1><ul id=\"problem\">{causes}</ul><p><a href=\"/\">Back</a></p>"
        ),
    )
}

fn page(status: u16, title: &str, body: &str) -> HttpResponse {
    const STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;\
        max-width:44rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}\
        th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-top:1px solid #8886;\
        overflow-wrap:anywhere}ul{margin:0;padding-left:1.2rem}.button{display:inline-block;\
        padding:.5rem 1rem;margin:.2rem 0;border:1px solid #8888;border-radius:.5rem;\
        text-decoration:none}";
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head>\
             <body><main>{body}</main></body></html>",
            escape(title)
        ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[actix_web::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = std::net::TcpListener::bind(&options.listen)
        .with_context(|| format!("listening on {}", options.listen))?;
    let base_url = match &options.base_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", listener.local_addr()?),
    };
    let sp = web::Data::new(Sp::new(options, base_url)?);
    println!("Sample app: {}/", sp.base_url);
    println!("Its metadata: {}", sp.entity_id);
    HttpServer::new(move || {
        App::new()
            .app_data(sp.clone())
            .app_data(web::FormConfig::default().limit(1024 * 1024))
            .route("/", web::get().to(home))
            .route("/login", web::get().to(login))
            .route("/logout", web::get().to(logout))
            .route("/acs", web::post().to(acs))
            .route("/metadata", web::get().to(metadata))
            .route("/submit.js", web::get().to(submit_script))
    })
    .workers(1)
    .listen(listener)?
    .run()
    .await?;
    Ok(())
}
