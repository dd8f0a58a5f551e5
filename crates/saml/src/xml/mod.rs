//! XML in (bounded, namespace-aware) and XML out (exclusive canonical by construction).

pub mod encoding;
pub mod limits;
pub mod names;
pub mod reader;
pub mod writer;
