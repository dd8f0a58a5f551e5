//! `avouch app`: connected apps.

use std::io::Read as _;
use std::path::PathBuf;

use avouch_saml::metadata::Change as Difference;
use avouch_saml::xml::encoding;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::app_shown::{change_lines, show_text, shown, understood, understood_text};
use super::findings;
use super::open::Place;
use super::output::{Output, table};
use super::{CommandError, INVALID};
use crate::apps::onboard::typed::Typed;
use crate::apps::row::advice_on_name;
use crate::apps::{App, PermittedUsers, StateChange};
use crate::config::Settings;
use crate::flow::admin::apps::{self, AppEdit, Confirmed, DocumentSignature, Edited, Release};
use crate::flow::admin::profiles::STANDARD_PROFILE;
use crate::flow::admin::{AdminContext, AdminError};
use crate::users::ProfileId;

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Add an app from a metadata file, standard input or typed fields.
    Add(Box<Add>),
    /// List apps.
    List {
        /// Only those whose name or entity ID contains this.
        #[arg(default_value = "")]
        search: String,
    },
    /// Show an app with every setting.
    Show {
        /// API name or entity ID.
        app: String,
    },
    /// Change settings of an app.
    Edit(Edit),
    /// Remove an app with its policy and assignments.
    Remove {
        /// API name or entity ID.
        app: String,
    },
}

#[derive(Args)]
pub(super) struct Add {
    /// The SP's metadata file; `-` reads standard input.
    #[arg(required_unless_present = "entity_id", conflicts_with = "entity_id")]
    file: Option<PathBuf>,
    /// Which entity of a federation's file.
    #[arg(long, requires = "file")]
    pick: Option<String>,
    /// Refuse the file unless the key of this certificate (PEM) signed it and it says until when
    /// it is good. Repeat for several.
    #[arg(long, value_name = "CERT", requires = "file")]
    signed_by: Vec<PathBuf>,
    /// Without a file: the SP's entity ID.
    #[arg(long, requires = "acs")]
    entity_id: Option<String>,
    /// Without a file: where the SP takes responses, the default first. Repeat for several.
    #[arg(long, value_name = "URL")]
    acs: Vec<String>,
    /// Without a file: a certificate (PEM) the SP signs requests with. Repeat for several.
    #[arg(long, value_name = "FILE")]
    signing_certificate: Vec<PathBuf>,
    /// Without a file: a certificate (PEM) to encrypt assertions for.
    #[arg(long, value_name = "FILE")]
    encryption_certificate: Vec<PathBuf>,
    /// Short name for URLs and commands [default: made from the name]
    #[arg(long)]
    api_name: Option<String>,
    /// Release what the SP's metadata asks for, where Avouch knows the attribute, and the NameID
    /// format it lists even if that tells who the user is.
    #[arg(long)]
    accept_requested: bool,
    /// Store it although nobody can sign on to it as it is; --preview says why.
    #[arg(long)]
    accept_broken: bool,
    /// Show what was understood and store nothing.
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    change: Change,
}

#[derive(Args)]
pub(super) struct Edit {
    /// API name or entity ID.
    app: String,
    /// Settings to change, such as sign=response.
    #[arg(value_name = "SETTING=VALUE")]
    settings: Vec<String>,
    /// Read the SP's metadata anew from this file; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Take what its metadata says over as typed here, so that it has no end, until metadata takes its
    /// place again.
    #[arg(long, conflicts_with_all = ["metadata", "settings", "set", "block", "unblock", "uninstall", "install", "preview"])]
    keep_metadata: bool,
    /// Refuse that file unless the key of this certificate (PEM) signed it and it says until when
    /// it is good. Repeat for several.
    #[arg(long, value_name = "CERT", requires = "metadata")]
    signed_by: Vec<PathBuf>,
    /// Refuse everybody, at once, until unblocked.
    #[arg(long, conflicts_with = "unblock")]
    block: bool,
    /// Undo a block.
    #[arg(long)]
    unblock: bool,
    /// Refuse everybody and forget who may use it; the service provider stays known.
    #[arg(long, conflicts_with_all = ["block", "unblock", "install"])]
    uninstall: bool,
    /// Take an uninstalled app into use again; it begins closed.
    #[arg(long, conflicts_with_all = ["block", "unblock"])]
    install: bool,
    /// Take new metadata although it moves where assertions go, who can speak for the service
    /// provider, or who can read; see what it would change with --preview.
    #[arg(long, requires = "metadata")]
    accept_risky: bool,
    /// Store it although nobody can sign on to it then; see why with --preview.
    #[arg(long)]
    accept_broken: bool,
    /// Say what would change and store nothing.
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    change: Change,
}

