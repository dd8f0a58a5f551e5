//! Where users come from, and how they prove who they are.

pub mod local;
pub mod password;
pub mod throttle;
