//! Workflow files that are wrong: everything at once, each with its place; nothing is begun.

use crate::support::Project;

/// Runs a file that is refused: exit code 2, and no store is made.
fn refused(text: &str) -> String {
    let project = Project::with(text);
    let ran = project.fusion("run w.yaml");
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(!project.path(".fusion").exists(), "a refused file leaves nothing behind");
    let checked = project.fusion("validate w.yaml");
    assert_eq!((checked.code, &checked.stderr), (2, &ran.stderr));
    let json = project.fusion("validate w.yaml --json").json();
    assert!(json["error"]["code"].as_str().unwrap().starts_with("FU0"), "{json}");
    ran.all()
}

#[test]
fn a_cycle_is_shown_as_a_path() {
    insta::assert_snapshot!(refused("nodes:\n  a: { command: [x], needs: [c] }\n  b: { command: [x], needs: [a] }\n  c: { command: [x], needs: [b] }\n"), @r##"
exit 2
--- stderr
error: the nodes need one another in a circle: a → c → b → a [FU0206]
  --> w.yaml:4:3
  hint: each needs the next: take one of these needs away, or use `repeat` for a loop
"##);
}

#[test]
fn every_circle_is_shown() {
    insta::assert_snapshot!(refused("nodes:\n  a: { command: [x], needs: [b] }\n  b: { command: [x], needs: [a] }\n  c: { command: [x], needs: [c] }\n  d: { command: [x], needs: [e, a] }\n  e: { command: [x], needs: [d] }\n"), @r##"
exit 2
--- stderr
error: the nodes need one another in a circle: a → b → a [FU0206]
  --> w.yaml:4:3
  hint: each needs the next: take one of these needs away, or use `repeat` for a loop
error: the nodes need one another in a circle: c → c [FU0206]
  --> w.yaml:6:3
  hint: each needs the next: take one of these needs away, or use `repeat` for a loop
error: the nodes need one another in a circle: d → e → d [FU0206]
  --> w.yaml:7:3
  hint: each needs the next: take one of these needs away, or use `repeat` for a loop
"##);
}

#[test]
fn unknown_keys_and_names_have_near_ones() {
    insta::assert_snapshot!(refused("nodes:\n  log: { comand: [x] }\n  b: { command: ['{{ nodes.lgo.stdout }}', '{{ inputs.who }}'] }\n"), @r##"
exit 2
--- stderr
error: node `log` has no key `comand` [FU0203]
  --> w.yaml:4:10
  hint: did you mean `command`?
error: node `b`, `command[0]`: there is no node `lgo` [FU0205]
  --> w.yaml:5:22
  hint: did you mean `log`?
"##);
}

#[test]
fn a_wrong_type_is_named() {
    insta::assert_snapshot!(refused("inputs: { n: { type: integer, default: many } }\nnodes:\n  a: { command: 7 }\n"), @r##"
exit 2
--- stderr
error: the default of input `n` must be a whole number, found "many" [FU0204]
  --> w.yaml:3:40
error: node `a`: `command` must be a list, each item a text or a number, found `7` [FU0204]
  --> w.yaml:5:17
"##);
}

#[test]
fn a_template_error_has_its_place() {
    insta::assert_snapshot!(refused("nodes:\n  a: { command: [echo, '{{ 1 + }}'] }\n  b: { command: [x], when: 'nodes.a.stdout ==' }\n"), @r##"
exit 2
--- stderr
error: node `a`, `command[1]`: unexpected end of variable block at `}}` in `{{ 1 + }}` [FU0207]
  --> w.yaml:4:32
error: node `b`, `when`: unexpected end of input, expected expression at `==` in `nodes.a.stdout ==` [FU0207]
  --> w.yaml:5:44
"##);
}

#[test]
fn negative_and_enormous_numbers_are_refused() {
    insta::assert_snapshot!(refused("nodes:\n  a: { command: [x], retry: { attempts: -1 }, timeout: 99999999999999999999h }\n  b: { map: [1], command: [x], max_parallel: 99999999999999999999 }\n  c: { command: [x], priority: 1e400 }\n"), @r##"
exit 2
--- stderr
error: `99999999999999999999` does not fit into a number of 64 bits [FU0204]
  --> w.yaml:5:46
  hint: quote it to make it a text
error: `1e400` does not fit into a number of 64 bits [FU0204]
  --> w.yaml:6:32
  hint: quote it to make it a text
"##);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    insta::assert_snapshot!(refused("nodes:\n  a: { command: [x], retry: { attempts: -1 }, timeout: -5s }\n  b: { map: [1], command: [x], max_parallel: -2 }\n  c: { command: [x], priority: 1000000000000 }\n  d: { wait: { duration: 99999999d } }\n  e: { repeat: { until: 'true', max: 0 }, command: [x] }\n"), @r##"
exit 2
--- stderr
error: node `a`: `retry.attempts` must be a whole number from 1 to 1000, found `-1` [FU0204]
  --> w.yaml:4:41
error: node `a`: `timeout`: `-5s` is not a length of time: write a number with a unit, such as `10m` or `1h 30m` [FU0204]
  --> w.yaml:4:56
error: node `b`: `max_parallel` must be a whole number from 1 to 1024, found `-2` [FU0204]
  --> w.yaml:5:46
error: node `c`: `priority` must be a whole number from -2147483648 to 2147483647, found `1000000000000` [FU0204]
  --> w.yaml:6:32
error: `99999999d` is longer than 100 years [FU0204]
  --> w.yaml:7:26
error: node `e`: `repeat.max` must be a whole number from 1 to 1000000, found `0` [FU0204]
  --> w.yaml:8:38
"##);
}

#[test]
fn a_huge_file_is_refused_at_once() {
    let filler = "# nothing but words in a very long comment\n".repeat(250_000);
    insta::assert_snapshot!(refused(&format!("nodes:\n  a: {{ command: [x] }}\n{filler}")), @r##"
exit 2
--- stderr
error: the file w.yaml has 10750047 bytes; the most are 8388608 [FU0106]
  hint: put data into a file of its own, and let a node read it
"##);
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut bomb = "nodes:\n  a: { step: s, with: *i }\n".to_owned();
    let mut head = vec!["x0: &a [b, b, b, b, b, b, b, b, b]\n".to_owned()];
    for (last, next) in ('a'..'i').zip('b'..='i') {
        let nine = vec![format!("*{last}"); 9].join(", ");
        head.push(format!("x{next}: &{next} [{nine}]\n"));
    }
    bomb.insert_str(0, &head.concat());
    let told = refused(&bomb);
    assert!(told.contains("FU0106"), "{told}");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let project = Project::new();
    project.write("w.yaml", b"fusion: 1\nname: \xff\xfe\n");
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 2
--- stderr
error: the file is not UTF-8 text [FU0201]
  --> w.yaml:2:7
  hint: save it as UTF-8
"##);
    insta::assert_snapshot!(project.fusion("run none.yaml").all(), @r##"
exit 2
--- stderr
error: there is no file none.yaml [FU0201]
"##);
    std::fs::create_dir(project.path("folder")).unwrap();
    insta::assert_snapshot!(project.fusion("run folder").all(), @r##"
exit 2
--- stderr
error: folder is a folder, not a workflow file [FU0201]
"##);
}

#[test]
fn a_name_that_nothing_has_is_refused() {
    let project = Project::with("nodes: { a: { workflow: publsh } }\n");
    project
        .write("publish.yaml", "fusion: 1\nname: publish\nnodes: { a: { command: ['true'] } }\n");
    assert_eq!(project.fusion("run publish.yaml").code, 0);
    insta::assert_snapshot!(project.fusion("run w.yaml").all(), @r##"
exit 2
--- stderr
error: node `a`: no file in its folder defines the workflow `publsh`, and this store keeps none [FU0205]
  --> w.yaml:3:25
  hint: did you mean `publish`?
"##);
    insta::assert_snapshot!(project.fusion("run publih").all(), @r##"
exit 2
--- stderr
error: this store keeps no workflow `publih` [FU0205]
  hint: did you mean `publish`?
"##);
}
