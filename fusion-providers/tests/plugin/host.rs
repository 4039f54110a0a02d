//! The program that runs plugins for the tests beside it; and one that uses such a plugin until somebody kills it.

use std::io::Write as _;

use fusion_providers::{Keys, PluginProcess};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [] => fusion_providers::plugins::host().map_err(|fault| fault.to_string().into()),
        [library] => {
            let own = std::env::current_exe()?.display().to_string();
            let plugin = PluginProcess::new(library).program([own]);
            let provider = plugin.open(&json!({}), &Keys::new(|_| None));
            let provider = provider.map_err(|fault| fault.to_string())?;
            let mut out = std::io::stdout();
            writeln!(out, "{} is open", provider.name())?;
            out.flush()?;
            std::thread::park();
            Ok(())
        }
        _ => Err("say the path of one library, or nothing".into()),
    }
}
