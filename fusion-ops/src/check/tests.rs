//! Files, placeholders, settings.

use fusion_core::error::Code;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

#[test]
fn stubs_are_refused() {
    for (path, text) in [
        ("login.py", "def login(user):\n    # todo\n    pass\n"),
        ("login.py", "def login(user):\n    pass\n"),
        (
            "login.py",
            "def login(user): ...\n\nasync def out(user):\n    raise NotImplementedError\n",
        ),
        ("store.js", "// todo: implement\nmodule.exports = {};\n"),
        ("store.js", "function add() {\n}\nmodule.exports = add;\n"),
        ("Login.tsx", "export default function Login() {\n  return null;\n}\n"),
        ("Login.jsx", "export const Login = () => <></>;\n"),
        ("main.rs", "fn main() {\n    todo!()\n}\n"),
        ("lib.rs", "// The library.\n"),
        ("a.css", "/* styles go here */\n"),
        ("empty.py", "\n\n"),
        ("README.md", "# Title\n"),
        ("README.md", "# Title\n\ntodo\n"),
        ("app.py", &format!("{}# ... rest of the code\n", "x = 1\n".repeat(40))),
    ] {
        assert!(placeholder(path, text).is_some(), "{path}: {text}");
    }
}

#[test]
fn small_work_passes() {
    for (path, text) in [
        ("pkg/__init__.py", ""),
        ("version.py", "VERSION = \"1.0\"\n"),
        ("errors.py", "class NotFound(Exception):\n    pass\n"),
        (
            "port.py",
            "from abc import ABC, abstractmethod\n\nclass Port(ABC):\n    @abstractmethod\n    def send(self): ...\n",
        ),
        ("half.py", "def a():\n    return 1\n\ndef b():\n    pass\n"),
        ("index.js", "export * from './a.js';\n"),
        (
            "Login.tsx",
            "export default function Login({ user }) {\n  if (!user) return null;\n  return <b>{user.name}</b>;\n}\n",
        ),
        ("Field.tsx", "export const Field = () => <input placeholder=\"name\" />;\n"),
        ("data.json", "{}\n"),
        ("todos.py", "def todos():\n    return []\n"),
        ("README.md", "# Notes\n\nKeeps notes.\n"),
        (".gitkeep", ""),
    ] {
        assert_eq!(placeholder(path, text), None, "{path}: {text}");
    }
}

#[test]
fn files_are_looked_at_within_the_workspace() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("good.json", "{\"a\": 1}");
    write("bad.json", "{");
    write("bad.yaml", "a: [");
    write("bad.toml", "a = ");
    write("lines.jsonl", "{}\nx\n");
    let passed = |name: &str| look(folder.path(), name, false).proof.passed;
    assert!(passed("good.json") && passed("."));
    for name in
        ["bad.json", "bad.yaml", "lines.jsonl", "none.py", "../x", "/etc/hosts", "a/../../b", ""]
    {
        assert!(!passed(name), "{name}");
    }
    assert_eq!(look(folder.path(), "good.json", false).proof.hash.len(), 64);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc", folder.path().join("out")).unwrap();
        assert!(look(folder.path(), "out/hosts", false).proof.detail.contains("leads out"));
    }
}

#[test]
fn settings_name_their_mistakes() {
    let wrong = "build: 2\nattempts: 0\nchecks:\n  - { tsk: T001, command: [a] }\n  - { task: T1, story: US1, http: { url: 'ftp://x' } }\n  - {}\n\
                 gates: { coverage: 90 }\ninputs: [a]\n";
    let tests = |text: &str| {
        Settings::parse(&format!("build: 1\nchecks: [{{ tests: {text} }}]"), "b")
            .map(|one| one.checks[0].what.clone())
    };
    let given = Tests { suite: Some("api".into()), retries: 2 };
    assert_eq!(tests("true").unwrap(), What::Tests(Tests::default()));
    assert_eq!(tests("{ suite: api, retries: 2 }").unwrap(), What::Tests(given));
    for text in ["false", "api", "{ suites: a }", "{ retries: 21 }", "{ retries: -1 }"] {
        assert_eq!(
            tests(text).unwrap_err().all().next().unwrap().code(),
            Code::WrongType,
            "{text}"
        );
    }
    let error = Settings::parse(wrong, "build.yaml").unwrap_err();
    let said: Vec<(usize, String)> =
        error.all().map(|one| (one.place().unwrap().line, one.message().to_owned())).collect();
    let has = |line: usize, text: &str| {
        assert!(
            said.iter().any(|one| one.0 == line && one.1.contains(text)),
            "{line} {text}: {said:#?}"
        );
    };
    has(1, "`build` must be 1");
    has(2, "1 to 20");
    has(4, "`tsk` is not known");
    has(5, "name one");
    has(5, "http://");
    has(6, "has one of");
    has(7, "0 to 1");
    has(8, "`inputs` is a map");
    assert_eq!(Settings::parse("build: 1", "b").unwrap(), Settings::default());
    assert_eq!(Settings::parse("a: [", "b").unwrap_err().code(), Code::Syntax);
}

proptest! {
    #[test]
    fn any_file_is_judged(path in "[a-zA-Z./_]{1,20}", text in "(?s).{0,300}") {
        let _ = placeholder(&path, &text);
    }

    #[test]
    fn no_name_leads_out(name in "[a-z./\\\\]{0,24}") {
        let folder = TempDir::new().unwrap();
        if let Some(path) = inside(folder.path(), &name) {
            prop_assert!(path.starts_with(folder.path()));
            prop_assert!(!path.components().any(|part| part == std::path::Component::ParentDir));
        }
    }
}
