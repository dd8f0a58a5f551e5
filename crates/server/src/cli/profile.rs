//! `avouch profile`: the names that users have and apps are assigned to.

use clap::Subcommand;
use serde_json::json;

use super::CommandError;
use super::open::Place;
use super::output::Output;
use crate::flow::admin::{Noun, profiles};

#[derive(Subcommand)]
pub(super) enum ProfileCommand {
    /// Make a profile, or with --set a permission set.
    Add {
        /// Its name.
        name: String,
        /// Make a permission set.
        #[arg(long)]
        set: bool,
    },
    /// List profiles and permission sets.
    List,
}

pub(super) fn run(
    command: ProfileCommand,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let desk = place.desk()?;
    match command {
        ProfileCommand::Add { name, set } => {
            let (noun, kind) = if set {
                (Noun::PermissionSet, "permission set")
            } else {
                (Noun::Profile, "profile")
            };
            let id = profiles::add(&desk.admin(), noun, &name)?;
            output.result(&json!({ "kind": kind, "name": name, "id": id }), || {
                format!("{kind} {name}")
            });
        }
        ProfileCommand::List => {
            let known = profiles::list(&desk.admin())?;
            let profiles: Vec<String> = known.profiles.into_iter().map(|(_, name)| name).collect();
            let sets = known.permission_sets.into_iter().map(|(_, name)| name);
            let sets: Vec<String> = sets.collect();
            output.result(
                &json!({ "profiles": profiles, "permission_sets": sets }),
                || {
                    format!(
                        "profiles:         {}\npermission sets:  {}",
                        profiles.join(", "),
                        sets.join(", ")
                    )
                },
            );
        }
    }
    Ok(())
}
