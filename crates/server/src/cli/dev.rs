//! `avouch dev`: an identity provider to develop a service provider against, without set-up.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::CommandError;
use super::open::now;
use super::output::Output;
use crate::apps::App;
use crate::config::{BaseUrl, Environment, Settings};
use crate::context::random_token;
use crate::dev::SampleLogin;
use crate::dev::observer::Observer;
use crate::flow::dev::{self, add_sp, samples};
use crate::keys::Keyring;
use crate::random::SystemRandom;
use crate::services::Services;
use crate::store::{Db, migrations};
use crate::web::server;

#[derive(Args)]
pub(super) struct Dev {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What browsers and the service provider call it [default: http://localhost and the port]
    #[arg(long)]
    base_url: Option<String>,
    /// Metadata of your service provider: a file or a URL, which is asked until it answers.
    /// Repeat for several.
    #[arg(long = "sp", value_name = "FILE_OR_URL")]
    sps: Vec<String>,
    /// Folder to keep the data in [default: a temporary one, gone at the end]
    #[arg(long)]
    data: Option<PathBuf>,
    /// Listen on an address that others can reach. Anybody who does can sign in as anybody.
    #[arg(long)]
    allow_remote: bool,
}

pub(super) fn run(dev: &Dev, named_config: bool, output: &Output) -> Result<(), CommandError> {
    if named_config {
        return Err(CommandError::new(
            "expected no --config: `avouch dev` reads neither a configuration file nor AVOUCH_ \
             variables, so that it never touches another server's database. Use --listen, \
             --base-url, --sp and --data, or `avouch serve --config FILE`",
        ));
    }
    let address = free_port(dev)?;
    let base_url = base_url(dev, address)?;
    let folder = Folder::new(dev.data.as_deref())?;
    let settings = settings(&base_url, address, &folder.path)?;
    // A line for every answer would hide the few that a developer waits for.
    crate::logging::start(&settings.logs, &["avouch_server::app"]);
    let services = Arc::new(services(settings)?);
    let mut apps = Vec::new();
    for file in dev.sps.iter().filter(|sp| !is_url(sp)) {
        let document = std::fs::read(file)
            .map_err(|error| CommandError::new(format!("cannot read {file}: {error}")))?;
        let app = add_sp(&services, &document, now())
            .map_err(|error| CommandError::new(format!("{file}: {}", CommandError::from(error))))?;
        apps.push(app);
    }
    let urls: Vec<String> = dev.sps.iter().filter(|sp| is_url(sp)).cloned().collect();
    for url in &urls {
        services.waiting.note(url, "not asked yet");
    }
    let said = Said::new(&services, &apps, &urls)?;
    server::serve(Arc::clone(&services), |_| {
        output.result(&said.json(), || said.text());
        for url in urls {
            fetch_until_there(Arc::clone(&services), url);
        }
    })
    .map_err(|error| CommandError::new(error.to_string()))
}

fn is_url(sp: &str) -> bool {
    sp.starts_with("http://") || sp.starts_with("https://")
}

/// The address with its port; a free one is looked for where none was given. Listening is refused
/// where others could reach it: everybody knows the sample users' password.
fn free_port(dev: &Dev) -> Result<SocketAddr, CommandError> {
    if !dev.listen.ip().is_loopback() && !dev.allow_remote {
        return Err(CommandError::new(format!(
            "expected a loopback address such as 127.0.0.1:8080, received {}: whoever reaches \
             `avouch dev` can sign in as anybody. If that is what you want, add --allow-remote",
            dev.listen
        )));
    }
    if dev.listen.port() != 0 {
        return Ok(dev.listen);
    }
    Ok(TcpListener::bind(dev.listen)?.local_addr()?)
}

fn base_url(dev: &Dev, address: SocketAddr) -> Result<BaseUrl, CommandError> {
    let text = match &dev.base_url {
        Some(text) => text.clone(),
        None if address.ip().is_loopback() => format!("http://localhost:{}", address.port()),
        None => format!("http://{address}"),
    };
    let base_url = BaseUrl::parse(&text)
        .map_err(|reason| CommandError::new(format!("--base-url {text}: {reason}")))?;
    if !base_url.is_loopback() && !dev.allow_remote {
        return Err(CommandError::new(format!(
            "expected a base URL on localhost, received {text}; if others are to reach it, add \
             --allow-remote"
        )));
    }
    Ok(base_url)
}

/// The folder of the data; a temporary one is removed at the end.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn new(named: Option<&Path>) -> Result<Self, CommandError> {
        let folder = match named {
            Some(path) => Self {
                path: path.to_owned(),
                temporary: false,
            },
            None => Self {
                path: std::env::temp_dir().join(format!(
                    "avouch-dev-{}",
                    &random_token(&mut SystemRandom)[..16]
                )),
                temporary: true,
            },
        };
        std::fs::create_dir_all(&folder.path).map_err(|error| {
            CommandError::new(format!(
                "cannot make the folder {}: {error}",
                folder.path.display()
            ))
        })?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What is left behind in the system's temporary folder harms nobody.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Settings of a development server. Neither a file nor the environment is read: what a developer
/// has configured for another server must not reach this one's database.
fn settings(
    base_url: &BaseUrl,
    address: SocketAddr,
    folder: &Path,
) -> Result<Settings, CommandError> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let text = format!(
        "[server]\nbase_url = {}\nlisten = [{}]\ndata_dir = {}\ninsecure_http = {}\nworkers = 1\n\
         shutdown_seconds = 1\n\
         [idp]\norganisation_name = \"Avouch for developers\"\n\
         [keys]\nalgorithm = \"rsa-2048\"\n\
         [login]\nhash_memory_kib = 256\nhash_passes = 1\naccount_failures = 1000\n\
         address_failures = 100000\n",
        quoted(base_url.as_str()),
        quoted(&address.to_string()),
        quoted(&folder.display().to_string()),
        // Who may be reached by others was asked above.
        !(base_url.is_https() || base_url.is_loopback() && address.ip().is_loopback()),
    );
    let environment = Environment::default();
    Ok(Settings::from_text(&text, "avouch dev", &environment)?)
}

