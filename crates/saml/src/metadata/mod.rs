//! Metadata: what a service provider says about itself, and what this identity provider says.
//!
//! - [`sp`]: an SP's EntityDescriptor, read with warnings for what is untidy and errors for what is
//!   unsafe. [`aggregate`] walks a federation's file entity by entity, [`signed`] does so for a
//!   file whose signature is what it is trusted for, [`mod@diff`] compares two readings.
//! - [`endpoint`]: the registered ACS endpoints and the choice among them.
//! - [`key_descriptor`], [`algorithms`]: the SP's keys and what may be used towards it.
//! - [`idp`]: what this identity provider says, written and ready to be signed.
//! - [`ui`], [`attributes`]: what people see, and what the SP asks for.
//!
//! Nothing read here is trusted because of where it stands in a file. Whoever registers metadata
//! vouches for it: an administrator who uploads it, or the key that signed it.
//!
//! Spec: saml-metadata-2.0 with errata, sstc-saml-metadata-ui, -attribute, -algsupport, -rpi, and
//! the SAML V2.0 Metadata Interoperability Profile.

pub mod aggregate;
pub mod algorithms;
mod asserted;
pub mod attributes;
pub mod diff;
pub mod endpoint;
pub mod entity;
pub mod idp;
pub mod key_descriptor;
mod mistaken;
pub mod signed;
mod single;
pub mod sp;
mod sp_writer;
pub mod ui;
mod writing;

pub use aggregate::{Affiliation, Entity, for_each_entity, for_each_sp};
pub use diff::{Change, diff};
pub use endpoint::{AcsEndpoint, AcsError, AcsSelector, Binding, choose_acs};
pub use entity::{Fault, MetadataError, MetadataWarning, Reading};
pub use idp::{IdpKey, IdpMetadata};
pub use mistaken::Mistaken;
pub use signed::MetadataTrust;
pub use sp::SpMetadata;
