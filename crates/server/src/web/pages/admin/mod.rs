//! Pages of the administration.

mod app_conflict;
mod app_form;
mod app_form_apply;
mod app_list;
mod app_new;
mod app_preview;
mod app_remove;
mod app_settings;
mod app_simulate;
mod events;
mod findings;
mod keys;
mod user_new;
mod users;

pub use crate::text::CheckLine;
pub use app_conflict::{AppConflictPage, ChangeSince, Keep, SettingConflict};
pub use app_form::{AppForm, AttributeForm, FormAction, PRESETS, SOURCES};
pub use app_list::{AppListPage, AppRow, CertificateAge};
pub use app_new::{AppChoosePage, AppNewPage, EntityLine, TypedSp};
pub use app_preview::{
    AppPreviewPage, CertificateLine, Change, ChangeWeight, EndpointLine, PreviewSource,
    RequestedLine, Use,
};
pub use app_remove::{AppRemovePage, Leaving};
pub use app_settings::{AppSettingsPage, InForce};
pub use app_simulate::{AppSimulatePage, Simulation, ToldAttribute};
pub use events::{EventListPage, EventPage, EventRow};
pub use findings::FindingLine;
pub use keys::{KeyLine, KeyListPage, KeyState};
pub use user_new::{UserForm, UserNewPage};
pub use users::{UserListPage, UserPage, UserRow};

pub(super) use events::{checks_for_samples, tone_of};

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let mut pages = Vec::new();
    pages.extend(app_list::samples());
    pages.extend(app_new::samples());
    pages.extend(app_preview::samples());
    pages.extend(app_settings::samples());
    pages.extend(app_conflict::samples());
    pages.extend(app_remove::samples());
    pages.extend(app_simulate::samples());
    pages.extend(events::samples());
    pages.extend(users::samples());
    pages.extend(user_new::samples());
    pages.extend(keys::samples());
    pages
}