fn services(settings: Settings) -> Result<Services, CommandError> {
    let db = Db::new(
        settings.database.address.clone(),
        settings.database.connections,
    );
    migrations::apply(&db)?;
    let random = &mut SystemRandom;
    let keyring = Keyring::open(&db, &settings, random)
        .map_err(|error| CommandError::new(error.to_string()))?;
    if settings.server.is_loopback() {
        dev::ensure_key(&db, &keyring, &settings, now())
            .map_err(|error| CommandError::new(error.for_the_log()))?;
    }
    keyring
        .ensure_keys(&db, &settings, now(), random)
        .map_err(|error| CommandError::new(error.to_string()))?;
    let mut services = Services::new(settings, db, keyring)?;
    samples::ensure(&services.db, &services.hasher, now(), random)
        .map_err(|error| CommandError::new(error.to_string()))?;
    services.developer = true;
    services.observer = Observer::watching();
    services.sample_logins = samples::SAMPLES
        .iter()
        .map(|sample| SampleLogin {
            username: sample.username.into(),
            password: samples::PASSWORD.into(),
            name: sample.name.into(),
            note: sample.note.into(),
        })
        .collect();
    Ok(services)
}

/// Asks for the metadata until the service provider is up, then connects it.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody tells when another program is up; a thread of its own asks"
)]
fn fetch_until_there(services: Arc<Services>, url: String) {
    const PAUSE: Duration = Duration::from_secs(1);
    std::thread::spawn(move || {
        let mut said = String::new();
        loop {
            let outcome = fetch(&url).and_then(|document| {
                let added = add_sp(&services, &document, now());
                added.map_err(|error| CommandError::from(error).to_string())
            });
            match outcome {
                Ok(app) => {
                    services.waiting.done(&url);
                    let launch = services
                        .settings
                        .server
                        .base_url
                        .join(&format!("/launch/{}", app.api_name));
                    tracing::info!(app.id = %app.id, "connected {} from {url}: {launch}", app.name);
                    return;
                }
                Err(reason) if reason != said => {
                    services.waiting.note(&url, &reason);
                    tracing::warn!("not connected yet: {url}: {reason}; asking again");
                    said = reason;
                }
                Err(_) => {}
            }
            std::thread::sleep(PAUSE);
        }
    });
}

/// Metadata is small; what is larger is something else.
const LARGEST: u64 = 16 * 1024 * 1024;

fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let mut response = ureq::get(url)
        .config()
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .call()
        .map_err(|error| error.to_string())?;
    response
        .body_mut()
        .with_config()
        .limit(LARGEST)
        .read_to_vec()
        .map_err(|error| error.to_string())
}

/// What is printed once the server listens.
struct Said {
    base_url: String,
    entity_id: String,
    metadata: String,
    sso: String,
    dev: String,
    certificate: String,
    fingerprint: String,
    apps: Vec<(String, String)>,
    waiting: Vec<String>,
}

