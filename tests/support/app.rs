//! A started server with a database of its own, a clock that stands still, and what tests need
//! to fill it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use avouch_saml::ids::MessageId;
use avouch_saml::security::certificate::{Certificate, KeyKind};
use avouch_saml::time::Timestamp;
use avouch_server::apps::saml::SamlSettings;
use avouch_server::apps::{App, AppId, AppState, Definition, LocalPolicy, PermittedUsers};
use avouch_server::audit::{Event, ResultCode};
use avouch_server::clock::ManualClock;
use avouch_server::config::{Environment, Settings};
use avouch_server::directory::password::Password;
use avouch_server::keys::{KeyPurpose, Keyring, development, rollover};
use avouch_server::random::{SystemRandom, new_id};
use avouch_server::rounds::Rounds;
use avouch_server::services::Services;
use avouch_server::store::apps::StoredApp;
use avouch_server::store::events::Logged;
use avouch_server::store::{self, Connection, Db, StoreError};
use avouch_server::text::{CheckLine, Locale};
use avouch_server::users::ProfileId;
use avouch_server::users::{User, UserId};
use avouch_server::web::server;

use super::client::{Answer, Client, From};
use super::database_of;
use super::emitted::Emitted;
use super::sp::{Sp, Told};

/// The instant every test starts at.
pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";
/// Avouch's public address in tests: https, as behind a proxy that ends TLS.
pub(crate) const BASE_URL: &str = "https://localhost";
/// The password of every sample user.
pub(crate) const PASSWORD: &str = "a sample password";

/// A started server.
pub(crate) struct TestApp {
    pub(crate) services: Arc<Services>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) emitted: Emitted,
    address: std::net::SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    folder: Option<PathBuf>,
    profile: ProfileId,
    /// The newest request of each SP.
    asked: Mutex<BTreeMap<String, MessageId>>,
}

