//! The launcher: puts limits and rules on itself and becomes the program.

use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::io::Write as _;

#[cfg(target_os = "linux")]
use super::spec::Spec;
use super::spec::{COMPLAINT, MISSING, REFUSED};

/// Becomes a program under the rules that the environment holds: the hidden command `fusion sandbox`, with the program and its
/// arguments. It only comes back when that is refused: with the exit code, and what to say on standard error.
///
/// It is for programs that [`Sandbox`](super::Sandbox) starts; there is one thread, and nothing was opened.
pub fn enter(argv: &[OsString]) -> (u8, String) {
    match become_program(argv) {
        Ok(said) => (0, said),
        Err((code, why)) => (code, format!("{COMPLAINT}{why}")),
    }
}

#[cfg(not(target_os = "linux"))]
fn become_program(_argv: &[OsString]) -> Result<String, (u8, String)> {
    let _ = MISSING;
    Err((REFUSED, "there is no sandbox on this system".to_owned()))
}

#[cfg(target_os = "linux")]
fn become_program(argv: &[OsString]) -> Result<String, (u8, String)> {
    let refused = |why: String| (REFUSED, why);
    let spec = told().map_err(refused)?;
    if spec.probe {
        return Ok(probe(&spec));
    }
    close_inherited();
    put_on(&spec).map_err(refused)?;
    let begun = std::io::stderr().write_all(super::spec::BEGUN.as_bytes());
    begun.map_err(|error| (REFUSED, format!("nobody listens: {error}")))?;
    Err((MISSING, replace(argv, &spec)))
}

#[cfg(target_os = "linux")]
fn told() -> Result<Spec, String> {
    let text = std::env::var_os(super::spec::VARIABLE)
        .and_then(|text| text.into_string().ok())
        .ok_or("it is started by Fusion, and by nobody else")?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[cfg(target_os = "linux")]
fn put_on(spec: &Spec) -> Result<(), String> {
    super::limits::apply(spec.limits)?;
    if spec.landlock {
        super::files::apply(spec)?;
    }
    if spec.seccomp {
        super::calls::apply(spec.network)?;
    }
    Ok(())
}

/// Puts each layer on, and says in JSON which of them came about.
#[cfg(target_os = "linux")]
fn probe(spec: &Spec) -> String {
    let mut answer = super::spec::Answer::default();
    match super::files::apply(spec) {
        Ok(version) => answer.landlock = Some(version),
        Err(why) => answer.missing.push(why),
    }
    match super::calls::apply(spec.network) {
        Ok(()) => answer.seccomp = true,
        Err(why) => answer.missing.push(why),
    }
    serde_json::to_string(&answer).unwrap_or_default()
}

/// What a host program left open is nothing for the program.
#[cfg(target_os = "linux")]
fn close_inherited() {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers: Vec<i32> =
        open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The one that the list was read with is closed already.
        let _: nix::Result<()> = nix::unistd::close(number);
    }
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "it becomes the program that `Env::exec` started")]
fn replace(argv: &[OsString], spec: &Spec) -> String {
    use std::os::unix::process::CommandExt as _;
    let Some((program, arguments)) = argv.split_first() else {
        return "there is no program".to_owned();
    };
    let mut command = std::process::Command::new(program);
    command.args(arguments).env_clear().envs(&spec.env).current_dir(&spec.cwd);
    let error = command.exec();
    let program = program.to_string_lossy();
    match error.kind() {
        std::io::ErrorKind::NotFound => format!(
            "`{program}` does not exist in the sandbox; its PATH is {}",
            spec.env.get("PATH").map_or("empty", String::as_str)
        ),
        _ => format!("`{program}` cannot be started in the sandbox: {error}"),
    }
}
