//! Connected apps.

use avouch_saml::time::Timestamp;
use diesel::prelude::*;

use super::schema::{app_assignments, app_definitions, app_installs, app_saml, state};
use super::state::{Kind, VERSIONS, Versions};
use super::{Conflict, Connection, ORGANISATION, StoreError, kept, on_each};
use crate::apps::saml::SamlSettings;
use crate::apps::{App, AppId, AppState, Definition, LocalPolicy};
use crate::users::{PermissionSetId, ProfileId};

/// An app with what its SP says of itself.
#[derive(Debug, Clone)]
pub struct StoredApp {
    /// The app.
    pub app: App,
    /// The SP's entity ID: the metadata's, unique.
    pub entity_id: String,
    /// The SP's metadata: the EntityDescriptor as uploaded, or made from typed fields.
    pub metadata_xml: Vec<u8>,
    /// How often it was written, counted from 1: what [`update`] compares. [`insert`] passes it
    /// over.
    pub version: i64,
}

/// A line of a list of apps.
#[derive(Debug, Clone, Queryable)]
pub struct AppLine {
    /// Row.
    pub id: String,
    /// Short name.
    pub api_name: String,
    /// Name shown to people.
    pub name: String,
    /// The SP's entity ID.
    pub entity_id: String,
    /// `installed`, `blocked` or `uninstalled`.
    pub state: String,
    /// When it last changed, in milliseconds since 1970.
    pub updated_at: i64,
}

/// An app with its install and what SAML needs of it.
macro_rules! joined {
    () => {
        app_definitions::table
            .inner_join(app_installs::table)
            .inner_join(app_saml::table)
    };
}

/// The columns of an [`AppRow`].
macro_rules! columns {
    () => {
        (
            app_definitions::id,
            app_definitions::api_name,
            app_definitions::name,
            app_saml::entity_id,
            app_installs::state,
            app_definitions::definition,
            app_saml::settings,
            app_installs::policy,
            app_definitions::created_at,
            app_definitions::updated_at,
        )
    };
}

/// What [`complete`] needs.
macro_rules! whole {
    () => {
        (
            columns!(),
            (app_saml::metadata_xml, app_definitions::version),
        )
    };
}

/// The app whose SP has this entity ID, compared byte for byte.
///
/// # Errors
/// As any statement; [`StoreError::Damaged`] when a JSON column does not read.
pub fn by_entity_id(c: &mut Connection, id: &str) -> Result<Option<StoredApp>, StoreError> {
    let found = joined!()
        .filter(app_saml::entity_id.eq(id))
        .select(whole!())
        .first(c)
        .optional()?;
    complete(c, found)
}

/// The app with this row.
///
/// # Errors
/// As [`by_entity_id`].
pub fn by_id(c: &mut Connection, id: &AppId) -> Result<Option<StoredApp>, StoreError> {
    let found = joined!()
        .filter(app_definitions::id.eq(id.as_str()))
        .select(whole!())
        .first(c)
        .optional()?;
    complete(c, found)
}

/// The app with this API name.
///
/// # Errors
/// As [`by_entity_id`].
pub fn by_api_name(c: &mut Connection, name: &str) -> Result<Option<StoredApp>, StoreError> {
    let found = joined!()
        .filter(app_definitions::api_name.eq(name))
        .select(whole!())
        .first(c)
        .optional()?;
    complete(c, found)
}

/// The version of the app's row, and the versions by kind that it is true at, in one statement;
/// `None` when the app is gone.
///
/// # Errors
/// As any statement.
pub fn version(c: &mut Connection, id: &AppId) -> Result<Option<(Versions, i64)>, StoreError> {
    Ok(on_each!(c, |c| state::table
        .inner_join(app_definitions::table.on(app_definitions::id.eq(id.as_str())))
        .filter(state::id.eq(1))
        .select((VERSIONS, app_definitions::version))
        .get_result(c)
        .optional())?)
}

/// The app that people mean by `text`: its row, API name or entity ID.
///
/// # Errors
/// As [`by_entity_id`].
pub fn by_any_name(c: &mut Connection, text: &str) -> Result<Option<StoredApp>, StoreError> {
    let found = joined!()
        .filter(app_definitions::api_name.eq(text))
        .or_filter(app_definitions::id.eq(text))
        .or_filter(app_saml::entity_id.eq(text))
        .select(whole!())
        .first(c)
        .optional()?;
    complete(c, found)
}

/// Apps in the order of their API names, after `after`, at most `limit`; `search` keeps those
/// whose name, API name or entity ID contains it.
///
/// # Errors
/// As any statement.
pub fn list(
    c: &mut Connection,
    search: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<AppLine>, StoreError> {
    let mut page = joined!()
        .select((
            app_definitions::id,
            app_definitions::api_name,
            app_definitions::name,
            app_saml::entity_id,
            app_installs::state,
            app_definitions::updated_at,
        ))
        .order(app_definitions::api_name)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        page = page.filter(app_definitions::api_name.gt(after));
    }
    if !search.is_empty() {
        let pattern = super::users::contains(search);
        page = page.filter(
            app_definitions::api_name
                .like(pattern.clone())
                .escape('\\')
                .or(app_definitions::name.like(pattern.clone()).escape('\\'))
                .or(app_saml::entity_id.like(pattern).escape('\\')),
        );
    }
    Ok(page.load(c)?)
}

