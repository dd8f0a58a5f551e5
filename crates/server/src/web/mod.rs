//! HTTP: what a browser or a service provider sends and gets.

pub(crate) mod admin;
pub(crate) mod answer;
pub(crate) mod assets;
pub(crate) mod client;
mod connections;
pub(crate) mod consent;
pub(crate) mod cookies;
pub(crate) mod dev;
pub(crate) mod extract;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod host;
pub(crate) mod launcher;
pub(crate) mod login;
pub(crate) mod metadata;
pub mod pages;
pub(crate) mod refuse;
pub(crate) mod respond;
pub mod routes;
pub(crate) mod run;
pub(crate) mod saml;
pub mod server;
