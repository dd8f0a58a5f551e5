//! What a process keeps of what it has read, and for how long that is true.

pub mod apps;
pub mod documents;
pub mod users;
