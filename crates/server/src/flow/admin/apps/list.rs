//! The list of apps. What an app's metadata says comes from what the process keeps, so that a page
//! of the list reads and parses none that has not changed.

use std::sync::Arc;

use avouch_saml::metadata::SpMetadata;
use avouch_saml::time::Timestamp;

use super::metadata_of;
use crate::apps::readiness::{Finding, readiness as of_app};
use crate::apps::{App, AppId};
use crate::cache::apps::By;
use crate::fault::OperatorError;
use crate::flow::admin::{Acting, AdminContext, AdminError, SEES_APPS, readiness, view};
use crate::store::apps::AppLine;
use crate::store::state::Versions;
use crate::store::{self, Connection};

/// How many apps a page of the list has.
pub const PAGE: i64 = 50;

/// How many apps are read at a time where all are listed.
const BATCH: i64 = 500;

/// A page of the list.
#[derive(Debug)]
pub struct AppsPage {
    /// The apps.
    pub lines: Vec<Entry>,
    /// Whether more follow.
    pub more: bool,
    /// How many apps there are in all.
    pub total: i64,
    /// Who looks.
    pub viewer: Acting,
}

/// One app of the list. What comes from its metadata is missing when that does not read, or the app
/// went at this moment.
#[derive(Debug)]
pub struct Entry {
    /// Its names and state.
    pub line: AppLine,
    /// Where its logo is.
    pub logo_url: Option<String>,
    /// What its metadata says.
    pub sp: Option<Arc<SpMetadata>>,
    /// What keeps users from signing on to it.
    pub findings: Vec<Finding>,
    /// When somebody last signed in to it.
    pub last_used: Option<Timestamp>,
}

/// Lists apps whose names or entity ID contain `search`, after the API name `after`.
///
/// # Errors
/// [`AdminError`].
pub fn list(
    cx: &AdminContext<'_>,
    search: &str,
    after: Option<&str>,
) -> Result<AppsPage, AdminError> {
    let (read, last_used, total, viewer) = view(cx, SEES_APPS, |c, viewer| {
        let read = Read::at(c, cx, search, after, PAGE + 1)?;
        let ids: Vec<String> = read.lines.iter().map(|line| line.id.clone()).collect();
        let last_used = store::events::last_sign_ons(c, &ids)?;
        Ok((read, last_used, store::apps::count(c)?, viewer.clone()))
    })?;
    let more = read.lines.len() > PAGE as usize;
    let shown = read.lines.iter().take(PAGE as usize);
    let lines = shown
        .map(|line| {
            let seen = read.look(cx, line, |app, sp| {
                let findings = of_app(app, sp, &read.organisation, cx.now);
                (app.definition.logo_url.clone(), Arc::clone(sp), findings)
            });
            let (logo_url, sp, findings) = match seen {
                Some((logo_url, sp, findings)) => (logo_url, Some(sp), findings),
                None => (None, None, Vec::new()),
            };
            Entry {
                logo_url,
                sp,
                findings,
                last_used: last_used.get(&line.id).copied(),
                line: line.clone(),
            }
        })
        .collect();
    Ok(AppsPage {
        lines,
        more,
        total,
        viewer,
    })
}

/// Names and state of every app whose names or entity ID contain `search`, in the order of API
/// names, each with what keeps users from signing on to it.
///
/// # Errors
/// [`AdminError`].
pub fn lines(
    cx: &AdminContext<'_>,
    search: &str,
) -> Result<Vec<(AppLine, Vec<Finding>)>, AdminError> {
    let mut all: Vec<(AppLine, Vec<Finding>)> = Vec::new();
    loop {
        let after = all.last().map(|(line, _)| line.api_name.clone());
        let read = view(cx, SEES_APPS, |c, _| {
            Read::at(c, cx, search, after.as_deref(), BATCH)
        })?;
        all.extend(read.lines.iter().map(|line| {
            let findings = read.look(cx, line, |app, sp| {
                of_app(app, sp, &read.organisation, cx.now)
            });
            (line.clone(), findings.unwrap_or_default())
        }));
        if (read.lines.len() as i64) < BATCH {
            return Ok(all);
        }
    }
}

/// Lines of the list, with what is needed to say more of them.
struct Read<'s> {
    lines: Vec<AppLine>,
    versions: Versions,
    organisation: crate::apps::effective::Organisation<'s>,
}

impl<'s> Read<'s> {
    fn at(
        c: &mut Connection,
        cx: &AdminContext<'s>,
        search: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Self, AdminError> {
        Ok(Self {
            versions: store::state::versions(c)?,
            lines: store::apps::list(c, search, after, limit)?,
            organisation: readiness::organisation(c, cx.settings)?,
        })
    }

    /// What `seen` makes of the app of a line. One that does not read breaks no list: it is listed
    /// without, and the log says why.
    fn look<T>(
        &self,
        cx: &AdminContext<'_>,
        line: &AppLine,
        seen: impl FnOnce(&App, &Arc<SpMetadata>) -> T,
    ) -> Option<T> {
        let id = AppId::new(line.id.as_str());
        let looked = match cx.kept {
            Some(services) => services
                .app(self.versions, By::Id(&id), cx.now)
                .map(|ready| ready.map(|ready| seen(&ready.app, &ready.sp))),
            None => read_anew(cx, &id).map(|read| read.map(|(app, sp)| seen(&app, &sp))),
        };
        looked.unwrap_or_else(|error| {
            tracing::warn!(
                request.id = cx.origin.request_id,
                app.id = %id,
                error = error.for_the_log(),
                "an app is listed without what its metadata says"
            );
            None
        })
    }
}

fn read_anew(
    cx: &AdminContext<'_>,
    id: &AppId,
) -> Result<Option<(App, Arc<SpMetadata>)>, OperatorError> {
    let Some(stored) = cx.db.read_one(|c| store::apps::by_id(c, id))? else {
        return Ok(None);
    };
    let sp = metadata_of(&stored, cx.now)?;
    Ok(Some((stored.app, Arc::new(sp))))
}
