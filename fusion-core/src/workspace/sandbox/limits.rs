//! The limits of each process. They cannot be raised again.

use rustix::process::{Resource, Rlimit, setrlimit};

use super::spec::Limits;

pub(super) fn apply(limits: Limits) -> Result<(), String> {
    let all = [
        (Resource::Core, Some(0), "core dumps"),
        (Resource::Data, limits.data_bytes, "memory"),
        (Resource::Nproc, limits.processes, "processes"),
        (Resource::Nofile, limits.open_files, "open files"),
        (Resource::Fsize, limits.file_bytes, "the size of a file"),
    ];
    for (resource, most, what) in all {
        let Some(most) = most else { continue };
        let most = Some(at_most(resource, most));
        setrlimit(resource, Rlimit { current: most, maximum: most })
            .map_err(|error| format!("the limit of {what} is not accepted: {error}"))?;
    }
    Ok(())
}

/// A limit that is there already is not raised.
fn at_most(resource: Resource, wanted: u64) -> u64 {
    rustix::process::getrlimit(resource).maximum.map_or(wanted, |most| most.min(wanted))
}
