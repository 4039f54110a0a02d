//! What the command says of itself.

use crate::support::Project;

#[test]
fn the_help_of_every_command_is_the_page_in_the_docs() {
    let ran = Project::new().fusion("reference");
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
    assert_eq!(ran.code, 0);
    assert!(ran.stdout == page, "docs/cli.md is stale: run `cargo xtask codegen`");
}

#[test]
fn a_mistyped_command_has_a_near_one() {
    insta::assert_snapshot!(Project::new().fusion("vlidate x.yaml").all(), @r##"
exit 2
--- stderr
error: unrecognized subcommand 'vlidate'

  tip: some similar subcommands exist: 'simulate', 'validate'

Usage: fusion [OPTIONS] <COMMAND>

For more information, try '--help'.
"##);
    insta::assert_snapshot!(Project::new().fusion("runs aprove x --json").all(), @r##"
exit 2
--- stdout
{
  "error": {
    "code": "usage",
    "message": "unrecognized subcommand 'aprove'",
    "hint": "some similar subcommands exist: 'prune', 'resolve', 'approve'",
    "usage": "fusion runs [OPTIONS] <COMMAND>",
    "errors": [
      {
        "code": "usage",
        "message": "unrecognized subcommand 'aprove'",
        "hint": "some similar subcommands exist: 'prune', 'resolve', 'approve'",
        "usage": "fusion runs [OPTIONS] <COMMAND>"
      }
    ]
  }
}
"##);
}

#[test]
fn codes_are_explained() {
    let project = Project::new();
    for code in ["FU0206", "fu0206", "206"] {
        let page = project.fusion(&format!("explain {code}"));
        assert_eq!(page.code, 0);
        assert!(page.stdout.starts_with("# FU0206: "), "{}", page.stdout);
    }
    assert!(project.fusion("explain").stdout.lines().count() > 30);
    insta::assert_snapshot!(project.fusion("explain FU9999").all(), @r##"
exit 2
--- stderr
error: there is no error code `FU9999` [FU0101]
  hint: known: FU0101, FU0102, FU0103, FU0104, FU0105, FU0106, FU0107, FU0108 and 32 more
"##);
}

#[test]
fn shells_complete_it() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Project::new().fusion(&format!("completions {shell}"));
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("approve"), "{shell}");
    }
}

#[test]
fn the_schema_names_every_key() {
    let schema = Project::new().fusion("schema workflow").json();
    assert!(schema["properties"]["nodes"].is_object());
}
