//! `avouch profile`: the names that users have and apps are assigned to.

use clap::Subcommand;
use serde_json::json;

use super::CommandError;
use super::open::{About, Place, change, new_id};
use super::output::Output;
use crate::audit::EventKind;
use crate::store::{permission_sets, profiles};
use crate::users::{PermissionSetId, ProfileId};

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
    let (_, db) = place.database()?;
    match command {
        ProfileCommand::Add { name, set } => {
            let kind = if set { "permission set" } else { "profile" };
            if name.trim().is_empty() || name.chars().count() > 100 {
                return Err(CommandError::new(format!(
                    "a {kind}'s name has 1 to 100 characters"
                )));
            }
            let id = change(
                &db,
                |_: &String| {
                    (
                        EventKind::Admin,
                        format!("added the {kind} {name}"),
                        About::default(),
                    )
                },
                |c| {
                    Ok(if set {
                        permission_sets::ensure(c, &name, PermissionSetId::new(new_id()))?
                            .to_string()
                    } else {
                        profiles::ensure(c, &name, ProfileId::new(new_id()))?.to_string()
                    })
                },
            )?;
            output.result(&json!({ "kind": kind, "name": name, "id": id }), || {
                format!("{kind} {name}")
            });
        }
        ProfileCommand::List => {
            let (profiles, sets) =
                db.read(|c| Ok::<_, CommandError>((profiles::all(c)?, permission_sets::all(c)?)))?;
            let profiles: Vec<String> = profiles.into_iter().map(|(_, name)| name).collect();
            let sets: Vec<String> = sets.into_iter().map(|(_, name)| name).collect();
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