/// Makes differences to what [`TestApp::start`] starts.
#[derive(Default)]
pub(crate) struct Setup {
    /// Lines of the configuration file.
    pub(crate) config: String,
    /// The signing key; RSA-2048 without one.
    pub(crate) key: Option<KeyKind>,
    /// The folder of an earlier server, to start again on its database.
    pub(crate) folder: Option<PathBuf>,
    /// The address of a database, instead of a new one.
    pub(crate) database: Option<String>,
    /// Lines for the section `[server]`.
    pub(crate) server: String,
    /// Makes a key as a new organisation does, instead of taking one of `certs/dev`.
    pub(crate) generated: bool,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self::with(Setup::default())
    }

    pub(crate) fn configured(config: &str) -> Self {
        Self::with(Setup {
            config: config.to_owned(),
            ..Setup::default()
        })
    }

    pub(crate) fn with(setup: Setup) -> Self {
        let folder = setup.folder.clone().unwrap_or_else(|| {
            std::env::temp_dir().join(format!("avouch-test-{}", new_id(&mut SystemRandom)))
        });
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        let base = if setup.server.contains("base_url") {
            String::new()
        } else {
            format!("base_url = \"{BASE_URL}\"\n")
        };
        let database = setup.database.clone().or_else(|| database_of(&folder));
        let database = match database {
            Some(url) => format!("[database]\nurl = \"{url}\"\n"),
            None => String::new(),
        };
        let login = if setup.config.contains("[login]") {
            ""
        } else {
            "[login]\nhash_memory_kib = 8\nhash_passes = 1\n"
        };
        let config = format!(
            "[server]\n{base}listen = [\"127.0.0.1:0\"]\nworkers = 1\ndata_dir = \"{}\"\n\
             shutdown_seconds = 5\n{}\n{database}{login}{}",
            folder.display(),
            setup.server,
            setup.config
        );
        let settings = Settings::from_text(&config, "test", &Environment::default())
            .unwrap_or_else(|error| panic!("{error}\n{config}"));
        let db = Db::new(settings.database.address.clone(), 4);
        store::migrations::apply(&db).expect("migrated");
        let keyring = Keyring::open(&db, &settings, &mut SystemRandom).expect("keyring");
        let now = Timestamp::parse(NOW).expect("an instant");
        let kind = setup.key.unwrap_or(KeyKind::Rsa { bits: 2048 });
        let no_key = keyring.current(&db).expect("keys").active().is_none();
        if setup.generated {
            keyring
                .ensure_keys(&db, &settings, now, &mut SystemRandom)
                .expect("keys are made");
        } else if no_key {
            let (private, certificate) = development::pair(kind).expect("a development key");
            let key = rollover::import(
                keyring.master(),
                &private,
                &certificate,
                KeyPurpose::Signing,
                now,
                &mut SystemRandom,
            )
            .expect("imported");
            db.write(|c| rollover::add(c, key.clone())).expect("added");
        }
        let clock = Arc::new(ManualClock::at(now));
        let mut services = Services::new(settings, db, keyring).expect("services");
        services.clock = Arc::clone(&clock) as Arc<dyn avouch_server::clock::Clock>;
        // One round at the start; what a test counts or deletes itself has nobody beside it.
        services.rounds = Rounds::resting(std::time::Duration::from_secs(3600));
        let services = Arc::new(services);
        let profile = ensure_profile(&services);
        let (send, receive) = mpsc::channel();
        let inside = Arc::clone(&services);
        let thread = std::thread::spawn(move || {
            server::serve(inside, |started| {
                send.send((started.addresses[0], started.handle))
                    .expect("the test waits");
            })
            .expect("served");
        });
        let (address, handle) = receive.recv().expect("the server started");
        // Or the first round's statements would be counted where a test counts those of a request.
        let cleaned = services.rounds.first(std::time::Duration::from_secs(30));
        assert!(cleaned, "the first clean-up did not end");
        Self {
            emitted: Emitted::default(),
            services,
            clock,
            address,
            handle,
            thread: Some(thread),
            folder: Some(folder),
            profile,
            asked: Mutex::default(),
        }
    }

    /// A browser without cookies.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.services.clock.now()
    }

    /// Stops the server and leaves its database, for another to start on.
    pub(crate) fn stop(mut self) -> PathBuf {
        self.halt();
        self.folder.take().expect("a folder until the end")
    }

    fn halt(&mut self) {
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(async move { handle.stop(true).await });
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }

    /// Runs a transaction on the server's database.
    pub(crate) fn write<T>(&self, work: impl Fn(&mut Connection) -> Result<T, StoreError>) -> T {
        self.services.db.write(work).expect("written")
    }

    /// Adds a user, named after the username, with the sample password.
    pub(crate) fn user(&self, username: &str) -> User {
        self.user_with(username, |_| ())
    }

    pub(crate) fn user_with(&self, username: &str, change: impl Fn(&mut User)) -> User {
        let mut user = User {
            id: UserId::new(new_id(&mut SystemRandom)),
            username: username.to_owned(),
            display_name: format!("Sample User {username}"),
            given_name: "Sample".to_owned(),
            family_name: username.to_owned(),
            email: format!("{username}@example.org"),
            email_verified: true,
            federation_id: Some(format!("fed-{username}")),
            locale: "en".to_owned(),
            time_zone: "Europe/Zurich".to_owned(),
            active: true,
            profile: self.profile.clone(),
            profile_name: "Standard".to_owned(),
            permission_sets: Vec::new(),
            custom: Default::default(),
            rights: Default::default(),
            unknown_rights: Default::default(),
            created_at: self.now(),
            version: 1,
        };
        change(&mut user);
        let hash = self
            .services
            .hasher
            .hash(&Password::new(PASSWORD))
            .expect("hashed");
        let now = self.now();
        self.write(|c| {
            store::users::insert(c, &user, now)?;
            store::users::set_password(c, &user.id, &hash, now)
        });
        user
    }

    /// Connects `sp`, open to the sample users' profile, not encrypted to so that tests can read
    /// along, with the settings `change` makes.
    pub(crate) fn connect(&self, sp: &Sp, change: impl Fn(&mut App, &mut SamlSettings)) -> App {
        let mut saml = SamlSettings::default();
        let mut app = App {
            id: AppId::new(new_id(&mut SystemRandom)),
            api_name: sp.api_name.clone(),
            name: format!("Sample App {}", sp.api_name),
            state: AppState::Installed,
            definition: Definition {
                description: String::new(),
                contact: String::new(),
                logo_url: None,
                info_url: None,
                start_url: None,
                saml: saml.clone(),
            },
            policy: LocalPolicy {
                permitted_users: PermittedUsers::AdminApproved,
                profiles: vec![self.profile.clone()],
                ..LocalPolicy::default()
            },
            created_at: self.now(),
            updated_at: self.now(),
            not_understood: Vec::new(),
        };
        change(&mut app, &mut saml);
        app.definition.saml = saml;
        let stored = StoredApp {
            app: app.clone(),
            entity_id: sp.entity_id.clone(),
            metadata_xml: sp.metadata().into_bytes(),
            version: 1,
        };
        self.write(|c| store::apps::insert(c, &stored));
        app
    }

    /// The app of `sp` as it is stored.
    pub(crate) fn app_of(&self, sp: &Sp) -> App {
        self.services
            .db
            .read(|c| store::apps::by_entity_id(c, &sp.entity_id))
            .expect("read")
            .expect("connected")
            .app
    }

    /// Gives the app of `sp` the metadata that `sp` has now.
    pub(crate) fn republish(&self, sp: &Sp) {
        self.write(|c| {
            let mut stored = store::apps::by_entity_id(c, &sp.entity_id)?.expect("connected");
            stored.metadata_xml = sp.metadata().into_bytes();
            store::apps::update(c, &stored)
        });
    }

    /// Changes a connected app.
    pub(crate) fn change(&self, app: &App, change: impl Fn(&mut App)) {
        self.write(|c| {
            let mut stored = store::apps::by_id(c, &app.id)?.expect("connected");
            change(&mut stored.app);
            store::apps::update(c, &stored)
        });
    }

    /// Signs in at the page a sign-on led to, and follows to where it ends.
    pub(crate) fn log_in(&self, client: &Client, page: &Answer, username: &str) -> Answer {
        let answer = self.submit_login(client, page, username, PASSWORD);
        client.follow(answer)
    }

    pub(crate) fn submit_login(
        &self,
        client: &Client,
        page: &Answer,
        username: &str,
        password: &str,
    ) -> Answer {
        assert_eq!(page.status, 200, "{}", page.text());
        // Nobody types in no time.
        self.clock.advance(1);
        client.post(
            "/login",
            &[
                ("username", username),
                ("password", password),
                ("csrf", &page.field("csrf").expect("a CSRF token")),
                ("p", &page.field("p").unwrap_or_default()),
            ],
        )
    }

    /// A whole sign-on of a user who is not signed in, and what the SP is told.
    pub(crate) fn sign_on(&self, client: &Client, sp: &Sp, username: &str) -> Told {
        let page = client.follow(client.get(&sp.redirect(self, &sp.request(self))));
        let answer = self.log_in(client, &page, username);
        self.told(sp, &answer)
    }

    /// What an answer tells the SP. Everything told is validated and verified once more when the
    /// server is dropped.
    #[track_caller]
    pub(crate) fn told(&self, sp: &Sp, answer: &Answer) -> Told {
        let told = sp.read(self, answer);
        self.emitted.add(&told.xml, self.certificate());
        if !told.assertion_xml.is_empty() && !told.xml.contains(&told.assertion_xml) {
            // What was inside the ciphertext is a message too.
            self.emitted.add(&told.assertion_xml, self.certificate());
        }
        told
    }

    /// The certificate of the key that signs now.
    pub(crate) fn certificate(&self) -> Certificate {
        let keys = self.services.keyring.current(&self.services.db);
        let keys = keys.expect("keys");
        keys.active().expect("an active key").certificate.clone()
    }

    /// Every event as it is stored, newest first.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        let filter = store::events::Filter::default();
        self.services
            .db
            .read(|c| store::events::list(c, &filter, 1000))
            .expect("events")
    }

    /// Every event, newest first.
    pub(crate) fn events(&self) -> Vec<Event> {
        let logged = self.logged();
        logged.into_iter().map(|logged| logged.event).collect()
    }

    /// The reference code of the newest event.
    #[track_caller]
    pub(crate) fn last_code(&self) -> String {
        let newest = self.logged().into_iter().next();
        newest.expect("an event").code
    }

    /// The newest event.
    #[track_caller]
    pub(crate) fn last_event(&self) -> Event {
        self.events().into_iter().next().expect("an event")
    }

    /// The checks of the newest event, as their reader sees them.
    #[track_caller]
    pub(crate) fn last_checks(&self) -> Vec<CheckLine> {
        lines(&self.last_event())
    }

    /// Checks that `answer` is a page with this result, whose event has the code on it.
    #[track_caller]
    pub(crate) fn assert_page(&self, answer: &Answer, result: ResultCode) -> Event {
        assert!(
            (400..500).contains(&answer.status),
            "{} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(answer.location(), None);
        assert_eq!(answer.field("SAMLResponse"), None);
        let code = answer.code();
        let event = self.last_event();
        assert_eq!(event.result, result, "{event:?}");
        assert_eq!(self.last_code(), code);
        event
    }

    /// Notes the request that `sp` makes, to which an answer is expected.
    pub(crate) fn asks(&self, sp: &Sp, id: &MessageId) {
        let mut asked = self.asked.lock().expect("no panic inside");
        asked.insert(sp.entity_id.clone(), id.clone());
    }

    /// Checks that `answer` tells the SP this status in answer to its newest request, or to none
    /// if it began here, and that the event says so.
    #[track_caller]
    pub(crate) fn assert_refused(
        &self,
        sp: &Sp,
        answer: &Answer,
        result: ResultCode,
        top: &str,
        second: &str,
    ) -> Told {
        let asked = self.asked.lock().expect("no panic inside");
        let request = match &*self.last_event().initiated_by {
            "idp" => None,
            _ => asked.get(&sp.entity_id).cloned(),
        };
        drop(asked);
        self.assert_refused_to(sp, answer, result, (top, second), request.as_ref())
    }

    /// As [`assert_refused`](Self::assert_refused), in answer to this request.
    #[track_caller]
    pub(crate) fn assert_refused_to(
        &self,
        sp: &Sp,
        answer: &Answer,
        result: ResultCode,
        status: (&str, &str),
        request: Option<&MessageId>,
    ) -> Told {
        let told = self.told(sp, answer);
        assert_eq!(told.status(), status);
        assert_eq!(told.assertion, None);
        assert_eq!(told.response.in_response_to.as_ref(), request);
        let issuer = told.response.issuer.as_ref().map(|issuer| issuer.as_str());
        assert_eq!(issuer, Some(format!("{BASE_URL}/saml/metadata").as_str()));
        assert_eq!(self.last_event().result, result);
        told
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.halt();
        if let Some(folder) = &self.folder {
            drop(std::fs::remove_dir_all(folder));
        }
        if !std::thread::panicking() {
            self.emitted.check();
        }
    }
}

