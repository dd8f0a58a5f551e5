//! Files with secrets that others on this machine can read or write.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Settings;
use crate::store::Address;

/// What of a file others may do.
#[derive(Clone, Copy)]
enum Harm {
    /// Read it: it holds a secret.
    Read,
    /// Write it.
    Write,
}

impl Settings {
    /// A sentence for each file that is open to others and should not be: `config` is the file that the
    /// settings were read from. Those that are not there yet are made closed.
    pub fn exposed_files(&self, config: Option<&Path>) -> Vec<String> {
        let mut files = Vec::new();
        if let Some(tls) = &self.server.tls {
            files.push((tls.key.as_path(), "the TLS key", Harm::Read));
        }
        if let Address::Sqlite(path) = &self.database.address {
            files.push((path, "the database, with password hashes", Harm::Read));
        }
        if let Some(config) = config {
            // What the file has of the master key or a database's password is a secret; who can change
            // it can change what is trusted in any case.
            let (what, harm) = if self.keys.master.is_some() {
                ("the configuration, with the master key", Harm::Read)
            } else {
                ("the configuration", Harm::Write)
            };
            files.push((config, what, harm));
        }
        files.push((&self.server.data_dir, "the folder of the data", Harm::Write));
        let sentences = files.into_iter().filter_map(|(path, what, harm)| {
            let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
            let (open, who) = match harm {
                Harm::Read => (mode & 0o077, "read or changed"),
                Harm::Write => (mode & 0o022, "changed"),
            };
            let wanted = mode & !match harm {
                Harm::Read => 0o077,
                Harm::Write => 0o022,
            };
            (open != 0).then(|| {
                format!(
                    "{} ({what}) can be {who} by others on this machine (mode {mode:03o}); expected \
                     {wanted:03o}: chmod {wanted:03o} {}",
                    path.display(),
                    path.display()
                )
            })
        });
        sentences.collect()
    }
}
