//! Every page, as plain data in and HTML out.
//!
//! A page is a struct with its data in public fields; [`Page::html`] writes it. Handlers fill the
//! structs, and nothing here knows a request, a database or a clock. All text from outside is
//! escaped by askama; the pages need neither inline script nor inline style, and every one of
//! them works with scripts off (see [`policy`] for the headers that go with them).
//!
//! | Handler | Pages |
//! | --- | --- |
//! | `web/login.rs` | [`LoginPage`], [`SignOutPage`], [`SignedOutPage`], [`StartAgainPage`] |
//! | `web/saml.rs` | [`PostPage`], [`StartAgainPage`], [`ErrorPage`], [`ErrorHelpPage`] |
//! | `web/consent.rs` | [`ConsentPage`] |
//! | `web/launcher.rs` | [`LauncherPage`], [`LaunchConfirmPage`] |
//! | `web/refuse.rs` | [`ErrorPage`], [`UnavailablePage`] |
//! | `web/developer.rs` | [`DeveloperPage`] |
//! | `web/admin/apps.rs` | [`admin::AppListPage`], [`admin::AppNewPage`], [`admin::AppChoosePage`], [`admin::AppPreviewPage`], [`admin::AppSettingsPage`], [`admin::AppConflictPage`], [`admin::AppRemovePage`] |
//! | `web/admin/simulate.rs` | [`admin::AppSimulatePage`] |
//! | `web/admin/events.rs` | [`admin::EventListPage`], [`admin::EventPage`] |
//! | `web/admin/users.rs` | [`admin::UserListPage`], [`admin::UserPage`] |
//! | `web/admin/keys.rs` | [`admin::KeyListPage`] |

use std::path::Path;
use std::{fs, io};

pub mod admin;
pub mod assets;
mod consent;
mod developer;
mod error;
mod error_help;
mod fields;
mod frame;
mod idp_info;
mod launcher;
mod login;
mod plain;
pub mod policy;
mod post;
mod pretty;

pub use consent::{ConsentPage, ReleasedAttribute};
pub use developer::{
    DecodedMessage, DeveloperPage, DeveloperSp, Exchange, UnreadableMessage, WaitingSp,
};
pub use error::{ErrorKind, ErrorPage};
pub use error_help::{ErrorHelpPage, HelpTopic};
pub use fields::{Choice, Problem};
pub use frame::{AppLabel, Frame, Moment, Notice, Tone, Viewer};
pub use idp_info::{IdpCertificate, IdpInfo};
pub use launcher::{LaunchConfirmPage, LauncherPage, Tile};
pub use login::{Destination, LoginPage, LoginProblem};
pub use plain::{SignOutPage, SignedOutPage, StartAgainPage, UnavailablePage};
pub use post::{PostOutcome, PostPage};
pub use pretty::pretty_xml;

/// A page that can be written as HTML.
pub trait Page {
    /// The whole document.
    fn html(&self) -> String;
}

impl<T: askama::Template> Page for T {
    fn html(&self) -> String {
        self.render()
            .expect("a template writes to a String and its values' Display never fails")
    }
}

/// Every page from its sample data, with the name `avouch render-pages` files it under.
pub fn render_samples() -> Vec<(&'static str, String)> {
    let mut pages = Vec::new();
    pages.extend(login::samples());
    pages.extend(post::samples());
    pages.extend(consent::samples());
    pages.extend(launcher::samples());
    pages.extend(error::samples());
    pages.extend(error_help::samples());
    pages.extend(plain::samples());
    pages.extend(admin::samples());
    pages.extend(developer::samples());
    pages
}

/// Writes every sample to `folder` as a file that a browser can open without a server, and
/// returns the names. The folder is made if it is missing; other files in it are left alone.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn write_samples(folder: &Path) -> io::Result<Vec<&'static str>> {
    let assets = folder.join("assets");
    fs::create_dir_all(&assets)?;
    for asset in &assets::ASSETS {
        fs::write(assets.join(asset.name), asset.body)?;
    }
    let mut names = Vec::new();
    for (name, html) in render_samples() {
        let local = html.replace("=\"/assets/", "=\"assets/");
        fs::write(folder.join(format!("{name}.html")), local)?;
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
