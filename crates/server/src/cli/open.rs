//! What commands work on: the configuration and the database it names.

use std::path::Path;

use avouch_saml::security::certificate::Certificate;
use avouch_saml::time::Timestamp;
use openssl::pkey::PKey;
use openssl::x509::X509;
use serde_json::json;

use super::CommandError;
use super::output::Output;
use crate::audit::{Event, EventKind, ResultCode};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Environment, Settings};
use crate::keys::{Keyring, development};
use crate::random::SystemRandom;
use crate::store::{Connection, Db, events, migrations};

/// Where the configuration comes from.
pub(super) struct Place<'a> {
    pub(super) config: Option<&'a Path>,
    pub(super) environment: &'a Environment,
}

impl Place<'_> {
    pub(super) fn settings(&self) -> Result<Settings, CommandError> {
        Ok(Settings::load(self.config, self.environment)?)
    }

    /// The database, which must have this version's schema.
    pub(super) fn database(&self) -> Result<(Settings, Db), CommandError> {
        let settings = self.settings()?;
        let db = up_to_date(&settings, settings.database.auto_migrate)?;
        Ok((settings, db))
    }

    /// The database with the keys; a new organisation's first key is made.
    pub(super) fn keyring(&self) -> Result<(Settings, Db, Keyring), CommandError> {
        let (settings, db) = self.database()?;
        let keyring = keyring(&settings, &db)?;
        Ok((settings, db, keyring))
    }
}

/// Reads the TLS files that the settings name, so that what is wrong with them is said at start.
/// Answers when the certificate may be used from and until.
pub(super) fn check_tls(settings: &Settings) -> Result<Option<Lifetime>, CommandError> {
    let Some(tls) = &settings.server.tls else {
        return Ok(None);
    };
    let mut read = Vec::new();
    for (setting, file) in [
        ("server.tls_certificate", &tls.certificate),
        ("server.tls_key", &tls.key),
    ] {
        let pem = std::fs::read(file).map_err(|error| {
            CommandError::new(format!(
                "{setting}: cannot read {}: {error}",
                file.display()
            ))
        })?;
        if !settings.server.is_loopback() && development::is_development_certificate(&pem) {
            return Err(CommandError::new(format!(
                "{setting}: {} is one of the development certificates, whose key is public, and \
                 the base URL is {}; expected a certificate of its own",
                file.display(),
                settings.server.base_url
            )));
        }
        read.push(pem);
    }
    let certificate = X509::from_pem(&read[0]).map_err(|error| {
        CommandError::new(format!(
            "server.tls_certificate: expected a certificate in PEM, the server's own first, in {}: \
             {error}",
            tls.certificate.display()
        ))
    })?;
    // An empty password in place of a question on the terminal.
    let key = PKey::private_key_from_pem_callback(&read[1], |_| Ok(0)).map_err(|error| {
        CommandError::new(format!(
            "server.tls_key: expected a private key in PEM without a password in {}: {error}",
            tls.key.display()
        ))
    })?;
    if !certificate
        .public_key()
        .is_ok_and(|public| public.public_eq(&key))
    {
        return Err(CommandError::new(format!(
            "server.tls_key: the key in {} is not that of the first certificate in {}; expected \
             the pair that was issued together",
            tls.key.display(),
            tls.certificate.display()
        )));
    }
    let lifetime = certificate
        .to_der()
        .ok()
        .and_then(|der| Certificate::from_der(&der).ok())
        .and_then(|certificate| certificate.not_before().zip(certificate.not_after()));
    Ok(lifetime.map(|(from, until)| Lifetime {
        file: tls.certificate.display().to_string(),
        from,
        until,
    }))
}

/// When a certificate may be used.
pub(super) struct Lifetime {
    file: String,
    from: Timestamp,
    pub(super) until: Timestamp,
}

impl Lifetime {
    /// What is wrong with it at `now`, if anything is.
    pub(super) fn problem(&self, now: Timestamp) -> Option<String> {
        let Self { file, from, until } = self;
        if now < *from {
            Some(format!(
                "server.tls_certificate: {file} may be used from {from} on, and it is {now}: is \
                 the clock right?"
            ))
        } else if *until <= now {
            Some(format!(
                "server.tls_certificate: {file} has expired on {until}; browsers refuse it"
            ))
        } else {
            None
        }
    }
}

/// Opens the keyring of a database; a new organisation's first key is made.
pub(super) fn keyring(settings: &Settings, db: &Db) -> Result<Keyring, CommandError> {
    let keyring = Keyring::open(db, settings, &mut SystemRandom)?;
    keyring.ensure_keys(db, settings, now(), &mut SystemRandom)?;
    Ok(keyring)
}