#[derive(Args)]
struct Change {
    /// A setting, such as sign=response or permitted_users=self_authorize; `avouch app show`
    /// lists all. Repeat for several.
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    set: Vec<String>,
    /// Let users with this profile in. Repeat for several.
    #[arg(long, value_name = "NAME")]
    allow_profile: Vec<String>,
    /// Let users with this permission set in. Repeat for several.
    #[arg(long, value_name = "NAME")]
    allow_permission_set: Vec<String>,
    /// No longer let users in for this profile.
    #[arg(long, value_name = "NAME")]
    deny_profile: Vec<String>,
    /// No longer let users in for this permission set.
    #[arg(long, value_name = "NAME")]
    deny_permission_set: Vec<String>,
}

impl Edit {
    fn state_change(&self) -> Option<StateChange> {
        [
            (self.block, StateChange::Block),
            (self.unblock, StateChange::Unblock),
            (self.uninstall, StateChange::Uninstall),
            (self.install, StateChange::Install),
        ]
        .into_iter()
        .find_map(|(asked, change)| asked.then_some(change))
    }
}

impl Change {
    /// What is to change; `settings` come from elsewhere on the command line.
    fn edit(&self, settings: &[String]) -> Result<AppEdit, CommandError> {
        let settings = self
            .set
            .iter()
            .chain(settings)
            .map(|pair| {
                let (key, value) = pair.split_once('=').ok_or_else(|| {
                    CommandError::new(format!(
                        "expected SETTING=VALUE, such as sign=response, not {pair:?}"
                    ))
                })?;
                Ok((key.to_owned(), value.to_owned()))
            })
            .collect::<Result<_, CommandError>>()?;
        Ok(AppEdit {
            settings,
            allow_profiles: self.allow_profile.clone(),
            deny_profiles: self.deny_profile.clone(),
            allow_permission_sets: self.allow_permission_set.clone(),
            deny_permission_sets: self.deny_permission_set.clone(),
            ..AppEdit::default()
        })
    }
}

pub(super) fn run(
    command: AppCommand,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let desk = place.desk()?;
    let cx = desk.admin();
    match command {
        AppCommand::Add(add) => run_add(&add, &cx, output),
        AppCommand::List { search } => list(&search, &cx, output),
        AppCommand::Show { app } => {
            let view = apps::show(&cx, &app)?;
            let value = shown(&cx, &view);
            output.result(&value, || show_text(&view.stored, &value));
            Ok(())
        }
        AppCommand::Edit(edit) => run_edit(&edit, &cx, output),
        AppCommand::Remove { app } => {
            let removed = apps::remove(&cx, &app)?;
            output.result(&json!({ "removed": removed.api_name }), || {
                format!(
                    "removed {}; its users are refused from now on",
                    removed.api_name
                )
            });
            Ok(())
        }
    }
}

fn read_file(file: &PathBuf) -> Result<Vec<u8>, CommandError> {
    let octets = if file.as_os_str() == "-" {
        let mut octets = Vec::new();
        std::io::stdin().lock().read_to_end(&mut octets)?;
        octets
    } else {
        std::fs::read(file).map_err(|error| {
            CommandError::new(format!("cannot read {}: {error}", file.display()))
        })?
    };
    match encoding::to_utf8(&octets) {
        Ok(read) => Ok(read.into_owned()),
        Err(error) => Err(CommandError::new(format!("{}: {error}", file.display()))),
    }
}

fn certificates(files: &[PathBuf]) -> Result<Vec<String>, CommandError> {
    files
        .iter()
        .map(|file| Ok(String::from_utf8_lossy(&read_file(file)?).into_owned()))
        .collect()
}

