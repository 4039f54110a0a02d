//! `fusion plugins`: which there are, what one is, which are trusted.

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::chat::Fault;
use fusion_providers::Plugin;
use fusion_providers::plugins::{Listed, Place, Standing};
use serde_json::{Map, Value, json};

use crate::args::Plugins;
use crate::project::plugins as found;
use crate::render::{Color, Out, Table};

/// Does one of them.
pub(super) fn plugins(command: Plugins, out: &Out) -> Result<u8> {
    match command {
        Plugins::List => Ok(list(out)),
        Plugins::Inspect(which) => inspect(&which.plugin, out),
        Plugins::Trust(args) if args.revoke => revoke(&args.which.plugin, out),
        Plugins::Trust(args) => trust(&args.which.plugin, out),
    }
}

/// Runs a plugin for another program.
pub(super) fn host() -> Result<u8> {
    fusion_providers::plugins::host().map_err(|fault| refused(&fault))?;
    Ok(0)
}

fn list(out: &Out) -> u8 {
    let plugins = found();
    let all = plugins.list();
    if out.json {
        let all = all.iter().map(|(file, listed)| match listed {
            Ok(listed) => about(listed, None),
            Err(fault) => json!({"manifest": file, "wrong": fault.message()}),
        });
        let all: Vec<Value> = all.collect();
        Out::value(&json!({"plugins": all, "folders": plugins.folders()}));
        return 0;
    }
    if all.is_empty() {
        let folders: Vec<String> =
            plugins.folders().iter().map(|folder| folder.display().to_string()).collect();
        out.say(&format!("no plugin has a manifest in {}", folders.join(", ")));
        return 0;
    }
    let mut table = Table::new(&["plugin", "version", "state", "runs", "library"]);
    for (file, listed) in &all {
        let (name, version, state, runs, library) = match listed {
            Ok(listed) => {
                let (name, version) = name_of(listed);
                let library = listed.library.display().to_string();
                (name, version, paint(listed.standing), runs(listed.place), library)
            }
            Err(fault) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let state = (Color::Red, "broken".to_owned());
                (name, String::new(), state, "", fault.message().to_owned())
            }
        };
        table.row(vec![
            (Color::Plain, name),
            (Color::Plain, version),
            state,
            (Color::Plain, runs.to_owned()),
            (Color::Plain, library),
        ]);
    }
    table.print(out);
    0
}

fn inspect(name: &str, out: &Out) -> Result<u8> {
    let plugins = found();
    let listed = plugins.find(name).map_err(|fault| refused(&fault))?;
    // What is not trusted, or shall be isolated, is only looked at from outside.
    let loaded = match listed.place {
        Place::Here => Some(plugins.load(name).map_err(|fault| refused(&fault))?.1),
        Place::Process | Place::Refused => None,
    };
    show(&listed, loaded.as_ref(), out);
    Ok(0)
}

fn trust(name: &str, out: &Out) -> Result<u8> {
    let plugins = found();
    let before = plugins.find(name).map_err(|fault| refused(&fault))?.standing;
    let (listed, plugin) = plugins.trust(name).map_err(|fault| refused(&fault))?;
    if out.json {
        Out::value(&about(&listed, Some(&plugin)));
        return Ok(0);
    }
    let (path, hash) = (listed.library.display(), listed.hash);
    let (name, version) = (plugin.name(), plugin.version());
    let secrets = listed.manifest.as_ref().map(|own| own.secrets.join(", ")).unwrap_or_default();
    if !secrets.is_empty() {
        out.note(&format!("it may have these secrets: {secrets}"));
    }
    out.say(&match before {
        Standing::Changed(old) => {
            format!("{name} {version} is trusted as it is now: {path}\n  was {old}\n  is  {hash}")
        }
        Standing::Trusted | Standing::Unknown => {
            format!("{name} {version} is trusted: {path}\n  {hash}")
        }
    });
    Ok(0)
}

fn revoke(name: &str, out: &Out) -> Result<u8> {
    let listed = found().distrust(name).map_err(|fault| refused(&fault))?;
    if out.json {
        Out::value(&about(&listed, None));
    } else {
        out.say(&format!("{} is trusted no longer", listed.library.display()));
    }
    Ok(0)
}

fn name_of(listed: &Listed) -> (String, String) {
    let manifest = listed.manifest.as_ref();
    manifest.map(|own| (own.name.clone(), own.version.clone())).unwrap_or_default()
}

fn paint(standing: Standing) -> (Color, String) {
    let color = match standing {
        Standing::Trusted => Color::Green,
        Standing::Changed(_) => Color::Red,
        Standing::Unknown => Color::Dim,
    };
    (color, standing.as_str().to_owned())
}

/// Says where a plugin runs.
fn runs(place: Place) -> &'static str {
    match place {
        Place::Here => "in this program",
        Place::Process => "in a process of its own",
        Place::Refused => "nowhere",
    }
}

fn show(listed: &Listed, loaded: Option<&Plugin>, out: &Out) {
    let about = about(listed, loaded);
    if out.json {
        Out::value(&about);
        return;
    }
    let mut table = Table::new(&["what", "value"]);
    for (key, value) in about.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(all) => all
                .iter()
                .map(|one| one.as_str().unwrap_or_default())
                .collect::<Vec<_>>()
                .join(", "),
            other => other.to_string(),
        };
        let text = if key == "runs" { runs(listed.place).to_owned() } else { text };
        let color = if key == "state" { paint(listed.standing).0 } else { Color::Plain };
        table.row(vec![(Color::Plain, key.clone()), (color, text)]);
    }
    table.print(out);
}

/// What is known of a plugin; what it says by itself only when it is loaded.
fn about(listed: &Listed, loaded: Option<&Plugin>) -> Value {
    let mut about = Map::new();
    let mut add = |key: &str, value: Value| about.insert(key.to_owned(), value);
    if let Some(manifest) = &listed.manifest {
        add("name", json!(manifest.name));
        add("version", json!(manifest.version));
        for (key, text) in [("about", &manifest.about), ("license", &manifest.license)] {
            if !text.is_empty() {
                add(key, json!(text));
            }
        }
        add("secrets", json!(manifest.secrets));
    }
    add("library", json!(listed.library));
    add("sha256", json!(listed.hash));
    add("state", json!(listed.standing.as_str()));
    add("runs", json!(listed.place.as_str()));
    if let Standing::Changed(old) = listed.standing {
        add("trusted_sha256", json!(old));
    }
    if let Some(plugin) = loaded {
        let (major, minor) = plugin.abi();
        add("name", json!(plugin.name()));
        add("version", json!(plugin.version()));
        add("abi", json!(format!("{major}.{minor}")));
        add("offers", json!(plugin.ops()));
    }
    Value::Object(about)
}

/// Says what is wrong with a plugin.
fn refused(fault: &Fault) -> Error {
    let error = Error::new(Code::InvalidInput, fault.message());
    let error = error.hint(
        "`fusion plugins list` shows the plugins that are found, docs/plugins.md how they are made",
    );
    match fault.detail_text() {
        Some(detail) => error.because(std::io::Error::other(detail.to_owned())),
        None => error,
    }
}