/// Opens a database that has this version's schema, or is brought to it when `migrate` says so.
pub(super) fn up_to_date(settings: &Settings, migrate: bool) -> Result<Db, CommandError> {
    let db = open(settings)?;
    let missing = migrations::missing(&db)?;
    if missing.is_empty() {
        return Ok(db);
    }
    if migrate {
        for name in migrations::apply(&db)? {
            tracing::info!(migration = name, "the database was brought up to date");
        }
        return Ok(db);
    }
    Err(CommandError::new(format!(
        "the database {} lacks {} of this version: {}. Run `avouch migrate`, start with \
             `avouch serve --migrate`, or set database.auto_migrate = true.",
        settings.database.address.shown(),
        if missing.len() == 1 {
            "a migration"
        } else {
            "migrations"
        },
        missing.join(", ")
    )))
}

fn open(settings: &Settings) -> Result<Db, CommandError> {
    settings.database.address.prepare()?;
    Ok(Db::new(
        settings.database.address.clone(),
        settings.database.connections,
    ))
}

pub(super) fn migrate(place: &Place<'_>, output: &Output) -> Result<(), CommandError> {
    let settings = place.settings()?;
    let db = open(&settings)?;
    let applied = migrations::apply(&db)?;
    let shown = settings.database.address.shown();
    output.result(&json!({ "database": shown, "applied": applied }), || {
        if applied.is_empty() {
            format!("{shown} has this version's schema already")
        } else {
            format!("{shown}: applied {}", applied.join(", "))
        }
    });
    Ok(())
}

/// The present, once a command.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// A new row's id.
pub(super) fn new_id() -> String {
    crate::random::new_id(&mut SystemRandom)
}

/// Writes a change with its event in one transaction.
pub(super) fn change<T>(
    db: &Db,
    what: impl Fn(&T) -> (EventKind, String, About),
    change: impl Fn(&mut Connection) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    db.write(|c| {
        let done = change(c)?;
        let (kind, reason, about) = what(&done);
        events::insert(c, &event(kind, reason, about))?;
        Ok(done)
    })
}

/// Whom or what a change is about.
#[derive(Default)]
pub(super) struct About {
    pub(super) user: Option<(String, String)>,
    pub(super) app: Option<(String, String, String)>,
}

fn event(kind: EventKind, reason: String, about: About) -> Event {
    let (user_id, username) = about.user.unzip();
    let (app_id, app_name, entity_id) = match about.app {
        Some((id, name, entity)) => (Some(id), Some(name), Some(entity)),
        None => (None, None, None),
    };
    Event {
        at: now(),
        kind: kind.into(),
        result: ResultCode::Success.into(),
        user_id,
        username,
        app_id,
        app_name,
        entity_id,
        address: "command line".to_owned(),
        user_agent: String::new(),
        initiated_by: "",
        protocol: "",
        binding: String::new(),
        reason,
        checks: Vec::new(),
        request_id: new_id(),
    }
}

/// Says which thing was not found, with the nearest that exist.
pub(super) fn not_found(kind: &str, name: &str, known: &[String]) -> CommandError {
    let near = crate::apps::nearest::nearest(name, known.iter().map(String::as_str));
    let next = match (kind, near) {
        (_, Some(near)) => format!("did you mean {near:?}?"),
        ("profile", None) => {
            "`avouch profile list` shows them, `avouch profile add NAME` makes one".to_owned()
        }
        ("permission set", None) => {
            "`avouch profile list` shows them, `avouch profile add --set NAME` makes one".to_owned()
        }
        (_, None) => format!("`avouch {kind} list` shows them"),
    };
    CommandError::new(format!("there is no {kind} {name:?}; {next}"))
}

/// Reads a password from the terminal, twice, or one line from standard input when it is piped.
pub(super) fn read_password(
    prompt: &str,
) -> Result<crate::directory::password::Password, CommandError> {
    use std::io::{BufRead as _, IsTerminal as _};
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("{prompt}: "))?;
        let second = rpassword::prompt_password("Once more: ")?;
        if first != second {
            return Err(CommandError::new(
                "the two passwords differ; nothing was changed",
            ));
        }
        return Ok(crate::directory::password::Password::new(first));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let typed = line.strip_suffix('\n').unwrap_or(&line);
    let typed = typed.strip_suffix('\r').unwrap_or(typed);
    Ok(crate::directory::password::Password::new(typed))
}
