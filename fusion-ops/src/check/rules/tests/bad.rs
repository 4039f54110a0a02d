//! Files that lack something: each rule finds its own, on its line.

use std::collections::BTreeSet;

use super::super::Set;
use super::support::found;

/// A rule, the line on which it finds something, a file.
type Bad = (&'static str, usize, &'static str, &'static str);

const BAD: &[Bad] = &[
    ("frontend/export", 1, "src/Login.tsx", "function Login() {\n  return <b/>;\n}\n"),
    (
        "frontend/shows",
        3,
        "src/Login.tsx",
        "import { a } from 'a';\n\nexport function Login() {\n  const [x] = useState<User>(a);\n  console.log(x < 1);\n  return null;\n}\n",
    ),
    (
        "frontend/shows",
        1,
        "src/Login.vue",
        "<script>\nexport default { data: () => 1 }\n</script>\n",
    ),
    ("frontend/title", 2, "index.html", "<html>\n<head></head><body></body></html>\n"),
    ("frontend/title", 3, "index.html", "<html>\n<head>\n<title> </title></head></html>\n"),
    ("frontend/alt", 2, "index.html", "<p>\n<img src='a.png'>\n"),
    (
        "frontend/alt",
        3,
        "src/Logo.jsx",
        "// it's <img>\nexport const Logo = () => (\n  <img\n    src={a > b ? c : d}\n    onClick={() => { go(); }}\n  />\n);\n",
    ),
    ("frontend/alt", 1, "src/A.vue", "<template><img :src=\"a\"></template>\n"),
    (
        "frontend/script",
        2,
        "index.html",
        "<p>\n<SCRIPT src=\"HTTP://cdn.example.org/a.js\"></SCRIPT>\n",
    ),
    ("api/handler", 1, "src/handlers/notes.js", "console.log('notes');\n"),
    ("api/handler", 1, "notes_controller.py", "NOTES = []\n"),
    (
        "api/route",
        2,
        "routes/notes.js",
        "const express = require('express');\nconst router = express.Router();\nmodule.exports = router;\n",
    ),
    (
        "api/route",
        3,
        "notes.py",
        "from fastapi import APIRouter\n\nrouter = APIRouter()\n\ndef notes():\n    return []\n",
    ),
    ("api/paths", 2, "openapi.yaml", "openapi: 3.1.0\npaths: [\n"),
    ("api/paths", 1, "swagger.json", "{\"swagger\": \"2.0\"}"),
    ("api/operation", 3, "a.yaml", "openapi: 3.1.0\npaths:\n  /notes:\n    summary: none\n"),
    (
        "api/responses",
        4,
        "a.yaml",
        "openapi: 3.1.0\npaths:\n  /notes:\n    get:\n      summary: none\n",
    ),
    ("database/closed", 2, "a.sql", "SELECT 1;\nSELECT 'a;\n"),
    ("database/closed", 1, "a.sql", "CREATE TABLE a (id INT PRIMARY KEY;\n"),
    ("database/closed", 1, "a.sql", "SELECT 1);\n"),
    ("database/statement", 2, "a.sql", "SELECT 1;\nCRAETE TABLE a (id INT PRIMARY KEY);\n"),
    (
        "database/primary-key",
        2,
        "a.sql",
        "\nCREATE TABLE IF NOT EXISTS a (\n  id INT, note TEXT -- PRIMARY KEY\n) ENGINE=InnoDB;\n",
    ),
    ("database/data-loss", 1, "a.sql", "DROP TABLE IF EXISTS a;\n"),
    (
        "database/data-loss",
        3,
        "a.sql",
        "-- up\n\nALTER TABLE a ADD b INT, DROP COLUMN IF EXISTS c;\n",
    ),
    ("database/data-loss", 2, "a.sql", "SELECT 1;\nTRUNCATE a;\n"),
    ("testing/test", 1, "test_a.py", "def add():\n    assert 1 == one()\n"),
    ("testing/test", 1, "a_test.go", "package a\nfunc help() {}\n"),
    ("testing/assertion", 1, "test_a.py", "def test_a():\n    print(add(1))\n"),
    (
        "testing/assertion",
        2,
        "a.test.ts",
        "import { add } from './a';\nit('adds', () => { add(1); });\n",
    ),
    ("testing/always-true", 2, "test_a.py", "def test_a():\n    assert True  # it works\n"),
    (
        "testing/always-true",
        2,
        "test_a.py",
        "def test_a(self):\n    self.assertEqual(1, 1)\n    self.assertTrue(add(1))\n",
    ),
    ("testing/always-true", 1, "a.test.js", "it('adds', () => { expect(true).toBe(true); });\n"),
    ("testing/always-true", 1, "a.spec.js", "it('adds', () => { assert.ok(true); });\n"),
    ("testing/always-true", 3, "tests.rs", "#[test]\nfn adds() {\n    assert!(true);\n}\n"),
    ("testing/skipped", 2, "test_a.py", "@pytest.mark.skip\ndef test_a():\n    assert add(1)\n"),
    (
        "testing/skipped",
        1,
        "a.test.ts",
        "describe.skip('a', () => {\n  it('b', () => { expect(add(1)).toBe(1); });\n});\n",
    ),
    ("devops/yaml", 3, ".github/workflows/ci.yml", "on: push\njobs:\n  a: ]\n    b: ${{ c }}\n"),
    ("devops/dockerfile", 2, "Dockerfile", "FROM a:1\nCOPPY . .\n"),
    ("devops/dockerfile", 1, "Dockerfile", "RUN make\nFROM a:1\n"),
    ("devops/pinned-image", 1, "api.Dockerfile", "FROM node\n"),
    ("devops/pinned-image", 2, "Dockerfile.dev", "ARG A=1\nFROM ghcr.io/a/b:latest AS c\nFROM c\n"),
    ("devops/pinned-image", 3, "compose.yaml", "services:\n  db:\n    image: postgres\n"),
    ("devops/workflow", 2, ".github/workflows/ci.yml", "name: a\njobs: {}\non: push\n"),
    (
        "devops/workflow",
        3,
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    steps: [{ run: make }]\n",
    ),
    (
        "devops/workflow",
        6,
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - name: b\n",
    ),
    ("devops/compose", 2, "compose.yml", "services:\n  web:\n    ports: ['80:80']\n"),
    (
        "devops/secret",
        5,
        "docker-compose.yml",
        "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: h7Gk29xLp\n",
    ),
    (
        "devops/secret",
        2,
        ".env",
        "PORT=80\nexport DATABASE_URL=postgres://notes:h7Gk29xLp@db/notes\n",
    ),
    ("devops/secret", 2, "Dockerfile", "FROM a:1\nENV A=1 API_KEY=h7Gk29xLp\n"),
    ("devops/secret", 1, "prod.env", "SOME=ghp_0123456789abcdefghij0123456789abcdef\n"),
    ("docs/link", 3, "docs/index.md", "# Index\n\n[a](none.md)\n"),
    ("docs/anchor", 3, "README.md", "# Index\n\n[a](docs/setup.md#last-steps)\n"),
    ("docs/anchor", 1, "README.md", "[a](#none)\n\n# Index\n"),
    (
        "docs/heading",
        1,
        "README.md",
        "1\n\n2\n\n3\n\n4\n\n5\n\n6\n\n7\n\n8\n\n9\n\n10\n\n11\n\n12\n\n13\n\n14\n\n15\n\n16\n",
    ),
];

#[test]
fn each_rule_finds_what_it_is_for() {
    for (rule, line, name, text) in BAD {
        let set = Set::all().find(|set| rule.starts_with(set.name())).unwrap();
        let all = found(set, name, text);
        let said: Vec<(&str, usize)> = all.iter().map(|one| (one.rule, one.line)).collect();
        assert!(said.contains(&(rule, *line)), "{rule} {line} {name}: {said:?}\n{text}");
        assert!(all.iter().all(|one| !one.wrong.is_empty() && !one.fix.is_empty()));
    }
}

#[test]
fn every_rule_has_a_bad_file_and_no_other_is_said() {
    let tried: BTreeSet<&str> = BAD.iter().map(|(rule, ..)| *rule).collect();
    let all: BTreeSet<&str> = Set::all().flat_map(Set::rules).map(|rule| rule.id).collect();
    assert_eq!(tried, all);
    for (_, _, name, text) in BAD {
        for set in Set::all() {
            for one in found(set, name, text) {
                assert!(set.rules().iter().any(|rule| rule.id == one.rule), "{one}");
                assert!(one.line <= text.lines().count(), "{one}");
            }
        }
    }
}
