//! `avouch dev`: what it shows beyond `avouch serve`. Elsewhere nothing of this is kept.

pub mod exchanges;
pub mod hint;
pub mod observer;
pub mod waiting;

/// A user of `avouch dev` with everything needed to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleLogin {
    /// Username.
    pub username: String,
    /// Password, which is no secret: it is in the page.
    pub password: String,
    /// Display name.
    pub name: String,
    /// What makes this user worth trying, for instance "no e-mail address".
    pub note: String,
}
