//! Keys: the master key, the signing keys it encrypts, and how one follows another.

pub mod development;
pub mod error;
pub mod key;
pub mod keyring;
pub mod master;
pub mod rollover;

#[cfg(test)]
mod tests;

pub use error::KeyringError;
pub use key::{Key, KeyId, KeyPurpose, KeyState};
pub use keyring::{Keyring, Keys};
pub use master::MasterKey;

/// The name that a signing key's private half is encrypted under.
fn sealed_name(id: &str) -> String {
    format!("signing-key:{id}")
}
