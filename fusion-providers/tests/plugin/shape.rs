//! Libraries that are no plugins, or misshapen ones: refused with the reason, and nothing of them is called.

use fusion_core::model::chat::FaultKind;
use fusion_providers::{Keys, Plugin};
use serde_json::json;

use super::bed::{Way, ask, build, open, open_as};

const MISSHAPEN: &str = "fusion-providers/tests/plugin/c/misshapen.c";

fn refused(defines: &[&str]) -> String {
    let built = build(MISSHAPEN, defines);
    let [here, apart] = [Way::Here, Way::Apart].map(|way| open_as(way, &built.path(), &json!({})));
    let (fault, apart) = (here.unwrap_err(), apart.unwrap_err());
    assert!(matches!(fault.kind(), FaultKind::InvalidRequest | FaultKind::Malformed), "{fault}");
    assert_eq!((apart.kind(), apart.message()), (fault.kind(), fault.message()));
    fault.message().to_owned()
}

#[test]
fn what_is_no_plugin_is_refused_with_the_reason() {
    for (defines, reason) in [
        (
            ["ABI=0x20000"],
            "it is for version 2.0 of the plugin ABI, and this program has 1.0: get a matching program, or an older plugin",
        ),
        (
            ["ABI=0x00003"],
            "it is for version 0.3 of the plugin ABI, and this program has 1.0: get a newer plugin",
        ),
        (["SIZE=16"], "its table has 16 bytes, and version 1.0 has 64"),
        (["ENTRY=NULL"], "`fusion_plugin_entry` gave no table"),
        (["ENTRY=(const fusion_plugin*)1"], "`fusion_plugin_entry` gave no table"),
        (
            ["SYMBOL=another_entry"],
            "it is a library, but no plugin: it does not export `fusion_plugin_entry`",
        ),
        (["CREATE=NULL"], "its table has no `create`"),
        (["START=NULL"], "its table has no `start`"),
        (["NAME=NULL"], "its name is not 64 or fewer of a-z, 0-9 and -"),
        (["NAME=\"Über\""], "its name is not 64 or fewer of a-z, 0-9 and -"),
        (["CREATE=gives_null"], "the plugin said that it was opened, and gave no instance"),
    ] {
        let said = refused(&defines);
        assert!(said.ends_with(reason), "{defines:?}: {said}");
    }
}

#[test]
fn garbage_in_place_of_a_table_is_refused() {
    let said = refused(&[
        "ENTRY=(const fusion_plugin*)(void*)\"garbage garbage garbage garbage garbage garbage garbage garbage\"",
    ]);
    assert!(said.contains("of the plugin ABI") || said.contains("no table"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_minor_version_is_taken() {
    let newer = build(MISSHAPEN, &["IS_FINE", "ABI=0x10007", "SIZE=sizeof plugin"]);
    let plugin = Plugin::load(&newer.path()).unwrap();
    assert_eq!((plugin.name(), plugin.version(), plugin.abi()), ("misshapen", "0.1", (1, 7)));
    assert_eq!(plugin.ops(), ["complete"]);
    let provider = plugin.open(&json!({}), &Keys::new(|_| None)).unwrap();
    assert_eq!(ask(&*provider, "x").await.unwrap().text(), "fine");
}

#[test]
fn what_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.so");
    std::fs::write(&text, "no library at all").unwrap();
    let empty = folder.path().join("empty.so");
    std::fs::write(&empty, "").unwrap();
    for (path, reason) in [
        (text.as_path(), "it cannot be loaded: "),
        (empty.as_path(), "it cannot be loaded: "),
        (folder.path(), "it is no file"),
        (&folder.path().join("missing.so"), "No such file"),
    ] {
        let fault = open(path).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::InvalidRequest);
        assert!(fault.message().contains(reason), "{fault}");
        assert!(fault.message().contains(&path.display().to_string()), "{fault}");
    }
}
