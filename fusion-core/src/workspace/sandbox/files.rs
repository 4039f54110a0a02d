//! Rules for files, by Landlock: they hold for the program and all that it starts, and nobody can take them off.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, LandlockStatus,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetStatus, Scope,
};

use super::spec::Spec;

/// The newest version whose rights are asked for; an older kernel keeps those that it knows.
const NEWEST: ABI = ABI::V6;

/// The system's folders: read and executed.
const SYSTEM: [&str; 8] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"];
/// What of the devices may be read and written.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/// What is nobody else's when there are namespaces.
const PRIVATE: [&str; 2] = ["/tmp", "/dev/shm"];

/// Puts the rules on; gives the version of the kernel's interface.
pub(super) fn apply(spec: &Spec) -> Result<u32, String> {
    let failed = |error: &dyn std::fmt::Display| format!("Landlock does not come about: {error}");
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(|error| failed(&error))?;
    let status = rules(ruleset, spec)
        .and_then(|rules| rules.restrict_self().map_err(|error| failed(&error)))?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, kernel_abi }
            if status.ruleset != RulesetStatus::NotEnforced && status.no_new_privs =>
        {
            let known = effective_abi as u32;
            Ok(kernel_abi.and_then(|abi| u32::try_from(abi).ok()).unwrap_or(known))
        }
        LandlockStatus::NotEnabled => Err(failed(&"the kernel has it, and it was not enabled")),
        _ => Err(failed(&"the kernel has none, or hides it")),
    }
}

fn rules(ruleset: RulesetCreated, spec: &Spec) -> Result<RulesetCreated, String> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let execute = read | AccessFs::Execute;
    // Devices are nobody's to make.
    let all = AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    let mut rules = ruleset;
    for path in SYSTEM {
        rules = allow(rules, Path::new(path), execute)?;
    }
    if spec.private {
        for (path, access) in [("/etc", read), ("/proc", read)] {
            rules = allow(rules, Path::new(path), access)?;
        }
        for path in PRIVATE {
            rules = allow(rules, Path::new(path), all)?;
        }
    } else {
        for path in ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/ssl"] {
            rules = allow(rules, Path::new(path), read)?;
        }
    }
    for path in DEVICES {
        rules = allow(rules, Path::new(path), device)?;
    }
    for path in &spec.readable {
        rules = allow(rules, path, execute)?;
    }
    for path in &spec.writable {
        rules = allow(rules, path, all)?;
    }
    Ok(rules)
}

/// What is not there cannot be reached either.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, String> {
    let Ok(place) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
    rules
        .add_rule(PathBeneath::new(place, access))
        .map_err(|error| format!("Landlock refuses the rule of {}: {error}", path.display()))
}
