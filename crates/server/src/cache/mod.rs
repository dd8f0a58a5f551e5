//! What a process keeps of what it has read, and for how long that is true.

pub mod apps;
pub mod bounded;
pub mod documents;
pub mod launcher;
pub mod users;
