//! What the app is told about the user: attributes, and the choice of the NameID.
//!
//! Everything here is a pure function of facts that the flow read, so that what an SP will
//! receive can be shown without sending anything.

pub mod name_id;
pub mod pairwise;
pub mod release;
pub mod subject_id;
