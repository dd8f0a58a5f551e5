//! HTTP: what a browser or a service provider sends and gets.

pub mod pages;
