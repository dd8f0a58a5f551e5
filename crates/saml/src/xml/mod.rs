//! XML in (bounded, namespace-aware) and XML out (exclusive canonical by construction).

pub mod encoding;
pub mod error;
pub mod limits;
pub mod names;
pub mod reader;
pub mod writer;
