//! Which suites a folder has, by its manifests, also in the projects below it.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use serde_json::Value;

use super::python;
use super::search::{any_file, ends_with, entries, folders, read, wrong};
use super::suite::{Kind, Suite};

/// How deep projects are looked for.
const DEPTH: usize = 6;
/// The most folders that are looked into.
const FOLDERS: usize = 20_000;
/// The most suites.
const SUITES: usize = 1_000;
/// How deep a project's own folders are searched for files of tests.
const NEAR: usize = 4;

/// What is run by a suite above already.
#[derive(Debug, Clone, Default)]
struct Covered {
    /// Cargo's workspace: its folder, and what it leaves out.
    cargo: Option<(PathBuf, Vec<String>)>,
    node: bool,
    python: bool,
    maven: bool,
    gradle: bool,
}

/// Finds the suites of a folder: what `Cargo.toml`, `pyproject.toml` and its kin, `package.json`, `go.mod`, `pom.xml`, `build.gradle`, else a `Makefile` say,
/// in the folder and six levels below. Links are not followed; what is hidden, installed or made is left out.
///
/// # Errors
/// `FU0201` for a folder or a manifest that cannot be read, `FU0202` for a manifest that is wrong, `FU0106` for more than 20 000 folders.
pub fn find(root: &Path) -> Result<Vec<Suite>> {
    let mut finder = Finder { root: root.to_owned(), suites: Vec::new() };
    let mut open = vec![(root.to_owned(), 0, Covered::default())];
    let mut looked = 0;
    while let Some((folder, depth, covered)) = open.pop() {
        looked += 1;
        if looked > FOLDERS || finder.suites.len() > SUITES {
            let message =
                format!("{} has more than {FOLDERS} folders, or {SUITES} suites", root.display());
            return Err(Error::new(Code::Limit, message).hint("name a folder below it"));
        }
        let covered = finder.look(&folder, covered)?;
        if depth < DEPTH {
            let below = folders(&folder)?.into_iter().rev();
            open.extend(below.map(|below| (below, depth + 1, covered.clone())));
        }
    }
    if finder.suites.is_empty() {
        // Where nothing else says how the project is tested.
        let text = read(&root.join("Makefile"))?.unwrap_or_default();
        if text.lines().any(|line| line.starts_with("test:")) {
            finder.add(".", Kind::Make, &["make", "test"]);
        }
    }
    Ok(named(finder.suites))
}

struct Finder {
    root: PathBuf,
    suites: Vec<Suite>,
}

impl Finder {
    fn look(&mut self, folder: &Path, mut covered: Covered) -> Result<Covered> {
        // A name that is no text cannot stand in a report.
        let Some(own) = folder.strip_prefix(&self.root).ok().and_then(Path::to_str) else {
            return Ok(covered);
        };
        let own = if own.is_empty() { ".".to_owned() } else { own.to_owned() };
        if let Some(text) = read(&folder.join("Cargo.toml"))? {
            self.cargo((folder, &own), &text, &mut covered)?;
        }
        self.python((folder, &own), &mut covered)?;
        if let Some(text) = read(&folder.join("package.json"))? {
            self.node((folder, &own), &text, &mut covered)?;
        } else if own == "." && has_node_tests(folder, false)? {
            self.add(&own, Kind::Node, &["node", "--test"]);
        }
        if folder.join("go.mod").is_file() {
            self.add(&own, Kind::Go, &["go", "test", "-json", "./..."]);
        }
        if folder.join("pom.xml").is_file() && !covered.maven {
            let program = if folder.join("mvnw").is_file() { "./mvnw" } else { "mvn" };
            self.add(&own, Kind::Maven, &[program, "--batch-mode", "--fail-at-end", "test"]);
            covered.maven = true;
        }
        let is_gradle =
            ["build.gradle", "build.gradle.kts"].iter().any(|name| folder.join(name).is_file());
        if is_gradle && !covered.gradle {
            let program = if folder.join("gradlew").is_file() { "./gradlew" } else { "gradle" };
            self.add(
                &own,
                Kind::Gradle,
                &[program, "cleanTest", "test", "--continue", "--console=plain"],
            );
            covered.gradle = true;
        }
        Ok(covered)
    }