fn ensure_profile(services: &Services) -> ProfileId {
    services
        .db
        .write(|c| {
            let id = ProfileId::new(new_id(&mut SystemRandom));
            store::profiles::ensure(c, "Standard", id)
        })
        .expect("a profile")
}

impl TestApp {
    /// A browser in which `username` is signed in to Avouch.
    pub(crate) fn signed_in(&self, username: &str) -> Client {
        let client = self.client();
        let page = client.get("/login");
        let answer = self.submit_login(&client, &page, username, PASSWORD);
        assert_eq!(answer.location().as_deref(), Some("/"), "{}", answer.text());
        client
    }

    /// A started server with one SP and one signed-in user.
    pub(crate) fn ready() -> (Self, Sp, Client) {
        let app = Self::start();
        let sp = Sp::new("wiki");
        app.connect(&sp, |_, _| ());
        app.user("one");
        let client = app.signed_in("one");
        (app, sp, client)
    }

    /// Sends `request` by Redirect.
    pub(crate) fn ask(
        &self,
        client: &Client,
        sp: &Sp,
        change: impl FnOnce(&mut avouch_saml::message::authn_request::AuthnRequest),
    ) -> Answer {
        let mut request = sp.request(self);
        change(&mut request);
        client.get(&sp.redirect(self, &request))
    }

