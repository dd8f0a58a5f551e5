//! `avouch app`: connected apps.

use std::io::Read as _;
use std::path::PathBuf;

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::{Change as Difference, MetadataError, Reading, SpMetadata, diff};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CommandError;
use super::app_shown::{change_lines, show_text, shown, understood, understood_text};
use super::findings;
use super::open::{About, Place, change, new_id, not_found, now};
use super::output::{Output, table};
use crate::apps::api_name::{free_api_name, is_api_name};
use crate::apps::draft::Draft;
use crate::apps::onboard::federation;
use crate::apps::onboard::preview::Preview;
use crate::apps::onboard::typed::{Typed, typed_to_metadata};
use crate::apps::onboard::{selection, signed};
use crate::apps::readiness::{Finding, of_settings};
use crate::apps::row::advice_on_name;
use crate::apps::settings::{apply_setting, changes};
use crate::apps::{App, AppId, AppState, StateChange};
use crate::audit::EventKind;
use crate::config::Settings;
use crate::flow::admin::readiness::{self, weigh};
use crate::store::apps::StoredApp;
use crate::store::{Connection, Db, StoreError, apps, keys, permission_sets, profiles};

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
    fn apply(
        &self,
        c: &mut Connection,
        draft: &mut Draft,
        settings: &[String],
    ) -> Result<(), CommandError> {
        for pair in self.set.iter().chain(settings) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                CommandError::new(format!(
                    "expected SETTING=VALUE, such as sign=response, not {pair:?}"
                ))
            })?;
            apply_setting(draft, key, value)?;
        }
        let known = profiles::all(c)?;
        let find = |name: &String| {
            known
                .iter()
                .find(|(_, n)| n == name)
                .map(|(id, _)| id.clone())
                .ok_or_else(|| not_found("profile", name, &names(&known)))
        };
        for name in &self.allow_profile {
            let id = find(name)?;
            if !draft.policy.profiles.contains(&id) {
                draft.policy.profiles.push(id);
            }
        }
        for name in &self.deny_profile {
            let id = find(name)?;
            draft.policy.profiles.retain(|p| *p != id);
        }
        let known = permission_sets::all(c)?;
        let find = |name: &String| {
            known
                .iter()
                .find(|(_, n)| n == name)
                .map(|(id, _)| id.clone())
                .ok_or_else(|| not_found("permission set", name, &names(&known)))
        };
        for name in &self.allow_permission_set {
            let id = find(name)?;
            if !draft.policy.permission_sets.contains(&id) {
                draft.policy.permission_sets.push(id);
            }
        }
        for name in &self.deny_permission_set {
            let id = find(name)?;
            draft.policy.permission_sets.retain(|p| *p != id);
        }
        Ok(())
    }
}

/// Refuses a key that does not exist and an algorithm that is blocked, before either could fail a
/// sign-on.
fn check_selection(
    c: &mut Connection,
    settings: &Settings,
    draft: &Draft,
) -> Result<(), CommandError> {
    let saml = &draft.definition.saml;
    if let Some(wrong) = selection::blocked(saml, &settings.saml.defaults.algorithms) {
        return Err(CommandError::new(wrong));
    }
    let Some(wanted) = &saml.signing_key else {
        return Ok(());
    };
    let usable = keys::all(c)?
        .into_iter()
        .any(|key| key.id == *wanted && key.purpose == "signing" && key.state != "retired");
    if usable {
        return Ok(());
    }
    Err(CommandError::new(format!(
        "signing_key: expected the id of a signing key that is not retired, received {wanted:?}; \
         `avouch key list` shows them"
    )))
}

fn names<I>(known: &[(I, String)]) -> Vec<String> {
    known.iter().map(|(_, name)| name.clone()).collect()
}