/// Says of metadata that cannot be taken where it came from.
fn refused(source: &str, error: AdminError) -> CommandError {
    match error {
        AdminError::Refused(mut wrong) => {
            for wrong in &mut wrong {
                if matches!(wrong.field.as_str(), "metadata" | "signed_by" | "entity_id") {
                    wrong.field.clear();
                    let message = &wrong.message;
                    wrong.message = format!("{source} is refused, nothing was stored: {message}");
                }
            }
            CommandError::from(AdminError::Refused(wrong)).coded(INVALID)
        }
        other => other.into(),
    }
}

fn signature_text(signature: &DocumentSignature) -> String {
    match signature {
        DocumentSignature::Absent => "none".to_owned(),
        DocumentSignature::NotVerified => {
            "there is one, not verified: no trust key was given (--signed-by)".to_owned()
        }
        DocumentSignature::VerifiedBy(fingerprint) => {
            format!("verified by the key of {fingerprint}")
        }
    }
}

fn document(add: &Add, cx: &AdminContext<'_>) -> Result<Vec<u8>, CommandError> {
    if let Some(file) = &add.file {
        return read_file(file);
    }
    let typed = Typed {
        entity_id: add.entity_id.clone().unwrap_or_default(),
        name: String::new(),
        acs: add.acs.clone(),
        signing_certificates: certificates(&add.signing_certificate)?,
        encryption_certificates: certificates(&add.encryption_certificate)?,
        signs_requests: false,
    };
    Ok(apps::typed(cx, &typed, None)?)
}

fn run_add(add: &Add, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    let mut edit = add.change.edit(&[])?;
    edit.accept_broken = add.accept_broken;
    let confirmed = Confirmed {
        release: if add.accept_requested {
            Release::All
        } else {
            Release::default()
        },
        signed_by: certificates(&add.signed_by)?,
        api_name: add.api_name.clone(),
        edit,
    };
    let document = document(add, cx)?;
    let source = add.file.as_ref().map_or_else(
        || "the typed fields".to_owned(),
        |f| f.display().to_string(),
    );
    let pick = add.pick.as_deref();
    let take = if add.preview {
        apps::try_add
    } else {
        apps::add
    };
    let added = take(cx, &document, pick, &confirmed).map_err(|error| refused(&source, error))?;
    let signature = signature_text(&added.signature);
    let preview = &added.preview;
    if add.preview {
        let mut value = understood(preview, &signature);
        value["findings"] = findings::values(&added.findings);
        output.result(&value, || {
            format!(
                "{}{}",
                understood_text(preview, &signature),
                findings::lines(&added.findings)
            )
        });
        return Ok(());
    }
    let view = apps::show(cx, added.stored.app.id.as_str())?;
    let mut value = shown(cx, &view);
    value["preview"] = understood(preview, &signature);
    output.result(&value, || {
        format!(
            "{}\n{}{}",
            understood_text(preview, &signature),
            added_text(&added.stored.app, cx.settings, &view.profiles),
            findings::warnings(&added.findings),
        )
    });
    Ok(())
}

/// Where a new app is, and what keeps everybody out of it.
fn added_text(app: &App, settings: &Settings, profiles: &[(ProfileId, String)]) -> String {
    let (base, name) = (&settings.server.base_url, &app.api_name);
    let closed = app.policy.permitted_users == PermittedUsers::AdminApproved
        && app.policy.profiles.is_empty()
        && app.policy.permission_sets.is_empty();
    let next = if closed {
        let standard = profiles.iter().find(|(_, known)| known == STANDARD_PROFILE);
        let first = match standard.or(profiles.first()) {
            // The first user makes it; an organisation may well begin with its apps.
            None => format!("`avouch profile add \"{STANDARD_PROFILE}\"` makes a profile, "),
            Some(_) => String::new(),
        };
        let profile = standard
            .or(profiles.first())
            .map_or(STANDARD_PROFILE, |(_, name)| name);
        format!(
            "Nobody may enter yet: {first}`avouch app edit {name} --allow-profile \"{profile}\"` \
             lets a profile in, permitted_users=self_authorize everybody."
        )
    } else {
        String::new()
    };
    format!(
        "added as {name}\nlaunch URL   {base}/launch/{name}\nmetadata URL \
         {base}/saml/metadata/{name}\n{next}"
    )
}

