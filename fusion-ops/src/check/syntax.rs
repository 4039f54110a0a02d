//! Whether a file can be read: data by us, programs by the checker of their language.

use fusion_core::graph::file;

/// Says what is wrong with a data file; none for what is right, and for files that are no data.
pub(super) fn parse(name: &str, text: &str) -> Option<String> {
    match name.rsplit('.').next()? {
        // Settings of editors and compilers have comments in them.
        "json" if !name.contains("tsconfig") && !name.contains(".vscode") => {
            let error = serde_json::from_str::<serde_json::Value>(text).err()?;
            Some(format!("it is no JSON: {error}"))
        }
        "jsonl" => (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).find_map(
            |(number, line)| {
                let error = serde_json::from_str::<serde_json::Value>(line).err()?;
                Some(format!("line {number} is no JSON: {error}"))
            },
        ),
        "toml" => {
            let error = toml::from_str::<toml::Table>(text).err()?;
            Some(format!("it is no TOML: {}", error.message()))
        }
        // Several documents and tags are right, and not for us to read.
        "yaml" | "yml"
            if !text.contains("\n---") && !text.contains('!') && !text.contains("{{") =>
        {
            let error = file::value(text, name).err()?;
            let line = error.place().map_or(1, |place| place.line);
            Some(format!("line {line}: it is no YAML: {}", error.message()))
        }
        _ => None,
    }
}

/// Tells whether a data file can be read and holds nothing: `{}`, `[]`, `null`.
pub(super) fn is_bare(name: &str, text: &str) -> bool {
    let data = ["json", "yaml", "yml"].contains(&name.rsplit('.').next().unwrap_or_default());
    data && ["{}", "[]", "null", "\"\""]
        .contains(&text.split_whitespace().collect::<String>().as_str())
}

/// Gives the command that checks the syntax of a program, by its ending; the path of the file follows as the last argument.
pub(super) fn command(name: &str) -> Option<&'static [&'static str]> {
    Some(match name.rsplit('.').next()? {
        // Compiled in memory: nothing is written beside the file.
        "py" => {
            &["python3", "-c", "import sys;p=sys.argv[1];compile(open(p,'rb').read(),p,'exec')"]
        }
        "js" | "mjs" | "cjs" => &["node", "--check"],
        "sh" | "bash" => &["bash", "-n"],
        "rb" => &["ruby", "-c"],
        "php" => &["php", "-l"],
        "go" => &["gofmt", "-e", "-l"],
        _ => return None,
    })
}