pub(super) fn run(
    command: AppCommand,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let (settings, db) = place.database()?;
    match command {
        AppCommand::Add(add) => run_add(&add, &settings, &db, output),
        AppCommand::List { search } => list(&search, &settings, &db, output),
        AppCommand::Show { app } => {
            let stored = find(&db, &app)?;
            let value = shown(&settings, &stored, &db)?;
            output.result(&value, || show_text(&stored, &value));
            Ok(())
        }
        AppCommand::Edit(edit) => run_edit(&edit, &settings, &db, output),
        AppCommand::Remove { app } => {
            let stored = find(&db, &app)?;
            change(
                &db,
                |_: &bool| about(&stored, "removed the app"),
                |c| Ok(apps::remove(c, &stored.app.id)?),
            )?;
            output.result(&json!({ "removed": stored.app.api_name }), || {
                format!(
                    "removed {}; its users are refused from now on",
                    stored.app.api_name
                )
            });
            Ok(())
        }
    }
}

fn read_file(file: &PathBuf) -> Result<Vec<u8>, CommandError> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(file)
        .map_err(|error| CommandError::new(format!("cannot read {}: {error}", file.display())))
}

/// A metadata file, and a line that says what is known of its signature. With certificates only
/// what their keys signed is read.
struct MetadataFile {
    octets: Vec<u8>,
    reading: Reading,
    signature: String,
}

impl MetadataFile {
    fn read(
        file: &PathBuf,
        signed_by: &[PathBuf],
        settings: &Settings,
    ) -> Result<Self, CommandError> {
        let octets = read_file(file)?;
        if signed_by.is_empty() {
            let reading = Reading::at(now());
            let signature = if federation::is_signed(&octets, &reading) {
                "there is one, not verified: no trust key was given (--signed-by)"
            } else {
                "none"
            };
            return Ok(Self {
                octets,
                reading,
                signature: signature.to_owned(),
            });
        }
        let certificates = certificates(signed_by)?;
        let policy = &settings.saml.defaults.algorithms;
        let verified = signed::verify(&octets, &certificates, policy, now()).map_err(|error| {
            CommandError::new(format!(
                "{} is refused, nothing was stored: {error}",
                file.display()
            ))
        })?;
        Ok(Self {
            octets: verified.octets,
            reading: Reading::of_source(now()),
            signature: format!("verified by the key of {}", verified.fingerprint),
        })
    }
}

fn certificates(files: &[PathBuf]) -> Result<Vec<String>, CommandError> {
    files
        .iter()
        .map(|file| Ok(String::from_utf8_lossy(&read_file(file)?).into_owned()))
        .collect()
}

fn document(add: &Add, settings: &Settings) -> Result<(Vec<u8>, String), CommandError> {
    if let Some(file) = &add.file {
        let found = MetadataFile::read(file, &add.signed_by, settings)?;
        let refused = |error: MetadataError| {
            CommandError::new(format!(
                "{} is refused, nothing was stored: {error}",
                file.display()
            ))
        };
        let Some(pick) = &add.pick else {
            SpMetadata::parse(&found.octets, &found.reading).map_err(refused)?;
            return Ok((found.octets, found.signature));
        };
        let wanted = EntityId::parse(pick).map_err(|error| CommandError::new(error.to_string()))?;
        let entity = federation::extract(&found.octets, &found.reading, &wanted)
            .map_err(refused)?
            .ok_or_else(|| {
                CommandError::new(format!(
                    "{} holds no usable service provider with the entity ID {pick:?}",
                    file.display()
                ))
            })?;
        return Ok((entity, found.signature));
    }
    let typed = typed_to_metadata(&Typed {
        entity_id: add.entity_id.clone().unwrap_or_default(),
        name: String::new(),
        acs: add.acs.clone(),
        signing_certificates: certificates(&add.signing_certificate)?,
        encryption_certificates: certificates(&add.encryption_certificate)?,
        signs_requests: false,
    })?;
    Ok((typed, "none".to_owned()))
}