    fn add(&mut self, folder: &str, kind: Kind, command: &[&str]) {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.suites.push(Suite { name: String::new(), folder: folder.to_owned(), kind, command });
    }

    fn cargo(
        &mut self,
        (folder, own): (&Path, &str),
        text: &str,
        covered: &mut Covered,
    ) -> Result<()> {
        let file = folder.join("Cargo.toml");
        let manifest: toml::Table = toml::from_str(text).map_err(|why| wrong(&file, why))?;
        let workspace = manifest.get("workspace").and_then(toml::Value::as_table);
        if let (Some((above, without)), None) = (&covered.cargo, workspace) {
            let inner = folder.strip_prefix(above).unwrap_or(folder);
            if !without.iter().any(|name| inner.starts_with(name)) {
                return Ok(());
            }
        }
        let all = ["cargo", "test", "--no-fail-fast", "--workspace"];
        let count = if workspace.is_some() { 4 } else { 3 };
        self.add(own, Kind::Cargo, all.get(..count).unwrap_or_default());
        if let Some(workspace) = workspace {
            let without =
                workspace.get("exclude").and_then(toml::Value::as_array).into_iter().flatten();
            let without = without.filter_map(toml::Value::as_str).map(str::to_owned).collect();
            covered.cargo = Some((folder.to_owned(), without));
        }
        Ok(())
    }

