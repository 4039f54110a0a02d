//! Runs the benchmarks in release and writes their table into `docs/performance.md`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::{Stop, ground, process};

const PAGE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";
const PROGRAMS: &str = "benches/src/bin";

/// Runs the named programs of `benches/src/bin`, or all of them.
///
/// Each prints one JSON object a line: `name value unit`, and where they apply `limit` (the bare
/// machine, measured in the same run), `ratio` (value to limit) and `target` (what the ratio or
/// the value has to reach).
pub(crate) fn run(names: &[&str]) -> Result<(), Stop> {
    let root = ground::root();
    let known = programs(&root.join(PROGRAMS));
    if known.is_empty() {
        return Err(Stop::Failed(format!(
            "there are no benchmarks yet: `{PROGRAMS}` has no program"
        )));
    }
    if let Some(name) = names.iter().find(|name| !known.iter().any(|one| one == *name)) {
        let what = format!("there is no benchmark named `{name}`, but {}", known.join(", "));
        return Err(Stop::Usage(what));
    }
    let mut rows = Vec::new();
    for name in known.iter().filter(|name| names.is_empty() || names.contains(&name.as_str())) {
        println!("=== {name}");
        let mut command = process::cargo(&root);
        command.args(["run", "--release", "--quiet", "-p", "fusion-benches", "--bin", name]);
        let said = process::output(&mut command)?;
        print!("{said}");
        for line in said.lines().filter(|line| line.starts_with('{')) {
            rows.push(row(line).map_err(|why| format!("{name} printed {line}: {why}"))?);
        }
    }
    if !names.is_empty() {
        println!("bench: the table in {PAGE} is written when all run");
        return Ok(());
    }
    let path = root.join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(|cause| format!("read {PAGE}: {cause}"))?;
    let page =
        between(&page, &table(&rows)).ok_or_else(|| format!("{PAGE} lost its two markers"))?;
    std::fs::write(&path, page).map_err(|cause| format!("write {PAGE}: {cause}"))?;
    println!("bench: wrote {} rows into {PAGE}", rows.len());
    Ok(())
}

fn programs(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let program = path.is_dir() || path.extension().is_some_and(|ending| ending == "rs");
        program.then(|| path.file_stem().map(|name| name.to_string_lossy().into_owned()))?
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// One result as cells of the table.
fn row(line: &str) -> Result<[String; 6], String> {
    let result: Value = serde_json::from_str(line).map_err(|cause| cause.to_string())?;
    let cell = |key: &str| match result.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    for key in ["name", "value", "unit"] {
        if cell(key).is_empty() {
            return Err(format!("`{key}` is missing"));
        }
    }
    Ok(["name", "value", "unit", "limit", "ratio", "target"].map(cell))
}

fn table(rows: &[[String; 6]]) -> String {
    let mut out = String::from("| what | value | unit | limit | ratio | target |\n");
    out.push_str("|---|---:|---|---:|---:|---|\n");
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

fn between(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_become_a_table_between_the_markers() {
        let line = r#"{"name":"chain","value":12.5,"unit":"us","limit":10,"ratio":1.25,"target":"<= 1.3"}"#;
        let table = table(&[row(line).expect("it is complete")]);
        assert!(table.ends_with("| chain | 12.5 | us | 10 | 1.25 | <= 1.3 |\n"));
        let page = format!("# P\n{BEGIN}\nold\n{END}\nend\n");
        assert_eq!(between(&page, "new\n"), Some(format!("# P\n{BEGIN}\nnew\n{END}\nend\n")));
        assert_eq!(between("# P\n", "new\n"), None);
    }

    #[test]
    fn a_result_needs_name_value_and_unit() {
        assert!(row(r#"{"name":"chain","value":1}"#).is_err_and(|why| why.contains("unit")));
        assert!(row("{").is_err());
    }
}