impl Said {
    fn new(services: &Services, apps: &[App], waiting: &[String]) -> Result<Self, CommandError> {
        let base = &services.settings.server.base_url;
        let keys = services.keyring.current(&services.db)?;
        let key = keys
            .active()
            .ok_or_else(|| CommandError::new("there is no signing key"))?;
        let certificate = &key.certificate;
        Ok(Self {
            base_url: base.join("/"),
            entity_id: services.settings.idp.entity_id.to_string(),
            metadata: base.join("/saml/metadata"),
            sso: base.join("/saml/sso"),
            dev: base.join("/dev"),
            fingerprint: certificate.fingerprint(),
            certificate: certificate.pem(),
            apps: apps
                .iter()
                .map(|app| {
                    let launch = base.join(&format!("/launch/{}", app.api_name));
                    (app.name.clone(), launch)
                })
                .collect(),
            waiting: waiting.to_vec(),
        })
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "base_url": self.base_url, "dev_page": self.dev, "entity_id": self.entity_id,
            "metadata_url": self.metadata, "sso_url": self.sso,
            "certificate": self.certificate, "fingerprint_sha256": self.fingerprint,
            "users": samples::SAMPLES.iter().map(|s| s.username).collect::<Vec<_>>(),
            "password": samples::PASSWORD,
            "apps": self.apps.iter().map(|(name, launch)| json!({ "name": name, "launch_url": launch }))
                .collect::<Vec<_>>(),
            "waiting_for": self.waiting,
        })
    }

    fn text(&self) -> String {
        let mut out = format!(
            "Avouch for developers is running. What happens is shown live at\n\n    {}\n\n\
             Configure in your service provider:\n\n\
             \x20   Metadata URL   {}\n\
             \x20   Entity ID      {}\n\
             \x20   Sign-on URL    {}   (HTTP-Redirect and HTTP-POST)\n\
             \x20   Certificate    SHA-256 {}\n\n{}\n",
            self.dev, self.metadata, self.entity_id, self.sso, self.fingerprint, self.certificate
        );
        let users: Vec<&str> = samples::SAMPLES.iter().map(|s| s.username).collect();
        let _ = writeln!(
            out,
            "Sample users, all with the password {:?}: {}\n",
            samples::PASSWORD,
            users.join(", ")
        );
        if self.apps.is_empty() && self.waiting.is_empty() {
            let _ = writeln!(
                out,
                "No service provider is connected: start again with --sp FILE_OR_URL, or add one \
                 at {}admin/apps as admin.",
                self.base_url
            );
        }
        for (name, launch) in &self.apps {
            let _ = writeln!(out, "Connected: {name}   {launch}");
        }
        for url in &self.waiting {
            let _ = writeln!(out, "Asking for metadata: {url}");
        }
        let _ = writeln!(out, "\nCtrl-C ends it.");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dev(listen: &str, base_url: Option<&str>, allow_remote: bool) -> Dev {
        Dev {
            listen: listen.parse().expect("an address"),
            base_url: base_url.map(str::to_owned),
            sps: Vec::new(),
            data: None,
            allow_remote,
        }
    }

    #[test]
    fn others_reach_it_only_when_told_so() {
        for (listen, base, allow_remote, good) in [
            ("127.0.0.1:8080", None, false, true),
            ("[::1]:8080", None, false, true),
            ("0.0.0.0:8080", None, false, false),
            ("192.0.2.1:8080", None, false, false),
            (
                "0.0.0.0:8080",
                Some("http://lab.example.org:8080"),
                true,
                true,
            ),
            (
                "127.0.0.1:8080",
                Some("http://lab.example.org:8080"),
                false,
                false,
            ),
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), false, true),
        ] {
            let dev = dev(listen, base, allow_remote);
            let outcome = free_port(&dev).and_then(|address| base_url(&dev, address));
            assert_eq!(outcome.is_ok(), good, "{listen} {base:?} {allow_remote}");
        }
    }

    #[test]
    fn a_temporary_folder_goes_with_its_server() {
        let folder = Folder::new(None).expect("made");
        let path = folder.path.clone();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
        let kept = std::env::temp_dir().join(format!("avouch-test-{}", std::process::id()));
        drop(Folder::new(Some(&kept)).expect("made"));
        assert!(kept.is_dir());
        std::fs::remove_dir(&kept).expect("it is empty");
    }
}
