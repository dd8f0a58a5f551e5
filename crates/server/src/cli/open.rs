//! What commands work on: the configuration and the database it names.

use std::path::Path;

use avouch_saml::security::certificate::Certificate;
use avouch_saml::time::Timestamp;
use openssl::pkey::PKey;
use openssl::x509::X509;
use serde_json::json;

use super::CommandError;
use super::output::Output;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Environment, Settings};
use crate::directory::password::PasswordHasher;
use crate::flow::admin::{Actor, AdminContext, Origin};
use crate::keys::{Keyring, development};
use crate::random::SystemRandom;
use crate::store::{Db, migrations};

/// Where the configuration comes from.
pub(super) struct Place<'a> {
    pub(super) config: Option<&'a Path>,
    pub(super) environment: &'a Environment,
}

impl Place<'_> {
    pub(super) fn settings(&self) -> Result<Settings, CommandError> {
        Ok(Settings::load(self.config, self.environment)?)
    }

    /// What a command that shows or changes something works with. The database must have this
    /// version's schema.
    pub(super) fn desk(&self) -> Result<Desk, CommandError> {
        let settings = self.settings()?;
        let db = up_to_date(&settings, settings.database.auto_migrate)?;
        let hasher = PasswordHasher::new(settings.login.hash_cost, 1, 1)?;
        Ok(Desk {
            operator: operator(self.environment),
            settings,
            db,
            hasher,
        })
    }

    /// The same with the keys; a new organisation's first key is made.
    pub(super) fn keyring(&self) -> Result<(Desk, Keyring), CommandError> {
        let desk = self.desk()?;
        let keyring = keyring(&desk.settings, &desk.db)?;
        Ok((desk, keyring))
    }
}

/// What a command that shows or changes something works with.
pub(super) struct Desk {
    pub(super) settings: Settings,
    pub(super) db: Db,
    hasher: PasswordHasher,
    operator: String,
}

impl Desk {
    /// A request of the operator at this moment.
    pub(super) fn admin(&self) -> AdminContext<'_> {
        AdminContext {
            actor: Actor::Operator(self.operator.clone()),
            now: now(),
            origin: Origin::local("command line"),
            settings: &self.settings,
            db: &self.db,
            hasher: &self.hasher,
            kept: None,
        }
    }
}

/// Who runs this process, for its events: the name the operating system has for them, and who they
/// were before they became that with sudo.
fn operator(environment: &Environment) -> String {
    let uid = nix::unistd::getuid();
    let name = nix::unistd::User::from_uid(uid)
        .ok()
        .flatten()
        .map_or_else(|| format!("user {uid}"), |user| user.name);
    match environment.invoker() {
        Some(invoker) if uid.is_root() && invoker != name => format!("{invoker} as {name}"),
        _ => name,
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
    let standing = migrations::look(&db)?;
    if !standing.later.is_empty() {
        tracing::info!(
            migrations = standing.later.join(", "),
            "the database has migrations of a later version, which only add"
        );
    }
    if standing.missing.is_empty() {
        return Ok(db);
    }
    if migrate {
        for name in migrations::apply(&db)? {
            tracing::info!(migration = name, "the database was brought up to date");
        }
        return Ok(db);
    }
    let missing: Vec<String> = standing.missing.into_iter().map(|m| m.name).collect();
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

/// Says what [`migrate`] would do, and does nothing: no database is made and none is changed. Answers
/// whether there is anything to do.
pub(super) fn check_migrations(place: &Place<'_>, output: &Output) -> Result<bool, CommandError> {
    let settings = place.settings()?;
    let address = settings.database.address.clone();
    let standing = migrations::look(&Db::new(address, 1))?;
    let shown = settings.database.address.shown();
    let to_apply: Vec<_> = standing
        .missing
        .iter()
        .map(|migration| json!({ "name": migration.name, "contracts": migration.contracts() }))
        .collect();
    let value = json!({ "database": shown, "to_apply": to_apply, "later": standing.later });
    output.result(&value, || {
        let mut text = if standing.missing.is_empty() {
            format!("{shown} has this version's schema already\n")
        } else {
            format!("{shown}: `avouch migrate` would apply\n")
        };
        for migration in &standing.missing {
            let first = if migration.contracts() {
                " (stop every node of an earlier version first: it removes what they use)"
            } else {
                ""
            };
            text.push_str(&format!("  {}{first}\n", migration.name));
        }
        if !standing.later.is_empty() {
            let later = standing.later.join(", ");
            text.push_str(&format!(
                "It has migrations of a later version, which only add: {later}\n"
            ));
        }
        text
    });
    Ok(!standing.missing.is_empty())
}

/// The present, once a command.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
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
