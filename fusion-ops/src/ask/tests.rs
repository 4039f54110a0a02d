//! Questions as bindings ask them.

use fusion_core::error::Code;
use serde_json::json;
use tempfile::TempDir;

use super::ask;

#[test]
fn a_specification_is_asked_about() {
    let at = TempDir::new().unwrap();
    std::fs::write(
        at.path().join("spec.md"),
        "# A\n\n## Requirements\n\n- **FR-001**: Users MUST sign in with a password\n",
    )
    .unwrap();
    let of = json!({"folder": at.path()});
    let ask = |what: &str| ask(what, of.clone()).unwrap();
    assert_eq!(ask("spec.read")["requirements"][0]["id"], "FR-001");
    assert_eq!(ask("spec.analyze")["components"][0]["id"], "auth");
    assert_eq!(ask("spec.plan")["tasks"][0]["requirements"], json!(["FR-001"]));
    assert!(ask("spec.workflow").as_str().unwrap().contains("fusion: 1"));
    assert!(ask("spec.validate").is_array());
    let files: Vec<_> = std::fs::read_dir(at.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "questions leave nothing behind");
}

#[test]
fn what_does_not_fit_is_said() {
    let code = |what: &str, given| ask(what, given).unwrap_err().code();
    assert_eq!(code("spec.read", json!({"folder": "/nowhere"})), Code::FileUnreadable);
    assert_eq!(code("spec.read", json!({"foldr": "."})), Code::InvalidInput);
    assert_eq!(code("nobody.knows", json!({})), Code::Internal);
    assert_eq!(code("components.add", json!({"project": "/nowhere"})), Code::FileUnreadable);
}

#[test]
fn components_of_a_program_come_and_go() {
    let at = TempDir::new().unwrap();
    let manifest = json!({
        "name": "licence", "version": "1.0.0", "category": "legal",
        "files": [{"from": "LICENCE", "to": "LICENCE"}],
    });
    let own = json!([{"manifest": manifest, "files": {"LICENCE": "All rights reserved.\n"}}]);
    let ask = |what: &str, more: serde_json::Value| {
        let mut given = json!({"project": at.path(), "own": own});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(what, given)
    };
    let listed = ask("components.list", json!({"category": "legal"})).unwrap();
    assert_eq!(
        (listed[0]["name"].as_str(), listed.as_array().unwrap().len()),
        (Some("licence"), 1)
    );
    let add = json!({"names": ["licence@^1", "database"], "dry_run": true});
    assert_eq!(ask("components.add", add.clone()).unwrap()["changed"], false);
    assert!(!at.path().join("LICENCE").exists());
    let add = json!({"names": add["names"]});
    assert_eq!(ask("components.add", add.clone()).unwrap()["changed"], true);
    assert_eq!(ask("components.add", add).unwrap()["changed"], false, "again changes nothing");
    assert!(at.path().join("LICENCE").is_file());
    assert_eq!(ask("components.verify", json!({})).unwrap()["ok"], true);
    assert!(ask("components.installed", json!({})).unwrap()["database"].is_object());
    ask("components.remove", json!({"names": ["licence", "database"]})).unwrap();
    assert!(!at.path().join("LICENCE").exists());
    let wrong = json!({"own": [{"manifest": manifest, "files": {}}]});
    assert_eq!(ask("components.list", wrong).unwrap_err().code(), Code::FileUnreadable);
}