fn run_add(add: &Add, settings: &Settings, db: &Db, output: &Output) -> Result<(), CommandError> {
    let base = &settings.server.base_url;
    let (xml, signature) = document(add, settings)?;
    let source = add.file.as_ref().map_or_else(
        || "the typed fields".to_owned(),
        |f| f.display().to_string(),
    );
    let mut preview = Preview::read(&xml, now()).map_err(|error| {
        CommandError::new(format!("{source} is refused, nothing was stored: {error}"))
    })?;
    if add.accept_requested {
        preview.accept_proposals();
        preview.accept_identifying();
    }
    if let Some(name) = &add.api_name {
        if !is_api_name(name) {
            return Err(CommandError::new(format!(
                "--api-name: expected 1 to 40 lower-case letters, digits and hyphens, received \
                 {name:?}"
            )));
        }
        preview.draft.api_name.clone_from(name);
    }
    if add.preview {
        let (draft, found) = db.read(|c| {
            let mut draft = preview.draft.clone();
            add.change.apply(c, &mut draft, &[])?;
            check_selection(c, settings, &draft)?;
            let organisation = readiness::organisation(c, settings)?;
            let found = of_settings(&draft.definition, &preview.sp, &organisation, now());
            Ok::<_, CommandError>((draft, found))
        })?;
        preview.draft = draft;
        let mut value = understood(&preview, &signature);
        value["findings"] = findings::values(&found);
        output.result(&value, || {
            format!(
                "{}{}",
                understood_text(&preview, &signature),
                findings::lines(&found)
            )
        });
        return Ok(());
    }
    let entity_id = preview.sp.entity_id.to_string();
    let stored = change(
        db,
        |stored: &StoredApp| about(stored, "added the app"),
        |c| {
            let mut draft = preview.draft.clone();
            add.change.apply(c, &mut draft, &[])?;
            check_selection(c, settings, &draft)?;
            let wanted = add.api_name.as_ref();
            let api_name = match wanted {
                Some(name) => name.clone(),
                None => {
                    let mut trouble = None;
                    let name = free_api_name(&draft.api_name, |name| {
                        apps::by_api_name(c, name)
                            .map(|found| found.is_some())
                            .unwrap_or_else(|error| {
                                trouble = Some(error);
                                false
                            })
                    });
                    if let Some(error) = trouble {
                        return Err(error.into());
                    }
                    name
                }
            };
            draft.api_name = api_name;
            let mut app = App {
                id: AppId::new(new_id()),
                api_name: String::new(),
                name: String::new(),
                state: AppState::Installed,
                definition: draft.definition.clone(),
                policy: draft.policy.clone(),
                created_at: now(),
                updated_at: now(),
            };
            draft.write_into(&mut app);
            let stored = StoredApp {
                app,
                entity_id: entity_id.clone(),
                metadata_xml: xml.clone(),
                version: 1,
            };
            let organisation = readiness::organisation(c, settings)?;
            let after = (&stored.app, &preview.sp);
            weigh(None, after, &organisation, now(), add.accept_broken)?;
            apps::insert(c, &stored)?;
            Ok(stored)
        },
    )?;
    let found = db.read(|c| {
        let organisation = readiness::organisation(c, settings)?;
        Ok::<_, CommandError>(readiness::of_stored(&stored, &organisation, now()))
    })?;
    let mut value = shown(settings, &stored, db)?;
    value["preview"] = understood(&preview, &signature);
    output.result(&value, || {
        let closed = stored.app.policy.permitted_users == crate::apps::PermittedUsers::AdminApproved
            && stored.app.policy.profiles.is_empty()
            && stored.app.policy.permission_sets.is_empty();
        format!(
            "{}\nadded as {}\nlaunch URL   {base}/launch/{}\nmetadata URL {base}/saml/metadata/{}\n{}{}",
            understood_text(&preview, &signature),
            stored.app.api_name,
            stored.app.api_name,
            stored.app.api_name,
            if closed {
                format!(
                    "Nobody may enter yet: `avouch app edit {} --allow-profile \"Standard User\"` \
                     lets a profile in, permitted_users=self_authorize everybody.",
                    stored.app.api_name
                )
            } else {
                String::new()
            },
            findings::warnings(&found),
        )
    });
    Ok(())
}