/// How many apps there are.
///
/// # Errors
/// As any statement.
pub fn count(c: &mut Connection) -> Result<i64, StoreError> {
    Ok(app_definitions::table.count().get_result(c)?)
}

/// Every app without its metadata, with the entity ID, in the order of API names: for the
/// launcher, which asks the access rules about each. Cache it by the version of apps.
///
/// # Errors
/// As [`by_entity_id`].
pub fn all(c: &mut Connection) -> Result<Vec<(App, String)>, StoreError> {
    let rows = joined!()
        .select(columns!())
        .order(app_definitions::api_name)
        .load::<AppRow>(c)?;
    let mut assignments: std::collections::HashMap<String, Vec<(String, String)>> =
        std::collections::HashMap::new();
    for (app, kind, target) in app_assignments::table.load::<(String, String, String)>(c)? {
        assignments.entry(app).or_default().push((kind, target));
    }
    rows.into_iter()
        .map(|row| {
            let assigned = assignments.remove(&row.id).unwrap_or_default();
            let entity_id = row.entity_id.clone();
            Ok((row.into_app(assigned)?, entity_id))
        })
        .collect()
}

/// Adds an app.
///
/// # Errors
/// [`StoreError::Conflict`]: the entity ID or API name is taken.
pub fn insert(c: &mut Connection, stored: &StoredApp) -> Result<(), StoreError> {
    let id = stored.app.id.as_str();
    let row = AsStored::default();
    diesel::insert_into(app_definitions::table)
        .values((
            app_definitions::id.eq(id),
            app_definitions::created_at.eq(stored.app.created_at.millis()),
            app_definitions::version.eq(1),
            DefinitionRow::of(stored, &row),
        ))
        .execute(c)?;
    diesel::insert_into(app_installs::table)
        .values((app_installs::app_id.eq(id), InstallRow::of(stored, &row)))
        .execute(c)?;
    diesel::insert_into(app_saml::table)
        .values((app_saml::app_id.eq(id), SamlRow::of(stored, &row)))
        .execute(c)?;
    #[cfg(feature = "later-stored-form")]
    add_fields_of_tomorrow(c, stored)?;
    insert_assignments(c, &stored.app)?;
    super::state::bump(c, Kind::Apps)
}

/// Writes every field of an app as it was read, and raises its version. What another version of Avouch
/// put there stays.
///
/// # Errors
/// [`StoreError::Conflict`]: the entity ID or API name is taken, the app is gone, or it is of
/// another version than `stored`.
pub fn update(c: &mut Connection, stored: &StoredApp) -> Result<(), StoreError> {
    let id = stored.app.id.as_str();
    let row = app_definitions::table.filter(app_definitions::id.eq(id));
    let before = joined!()
        .filter(app_definitions::id.eq(id))
        .select((
            app_definitions::definition,
            app_saml::settings,
            app_installs::policy,
            app_installs::state,
        ))
        .first::<AsStored>(c)
        .optional()?
        .unwrap_or_default();
    let changed = diesel::update(row.filter(app_definitions::version.eq(stored.version)))
        .set((
            DefinitionRow::of(stored, &before),
            app_definitions::version.eq(stored.version + 1),
        ))
        .execute(c)?;
    if changed == 0 {
        let app = format!("app {}", stored.app.api_name);
        let is_there = row.count().get_result::<i64>(c)? == 1;
        return Err(Conflict::of_nothing_written(is_there, app).into());
    }
    diesel::update(app_installs::table.find((id, ORGANISATION)))
        .set(InstallRow::of(stored, &before))
        .execute(c)?;
    diesel::update(app_saml::table.find(id))
        .set(SamlRow::of(stored, &before))
        .execute(c)?;
    let ours = app_assignments::kind.eq_any([PROFILE, PERMISSION_SET]);
    diesel::delete(
        app_assignments::table
            .filter(app_assignments::app_id.eq(id))
            .filter(ours),
    )
    .execute(c)?;
    insert_assignments(c, &stored.app)?;
    super::state::bump(c, Kind::Apps)
}

/// Removes an app with its assignments and consents. Events stay.
///
/// # Errors
/// As any statement.
pub fn remove(c: &mut Connection, id: &AppId) -> Result<bool, StoreError> {
    let removed = diesel::delete(app_definitions::table.find(id.as_str())).execute(c)?;
    super::state::bump(c, Kind::Apps)?;
    Ok(removed == 1)
}

#[cfg(feature = "later-stored-form")]
fn add_fields_of_tomorrow(c: &mut Connection, stored: &StoredApp) -> Result<(), StoreError> {
    let id = stored.app.id.as_str();
    let definition = super::later::with_field(&super::json(&stored.app.definition));
    let settings = super::later::with_field(&super::json(&stored.app.definition.saml));
    diesel::update(app_definitions::table.find(id))
        .set(app_definitions::definition.eq(definition))
        .execute(c)?;
    diesel::update(app_saml::table.find(id))
        .set(app_saml::settings.eq(settings))
        .execute(c)?;
    Ok(())
}

