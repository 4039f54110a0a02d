//! Installs what the tests need from the system's packages, or says what to install.

use crate::{Stop, ground, process, test};

/// A program that is needed, and why.
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// What has to be there besides Rust and a C compiler, which this program itself was built with.
const NEEDS: &[Need] = &[
    Need { program: "cc", package: "gcc", why: "SQLite is built from C" },
    Need { program: "c++", package: "g++", why: "the plugin header is compiled as C++ too" },
    Need { program: "git", package: "git", why: "an example reads this repository's history" },
    #[cfg(target_os = "linux")]
    Need { program: "bwrap", package: "bubblewrap", why: "commands of agents run in a sandbox" },
    Need { program: "python3", package: "python3-venv", why: "the Python package is tested" },
    Need { program: "sqlite3", package: "sqlite3", why: "tests look at stores from outside" },
    Need { program: "node", package: "nodejs", why: "the Node package is tested with it" },
    Need {
        program: "npm",
        package: "npm",
        why: "the Node package is packed and installed with it",
    },
];

/// A system's package manager: how it installs without asking.
struct Manager {
    program: &'static str,
    install: &'static [&'static str],
}

const MANAGERS: [Manager; 6] = [
    Manager { program: "apt-get", install: &["install", "-y", "--no-install-recommends"] },
    Manager { program: "dnf", install: &["install", "-y"] },
    Manager { program: "apk", install: &["add"] },
    Manager { program: "pacman", install: &["-S", "--noconfirm", "--needed"] },
    Manager { program: "zypper", install: &["--non-interactive", "install"] },
    Manager { program: "brew", install: &["install"] },
];

/// Looks for what is needed and installs what is missing.
pub(crate) fn run() -> Result<(), Stop> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !process::has(need.program)).collect();
    for need in &missing {
        println!("setup: `{}` is missing ({})", need.program, need.why);
    }
    if !missing.is_empty() {
        install(&missing)?;
    }
    if let Some(need) = missing.iter().find(|need| !process::has(need.program)) {
        return Err(Stop::Failed(format!(
            "`{}` is still missing: install it by hand",
            need.program
        )));
    }
    // A network that is down now may be up when the tests run, and the cache may hold it all.
    if let Err(Stop::Failed(why) | Stop::Usage(why)) = test::prepare_node(&ground::root()) {
        println!("setup: what the Node tests need could not be fetched: {why}");
    }
    if let Err(Stop::Failed(why) | Stop::Usage(why)) = test::prepare_python(&ground::root()) {
        println!("setup: what the Python tests need could not be fetched: {why}");
    }
    println!("setup: all there");
    Ok(())
}

fn install(missing: &[&Need]) -> Result<(), Stop> {
    let manager = MANAGERS.iter().find(|manager| process::has(manager.program));
    let packages: Vec<&str> = missing
        .iter()
        .map(|need| package(need, manager.map_or("", |found| found.program)))
        .collect();
    let Some(manager) = manager else {
        return Err(Stop::Failed(format!(
            "no package manager found: install {}",
            packages.join(" ")
        )));
    };
    let line = format!("{} {} {}", manager.program, manager.install.join(" "), packages.join(" "));
    let Some(sudo) = rights(manager.program) else {
        return Err(Stop::Failed(format!("install what is missing, as root: {line}")));
    };
    println!("setup: {line}");
    let root = ground::root();
    let start = |arguments: &[&str]| {
        let words: Vec<&str> = sudo
            .iter()
            .copied()
            .chain([manager.program])
            .chain(arguments.iter().copied())
            .collect();
        let (program, rest) = words.split_first().ok_or_else(|| "no command".to_owned())?;
        process::follow(process::command(program, &root).args(rest))
    };
    if manager.program == "apt-get" {
        // A fresh machine has no list of packages yet; an old list often still serves.
        start(&["update"])?;
    }
    let arguments: Vec<&str> = manager.install.iter().copied().chain(packages).collect();
    let (passed, _) = start(&arguments)?;
    if passed { Ok(()) } else { Err(Stop::Failed(format!("this failed, do it by hand: {line}"))) }
}

/// The package's name for this manager, where it differs.
fn package(need: &Need, manager: &str) -> &'static str {
    match (need.package, manager) {
        ("sqlite3", "dnf" | "apk" | "pacman" | "brew") => "sqlite",
        ("g++", "dnf" | "zypper") => "gcc-c++",
        ("g++", "pacman" | "brew") => "gcc",
        ("python3-venv", "pacman" | "brew") => "python",
        ("python3-venv", "dnf" | "apk" | "zypper") => "python3",
        (name, _) => name,
    }
}

/// What to put before the command to have the right to install; nothing if there is no way.
fn rights(manager: &str) -> Option<&'static [&'static str]> {
    let folder = std::env::temp_dir();
    let who = process::output(process::command("id", &folder).arg("-u")).unwrap_or_default();
    if manager == "brew" || who.trim() == "0" {
        return Some(&[]);
    }
    // `-n` fails instead of asking for a password, which would block an unattended run.
    let asked = process::command("sudo", &folder).args(["-n", "true"]).output();
    asked.is_ok_and(|answer| answer.status.success()).then_some(&["sudo", "-n"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_have_the_manager_s_name() {
        let sqlite = NEEDS.iter().find(|need| need.program == "sqlite3").expect("it is needed");
        assert_eq!(package(sqlite, "apt-get"), "sqlite3");
        assert_eq!(package(sqlite, "dnf"), "sqlite");
    }
}