/// The metadata of this file that is the app's, and what it would change.
fn new_metadata(
    file: MetadataFile,
    before: &StoredApp,
) -> Result<(Vec<u8>, Vec<Difference>), CommandError> {
    let refused = |error: String| {
        CommandError::new(format!(
            "the metadata is refused, nothing was stored: {error}"
        ))
    };
    let MetadataFile {
        octets: mut document,
        reading,
        ..
    } = file;
    let mut read = SpMetadata::parse(&document, &reading);
    let is_it = |sp: &SpMetadata| sp.entity_id.as_str() == before.entity_id;
    if !read.as_ref().is_ok_and(is_it)
        && let Ok(wanted) = EntityId::parse(&before.entity_id)
        && let Ok(Some(own)) = federation::extract(&document, &reading, &wanted)
    {
        read = SpMetadata::parse(&own, &reading);
        document = own;
    }
    let new = read.map_err(|error| refused(error.to_string()))?;
    if !is_it(&new) {
        return Err(CommandError::new(format!(
            "the metadata is of {}, the app of {}: add another app for it; nothing was stored",
            new.entity_id, before.entity_id
        )));
    }
    let old = SpMetadata::parse(&before.metadata_xml, &Reading::of_any_age(now()))
        .map_err(|error| refused(format!("what is stored does not read: {error}")))?;
    Ok((document, diff(&old, &new)))
}

fn run_edit(
    edit: &Edit,
    settings: &Settings,
    db: &Db,
    output: &Output,
) -> Result<(), CommandError> {
    let before = find(db, &edit.app)?;
    let file = edit.metadata.as_ref();
    let file = file.map(|file| MetadataFile::read(file, &edit.signed_by, settings));
    let mut differences = Vec::new();
    let mut xml = None;
    if let Some(file) = file.transpose()? {
        let (document, found) = new_metadata(file, &before)?;
        (xml, differences) = (Some(document), found);
    }
    let differences = xml.is_some().then_some(differences.as_slice());
    let edited = |c: &mut Connection| {
        let mut stored = before.clone();
        let mut draft = Draft::of(&stored.app);
        edit.change.apply(c, &mut draft, &edit.settings)?;
        check_selection(c, settings, &draft)?;
        draft.write_into(&mut stored.app);
        if let Some(wanted) = edit.state_change() {
            stored.app.change_state(wanted).map_err(CommandError::new)?;
        }
        if let Some(xml) = &xml {
            stored.metadata_xml.clone_from(xml);
        }
        stored.app.updated_at = now();
        Ok::<_, CommandError>(stored)
    };
    // Read away from the transaction that writes: metadata can be long.
    let read = |xml: &[u8]| {
        SpMetadata::parse(xml, &Reading::of_any_age(now()))
            .map_err(|error| CommandError::new(format!("the metadata does not read: {error}")))
    };
    let old_sp = read(&before.metadata_xml)?;
    let new_sp = xml.as_deref().map(read).transpose()?;
    let brought_about = |c: &mut Connection, after: &StoredApp, accepted: bool| {
        let organisation = readiness::organisation(c, settings)?;
        let is = (&after.app, new_sp.as_ref().unwrap_or(&old_sp));
        let was = Some((&before.app, &old_sp));
        Ok::<_, CommandError>(weigh(was, is, &organisation, now(), accepted)?)
    };
    let lines = change_lines(differences.unwrap_or_default());
    let risky = differences
        .unwrap_or_default()
        .iter()
        .any(Difference::is_risky);
    if edit.preview {
        let (after, found) = db.read(|c| {
            let after = edited(c)?;
            let found = brought_about(c, &after, true)?;
            Ok::<_, CommandError>((after, found))
        })?;
        let said = said_changes(&before, &after, differences);
        let value = json!({
            "stored": false, "changes": said, "findings": findings::values(&found),
            "metadata_changes": differences.unwrap_or_default().iter().map(|change| json!({
                "risky": change.is_risky(), "what": change.to_string(),
            })).collect::<Vec<_>>(),
        });
        output.result(&value, || {
            format!(
                "{lines}{}{}: would change: {said}; nothing was stored",
                findings::lines(&found),
                before.app.api_name
            )
        });
        return Ok(());
    }
    if risky && !edit.accept_risky {
        return Err(CommandError::new(format!(
            "the new metadata has changes to check with the app's owner; nothing was stored\n\
             {lines}If they are meant, add --accept-risky"
        )));
    }
    let (after, found) = change(
        db,
        |(after, _): &(StoredApp, _)| {
            let said = said_changes(&before, after, differences);
            about(after, &format!("edited ({said}) the app"))
        },
        |c| {
            let stored = edited(c)?;
            let found = brought_about(c, &stored, edit.accept_broken)?;
            apps::update(c, &stored)?;
            Ok((stored, found))
        },
    )?;
    let value = shown(settings, &after, db)?;
    output.result(&value, || {
        format!(
            "{}: {}{}{}",
            after.app.api_name,
            said_changes(&before, &after, differences),
            advice(&before, &after),
            findings::warnings(&found),
        )
    });
    Ok(())
}