    /// Sends `request` by POST, from this site or another.
    pub(crate) fn post_request(
        &self,
        client: &Client,
        from: From,
        sp: &Sp,
        request: &avouch_saml::message::authn_request::AuthnRequest,
        signed_by: Option<&str>,
    ) -> Answer {
        let fields = sp.post(request, None, signed_by);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        client.post_from(from, "/saml/sso", &fields)
    }

    /// Sends a request as the XML it is, by POST, in a browser that brings its cookies.
    pub(crate) fn post_xml(&self, client: &Client, xml: &str) -> Answer {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(xml);
        client.post("/saml/sso", &[("SAMLRequest", &encoded)])
    }
}

impl TestApp {
    /// Adds a development key and signs with it from now on. The one before stays published.
    pub(crate) fn add_key(&self, kind: KeyKind) {
        let (private, certificate) = development::pair(kind).expect("a development key");
        let now = self.now();
        let key = rollover::import(
            self.services.keyring.master(),
            &private,
            &certificate,
            KeyPurpose::Signing,
            now,
            &mut SystemRandom,
        )
        .expect("imported");
        let id = avouch_server::keys::KeyId::new(key.id.clone());
        self.services
            .db
            .write(|c| {
                rollover::add(c, key.clone())?;
                rollover::activate(c, &id, now)
            })
            .unwrap_or_else(|error: rollover::RolloverError| panic!("{error}"));
    }
}

impl TestApp {
    /// Another node on the same database, with the same master key and the same clock face.
    pub(crate) fn beside(&self, setup: Setup) -> Self {
        let mut other = Self::with(Setup {
            folder: self.folder.clone(),
            ..setup
        });
        // The folder is the first one's to remove.
        other.folder = None;
        other
    }
}

/// The checks of an event, as their reader sees them.
pub(crate) fn lines(event: &Event) -> Vec<CheckLine> {
    Locale::English.catalogue().checks.lines(&event.checks)
}
