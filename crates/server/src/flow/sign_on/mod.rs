//! What stands between a user and what they are on the way to, whatever the protocol: the decision
//! what comes next, and the steps that pages of ours are for. A step ends in a
//! [`Step`](crate::flow::outcome::Step); none calls another, and only
//! [`dispatch`] knows which address is whose.

pub mod consent;
pub mod current_user;
pub mod dispatch;
pub mod login;
pub mod logout;
pub mod next;
pub mod restart;
pub mod waiting;