fn run_edit(edit: &Edit, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    if edit.keep_metadata {
        let edited = apps::keep_values(cx, &edit.app)?;
        let view = apps::show(cx, edited.after.app.id.as_str())?;
        output.result(&shown(cx, &view), || {
            let name = &edited.after.app.api_name;
            format!(
                "{name}: what its metadata says has no end from now on; `avouch app edit {name} \
                 --metadata FILE` takes it back"
            )
        });
        return Ok(());
    }
    let mut wanted = edit.change.edit(&edit.settings)?;
    wanted.state = edit.state_change();
    wanted.accept_risky = edit.accept_risky;
    wanted.accept_broken = edit.accept_broken;
    if let Some(file) = &edit.metadata {
        // Read before the file, which may be long in coming: what is stored meanwhile was compared
        // with by nobody.
        let before = apps::show(cx, &edit.app)?.stored;
        let signed_by = certificates(&edit.signed_by)?;
        let compared = apps::compare(cx, &before, &read_file(file)?, &signed_by);
        wanted.metadata = Some(compared.map_err(|error| refused("the metadata", error))?);
    }
    let differences = wanted
        .metadata
        .as_ref()
        .map(|new| new.differences.as_slice());
    if edit.preview {
        let would = apps::preview(cx, &edit.app, &wanted)?;
        let said = said_changes(&would, differences);
        let differences = differences.unwrap_or_default();
        let value = json!({
            "stored": false, "changes": said, "findings": findings::values(&would.findings),
            "metadata_changes": differences.iter().map(|change| json!({
                "risky": change.is_risky(), "what": change.to_string(),
            })).collect::<Vec<_>>(),
        });
        output.result(&value, || {
            let lines = change_lines(differences) + &findings::lines(&would.findings);
            let name = &would.before.app.api_name;
            format!("{lines}{name}: would change: {said}; nothing was stored")
        });
        return Ok(());
    }
    let edited = apps::edit(cx, &edit.app, &wanted)?;
    let view = apps::show(cx, edited.after.app.id.as_str())?;
    output.result(&shown(cx, &view), || {
        format!(
            "{}: {}{}{}",
            edited.after.app.api_name,
            said_changes(&edited, differences),
            advice(&edited),
            findings::warnings(&edited.findings),
        )
    });
    Ok(())
}

/// What to think about in rows that are new.
fn advice(edited: &Edited) -> String {
    let known = &edited.before.app.definition.saml.attributes;
    let rows = &edited.after.app.definition.saml.attributes;
    rows.iter()
        .filter(|row| !known.contains(row))
        .filter_map(advice_on_name)
        .map(|advice| format!("\nwarning: {advice}"))
        .collect()
}

fn said_changes(edited: &Edited, metadata: Option<&[Difference]>) -> String {
    let mut said: Vec<String> = edited
        .lines
        .iter()
        .map(|(name, was, is)| match name.as_str() {
            "state" => format!("state from {was} to {is}"),
            name => format!("{name} from {was:?} to {is:?}"),
        })
        .collect();
    if let Some(differences) = metadata {
        let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
        said.push(match words.as_slice() {
            [] => "metadata read anew, without a difference".to_owned(),
            words => format!("metadata read anew ({})", words.join("; ")),
        });
    }
    if said.is_empty() {
        "nothing changed".to_owned()
    } else {
        said.join("; ")
    }
}

fn list(search: &str, cx: &AdminContext<'_>, output: &Output) -> Result<(), CommandError> {
    let all = apps::lines(cx, search)?;
    let value: Value = all
        .iter()
        .map(|(line, found)| {
            json!({ "id": line.id, "api_name": line.api_name, "name": line.name,
                    "entity_id": line.entity_id, "state": line.state,
                    "findings": findings::values(found) })
        })
        .collect();
    output.result(&value, || {
        if all.is_empty() {
            return "no apps; `avouch app add FILE` adds one".to_owned();
        }
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|(line, found)| {
                vec![
                    line.api_name.clone(),
                    line.name.clone(),
                    line.state.clone(),
                    line.entity_id.clone(),
                    findings::worst(found),
                ]
            })
            .collect();
        table(&["app", "name", "state", "entity ID", "attention"], &rows)
    });
    Ok(())
}