/// What to think about in rows that are new.
fn advice(before: &StoredApp, after: &StoredApp) -> String {
    let known = &before.app.definition.saml.attributes;
    after
        .app
        .definition
        .saml
        .attributes
        .iter()
        .filter(|row| !known.contains(row))
        .filter_map(advice_on_name)
        .map(|advice| format!("\nwarning: {advice}"))
        .collect()
}

fn said_changes(before: &StoredApp, after: &StoredApp, metadata: Option<&[Difference]>) -> String {
    let mut said: Vec<String> = changes(&Draft::of(&before.app), &Draft::of(&after.app))
        .into_iter()
        .map(|(setting, was, is)| format!("{} from {was:?} to {is:?}", setting.key))
        .collect();
    if before.app.state != after.app.state {
        said.push(format!(
            "state from {} to {}",
            before.app.state.as_str(),
            after.app.state.as_str()
        ));
    }
    if before.app.policy.profiles != after.app.policy.profiles
        || before.app.policy.permission_sets != after.app.policy.permission_sets
    {
        said.push("who may enter".to_owned());
    }
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

fn find(db: &Db, name: &str) -> Result<StoredApp, CommandError> {
    db.read(|c| {
        if let Some(found) = apps::by_any_name(c, name)? {
            return Ok(found);
        }
        let some: Vec<String> = apps::list(c, "", None, 1_000)?
            .into_iter()
            .map(|line| line.api_name)
            .collect();
        Err(not_found("app", name, &some))
    })
}

fn list(search: &str, settings: &Settings, db: &Db, output: &Output) -> Result<(), CommandError> {
    const PAGE: i64 = 500;
    let mut all: Vec<(apps::AppLine, Vec<Finding>)> = Vec::new();
    loop {
        let after = all.last().map(|(line, _)| line.api_name.clone());
        let page = db.read(|c| {
            let organisation = readiness::organisation(c, settings)?;
            let lines = apps::list(c, search, after.as_deref(), PAGE)?;
            lines
                .into_iter()
                .map(|line| {
                    let stored = apps::by_id(c, &AppId::new(line.id.as_str()))?;
                    let found = stored.map_or_else(Vec::new, |stored| {
                        readiness::of_stored(&stored, &organisation, now())
                    });
                    Ok((line, found))
                })
                .collect::<Result<Vec<_>, StoreError>>()
        })?;
        let last = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        all.extend(page);
        if last {
            break;
        }
    }
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

fn about(stored: &StoredApp, done: &str) -> (EventKind, String, About) {
    (
        EventKind::Admin,
        format!("{done} {}", stored.app.api_name),
        About {
            user: None,
            app: Some((
                stored.app.id.to_string(),
                stored.app.name.clone(),
                stored.entity_id.clone(),
            )),
        },
    )
}