    fn python(&mut self, (folder, own): (&Path, &str), covered: &mut Covered) -> Result<()> {
        let project = read(&folder.join("pyproject.toml"))?;
        let named = |name: &str, section: &str| -> Result<bool> {
            Ok(read(&folder.join(name))?
                .is_some_and(|text| text.lines().any(|line| line.trim() == section)))
        };
        let mut is_pytest =
            folder.join("pytest.ini").is_file() || folder.join(".pytest.ini").is_file();
        is_pytest |= named("tox.ini", "[pytest]")? || named("setup.cfg", "[tool:pytest]")?;
        let is_project = project.is_some()
            || is_pytest
            || ["setup.py", "setup.cfg", "tox.ini", "requirements.txt"]
                .iter()
                .any(|name| folder.join(name).is_file());
        if !is_project && (covered.python || own != ".") {
            return Ok(());
        }
        if let Some(text) = &project {
            let table: toml::Table =
                toml::from_str(text).map_err(|why| wrong(&folder.join("pyproject.toml"), why))?;
            is_pytest |= table.get("tool").is_some_and(|tool| tool.get("pytest").is_some());
            // Poetry, uv and others have tables of their own: wherever it is asked for.
            is_pytest |= table
                .iter()
                .any(|(key, value)| key != "build-system" && python::asks_for_pytest(value, 0));
        }
        for entry in entries(folder)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("requirements") && ends_with(&name, "txt") {
                let text = read(&entry.path())?.unwrap_or_default();
                is_pytest |= text.lines().any(python::is_requirement);
            }
        }
        let files = python::files(folder)?;
        if files.is_empty() {
            return Ok(());
        }
        is_pytest |= any_file(folder, python::NEAR, &|name, _| name == "conftest.py")?;
        is_pytest |= files.iter().any(|path| python::wants_pytest(path));
        covered.python = true;
        let program = self.interpreter(folder);
        if is_pytest {
            self.add(own, Kind::Pytest, &[&program, "-m", "pytest"]);
        } else {
            self.add(own, Kind::Unittest, &[&program, "-m", "unittest", "discover"]);
        }
        Ok(())
    }

    /// The interpreter of the project's own environment, else that of the machine.
    fn interpreter(&self, folder: &Path) -> String {
        let places = [folder, self.root.as_path()].into_iter().flat_map(|place| {
            [".venv/bin/python", "venv/bin/python"].map(|program| place.join(program))
        });
        let found = places.into_iter().find(|program| program.is_file());
        found.map_or_else(|| "python3".to_owned(), |program| program.display().to_string())
    }

    fn node(
        &mut self,
        (folder, own): (&Path, &str),
        text: &str,
        covered: &mut Covered,
    ) -> Result<()> {
        let manifest: Value =
            serde_json::from_str(text).map_err(|why| wrong(&folder.join("package.json"), why))?;
        let script = manifest.pointer("/scripts/test").and_then(Value::as_str).map(str::trim);
        let script =
            script.filter(|script| !script.is_empty() && !script.contains("no test specified"));
        let Some(script) = script else {
            if !covered.node && has_node_tests(folder, true)? {
                self.add(own, Kind::Node, &["node", "--test"]);
            }
            return Ok(());
        };
        if covered.node {
            return Ok(());
        }
        let words: Vec<&str> = script.split_whitespace().collect();
        let is_plain = !script.contains(['|', '&', ';', '<', '>', '$', '`', '"', '\'', '(', '\\']);
        let has = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
        if is_plain && words.starts_with(&["node", "--test"]) && !script.contains("--test-reporter")
        {
            self.add(own, Kind::Node, &words);
            return Ok(());
        }
        let program = self.manager(folder);
        let kind = match () {
            () if is_plain && has("vitest") => Kind::Vitest,
            () if is_plain && (has("jest") || has("react-scripts")) => Kind::Jest,
            () => Kind::Script,
        };
        self.add(own, kind, &[program, "run", "test"]);
        // A script that goes through the packages below itself.
        let goes = [
            "--workspaces",
            "-ws",
            "--workspace",
            "-r",
            "--recursive",
            "turbo",
            "lerna",
            "nx",
            "workspaces",
        ];
        covered.node = words.iter().any(|word| goes.contains(word));
        Ok(())
    }

    fn manager(&self, folder: &Path) -> &'static str {
        let all = [
            ("pnpm-lock.yaml", "pnpm"),
            ("yarn.lock", "yarn"),
            ("bun.lock", "bun"),
            ("bun.lockb", "bun"),
        ];
        let found = all.iter().find(|(file, _)| {
            [folder, self.root.as_path()].iter().any(|place| place.join(file).is_file())
        });
        found.map_or("npm", |(_, program)| program)
    }
}

/// Gives every suite a name: its folder, with its runner where a folder has several.
fn named(mut suites: Vec<Suite>) -> Vec<Suite> {
    let folders: Vec<String> = suites.iter().map(|suite| suite.folder.clone()).collect();
    for suite in &mut suites {
        let several = folders.iter().filter(|folder| **folder == suite.folder).count() > 1;
        let kind = suite.kind.word();
        suite.name = match (suite.folder.as_str(), several) {
            (".", _) => kind.to_owned(),
            (folder, true) => format!("{folder}:{kind}"),
            (folder, false) => folder.to_owned(),
        };
    }
    // A folder may be called as a runner is.
    let names: Vec<String> = suites.iter().map(|suite| suite.name.clone()).collect();
    for suite in &mut suites {
        if suite.folder != "." && names.iter().filter(|name| **name == suite.name).count() > 1 {
            suite.name = format!("{}:{}", suite.folder, suite.kind.word());
        }
    }
    suites
}

/// Whether `node --test` finds a file by its name; what lies in a folder `test` counts only in a package.
fn has_node_tests(folder: &Path, package: bool) -> Result<bool> {
    any_file(folder, NEAR, &|name, within| {
        let stem = [".js", ".mjs", ".cjs"].iter().find_map(|ending| name.strip_suffix(ending));
        stem.is_some_and(|stem| {
            let is_test = [".test", "-test", "_test"].iter().any(|ending| stem.ends_with(ending));
            is_test || stem == "test" || stem.starts_with("test-") || package && within == "test"
        })
    })
}
