//! The Python package: its wheel is built, installed into an empty environment, and tested there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Count, built, node, versions};
use crate::process::done;
use crate::{Stop, ground, process};

/// What is installed beside the package to test it, with exact versions.
const NEEDED: &str = "fusion-py/requirements.txt";
/// A second type checker, which comes from npm: its manifest with its lock, and what it looks at.
const PYRIGHT: &str = "fusion-py/pyright";
/// How long an example may take; the slowest takes a few seconds.
const LIMIT: Duration = Duration::from_mins(2);

/// Fetches what the tests need, so that they can be run without a network.
pub(crate) fn prepare(root: &Path) -> Result<(), Stop> {
    tools(root)?;
    versions::pythons(root, &needed(root)?)?;
    pyright(root).map(|_| ())
}

/// Makes sure of the type checker from npm, and gives its program.
fn pyright(root: &Path) -> Result<PathBuf, Stop> {
    let folder = root.join("target/python/pyright");
    node::locked_once(&root.join(PYRIGHT), &folder)?;
    Ok(folder.join("node_modules/pyright/index.js"))
}

/// Makes sure of an environment with the tools, and gives its interpreter.
fn tools(root: &Path) -> Result<PathBuf, Stop> {
    let needed = needed(root)?;
    let folder = root.join("target/python/tools");
    environment(process::command("python3", root), &folder, &requirements(&needed))
}

/// Makes sure of an environment with these packages, made by this interpreter, and gives its own.
pub(super) fn environment(
    mut by: Command,
    folder: &Path,
    packages: &[&str],
) -> Result<PathBuf, Stop> {
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed.txt"));
    let needed = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == needed) {
        return Ok(python);
    }
    // Debian's `python3` may come without `ensurepip`: `setup` installs it.
    done(by.args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut install = process::command(&python, folder);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    done(install.args(packages))?;
    std::fs::write(&stamp, needed)
        .map_err(|cause| format!("write {}: {cause}", stamp.display()))?;
    Ok(python)
}

/// Gives the packages that a list of requirements names.
fn requirements(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

fn needed(root: &Path) -> Result<String, Stop> {
    Ok(std::fs::read_to_string(root.join(NEEDED))
        .map_err(|cause| format!("read {NEEDED}: {cause}"))?)
}

/// Builds the wheel, and runs tests, type check and examples against the installed package.
pub(crate) fn run(root: &Path) -> Result<(bool, Count), Stop> {
    let tools = tools(root)?;
    let wheel = wheel(root, &tools)?;
    let python = clean(root, &tools, &wheel)?;
    let (passed, mut count) = pytest(root, &python)?;
    if !passed {
        return Ok((false, count));
    }
    for other in versions::pythons(root, &needed(root)?)? {
        let mut install = process::command(&other, root);
        install.args(["-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]);
        install.args(["--disable-pip-version-check", "--force-reinstall"]);
        done(install.arg(&wheel))?;
        println!("with {}:", other.display());
        let (passed, more) = pytest(root, &other)?;
        count = count.plus(more);
        if !passed {
            return Ok((false, count));
        }
    }
    let mypy = |what: &[&str]| {
        let mut mypy = process::command(&python, root);
        done(mypy.args(["-m", "mypy", "--strict", "--no-incremental"]).args(what))
    };
    mypy(&["-p", "fusion_kit"])?;
    let programs = ["start.py", "work.py"].map(|name| format!("examples/three-languages/{name}"));
    let mut all = vec!["fusion-py/examples", "fusion-py/tests/typed.py"];
    all.extend(programs.iter().map(String::as_str));
    mypy(&all)?;
    let mut pyright = process::command("node", root);
    pyright.arg(self::pyright(root)?).args(["--project", PYRIGHT, "--pythonpath"]).arg(&python);
    done(&mut pyright)?;
    let (passed, examples) = examples(root, &python)?;
    Ok((passed, count.plus(examples)))
}

fn pytest(root: &Path, python: &Path) -> Result<(bool, Count), Stop> {
    let mut pytest = process::command(python, root);
    Ok(process::follow(pytest.args(["-m", "pytest", "fusion-py"]))?)
}

/// Builds the package and installs it into an environment of its own: gives the interpreter.
pub(super) fn installed(root: &Path) -> Result<PathBuf, Stop> {
    let tools = tools(root)?;
    let wheel = wheel(root, &tools)?;
    clean(root, &tools, &wheel)
}

/// Makes the wheel, with the library of the gate's own build, and gives its path.
///
/// `maturin build` would compile everything again: it asks cargo for one package, whose dependencies then have fewer
/// features than in the whole workspace. So it only says what the wheel says of itself.
fn wheel(root: &Path, tools: &Path) -> Result<PathBuf, Stop> {
    let folder = root.join("target/python/wheel");
    // Whatever a former run has left is not the wheel of this one.
    let _ = std::fs::remove_dir_all(&folder);
    let stage = folder.join("stage");
    built::copy(&root.join("fusion-py/python"), &stage)?;
    let library = built::library(root, "_native")?;
    built::copy(&library, &stage.join("fusion_kit/_native.abi3.so"))?;
    let mut about = process::command(tools, &root.join("fusion-py"));
    about.args(["-m", "maturin", "pep517", "write-dist-info", "--interpreter"]).arg(tools);
    done(about.arg("--metadata-directory").arg(&stage))?;
    let mut pack = process::command(tools, root);
    done(pack.args(["-m", "wheel", "pack", "--dest-dir"]).arg(&folder).arg(&stage))?;
    let mut found = built::list(&folder)?.into_iter();
    let wheel = found.find(|path| path.extension().is_some_and(|ending| ending == "whl"));
    wheel.ok_or_else(|| Stop::Failed(format!("there is no wheel in {}", folder.display())))
}

/// Makes an environment that holds the package and nothing else, uses it once, and lends it the tools.
fn clean(root: &Path, tools: &Path, wheel: &Path) -> Result<PathBuf, Stop> {
    let folder = root.join("target/python/clean");
    let python = folder.join("bin/python");
    let mut make = process::command(tools, root);
    done(make.args(["-m", "venv", "--without-pip", "--clear"]).arg(&folder))?;
    let mut install = process::command(tools, root);
    install.args(["-m", "pip", "--python"]).arg(&python);
    install.args(["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]);
    done(install.arg(wheel))?;
    let mut first = process::command(&python, &std::env::temp_dir());
    done(first.args(["-c", "import fusion_kit as fk; fk.Fusion().list().wait()"]))?;
    let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let lent = process::output(process::command(tools, root).args(["-c", code]))?;
    let own = process::output(process::command(&python, root).args(["-c", code]))?;
    let link = Path::new(own.trim()).join("tools.pth");
    std::fs::write(&link, lent).map_err(|cause| format!("write {}: {cause}", link.display()))?;
    Ok(python)
}

/// Runs every example in an empty folder.
fn examples(root: &Path, python: &Path) -> Result<(bool, Count), Stop> {
    let folder = root.join("fusion-py/examples");
    let is_program = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "py");
    let files = built::list(&folder)?.into_iter().filter(is_program);
    let mut count = Count::default();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let scratch = ground::Scratch::new(&format!("python-{name}"))?;
        let mut command = process::command(python, scratch.path());
        command.arg(&file).env("FUSION_REPOSITORY", root);
        let (passed, _) = process::follow_within(&mut command, LIMIT)?;
        println!("--- {name}: {}", if passed { "ok" } else { "FAILED" });
        count = count.plus(Count::one(passed));
    }
    Ok((count.failed == 0, count))
}