const PROFILE: &str = "profile";
const PERMISSION_SET: &str = "permission_set";

fn insert_assignments(c: &mut Connection, app: &App) -> Result<(), StoreError> {
    let profiles = app.policy.profiles.iter().map(|p| (PROFILE, p.as_str()));
    let sets = app
        .policy
        .permission_sets
        .iter()
        .map(|s| (PERMISSION_SET, s.as_str()));
    for (kind, target) in profiles.chain(sets) {
        diesel::insert_into(app_assignments::table)
            .values((
                app_assignments::app_id.eq(app.id.as_str()),
                app_assignments::kind.eq(kind),
                app_assignments::target_id.eq(target),
            ))
            .execute(c)?;
    }
    Ok(())
}

fn complete(
    c: &mut Connection,
    found: Option<(AppRow, (Vec<u8>, i64))>,
) -> Result<Option<StoredApp>, StoreError> {
    let Some((row, (metadata_xml, version))) = found else {
        return Ok(None);
    };
    let assigned = app_assignments::table
        .filter(app_assignments::app_id.eq(&row.id))
        .select((app_assignments::kind, app_assignments::target_id))
        .load::<(String, String)>(c)?;
    let entity_id = row.entity_id.clone();
    Ok(Some(StoredApp {
        app: row.into_app(assigned)?,
        entity_id,
        metadata_xml,
        version,
    }))
}

#[derive(Queryable)]
struct AppRow {
    id: String,
    api_name: String,
    name: String,
    entity_id: String,
    state: String,
    definition: String,
    saml: String,
    policy: String,
    created_at: i64,
    updated_at: i64,
}

impl AppRow {
    fn into_app(self, assigned: Vec<(String, String)>) -> Result<App, StoreError> {
        let damaged = |column: &str, detail: &dyn std::fmt::Display| {
            StoreError::damaged(format!("{column} of {}", self.api_name), detail)
        };
        let definition = kept::read::<Definition>(&self.definition)
            .map_err(|error| damaged("app_definitions.definition", &error))?;
        let saml = kept::read::<SamlSettings>(&self.saml)
            .map_err(|error| damaged("app_saml.settings", &error))?;
        let policy = kept::read::<LocalPolicy>(&self.policy)
            .map_err(|error| damaged("app_installs.policy", &error))?;
        let mut not_understood = policy.fields;
        not_understood.extend(policy.values);
        not_understood.extend(definition.values);
        not_understood.extend(saml.values);
        let (mut definition, mut policy) = (definition.value, policy.value);
        definition.saml = saml.value;
        let state = AppState::parse(&self.state).unwrap_or_else(|| {
            not_understood.push("state".to_owned());
            AppState::Uninstalled
        });
        for (kind, target) in assigned {
            match kind.as_str() {
                PROFILE => policy.profiles.push(ProfileId::new(target)),
                PERMISSION_SET => policy.permission_sets.push(PermissionSetId::new(target)),
                // An assignment of a kind this version does not know lets nobody in.
                _ => {}
            }
        }
        Ok(App {
            id: AppId::new(self.id),
            api_name: self.api_name,
            name: self.name,
            state,
            definition,
            policy,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            not_understood,
        })
    }
}

/// What is stored of an app and may say more than this version knows; empty of one that is new.
#[derive(Default, Queryable)]
struct AsStored {
    definition: String,
    saml: String,
    policy: String,
    state: String,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = app_definitions)]
struct DefinitionRow<'a> {
    api_name: &'a str,
    name: &'a str,
    definition: String,
    updated_at: i64,
}

impl<'a> DefinitionRow<'a> {
    fn of(stored: &'a StoredApp, before: &AsStored) -> Self {
        Self {
            api_name: &stored.app.api_name,
            name: &stored.app.name,
            definition: kept::rewrite(&before.definition, &stored.app.definition),
            updated_at: stored.app.updated_at.millis(),
        }
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = app_installs)]
struct InstallRow<'a> {
    state: &'a str,
    policy: String,
}

impl<'a> InstallRow<'a> {
    fn of(stored: &'a StoredApp, before: &'a AsStored) -> Self {
        let state = stored.app.state;
        // A state that is unknown here counts as the one that lets nobody in; it stays until another
        // is chosen.
        let is_kept = state == AppState::Uninstalled && AppState::parse(&before.state).is_none();
        Self {
            state: if is_kept && !before.state.is_empty() {
                &before.state
            } else {
                state.as_str()
            },
            policy: kept::rewrite(&before.policy, &stored.app.policy),
        }
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = app_saml)]
struct SamlRow<'a> {
    entity_id: &'a str,
    settings: String,
    metadata_xml: &'a [u8],
}

impl<'a> SamlRow<'a> {
    fn of(stored: &'a StoredApp, before: &AsStored) -> Self {
        Self {
            entity_id: &stored.entity_id,
            settings: kept::rewrite(&before.saml, &stored.app.definition.saml),
            metadata_xml: &stored.metadata_xml,
        }
    }
}
