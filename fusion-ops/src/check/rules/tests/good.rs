//! Files that are right, small ones too: no set says anything about any of them.

use super::super::Set;
use super::support::found;

const FRONTEND: &[(&str, &str)] = &[
    (
        "index.html",
        "<!doctype html>\n<html>\n<head><title>Notes</title><script src=\"http://localhost:3000/x.js\"></script></head>\n<body><img src=a.png alt=\"\"></body></html>\n",
    ),
    ("part.html", "<div><img src=\"a.png\" alt=\"A house\"></div>\n"),
    (
        "base.html",
        "<html><head>{% include 'head.html' %}</head><body><img {{ attributes }}></body></html>\n",
    ),
    (
        "src/Login.tsx",
        "export default function Login({ user }: Props) {\n  if (!user) return null;\n  return <b>{user.name}</b>;\n}\n",
    ),
    (
        "src/App.jsx",
        "const App = () => (\n  <>\n    {/* <img> */}\n    <img {...props} />\n    <p>Don't</p>\n  </>\n);\nexport { App };\n",
    ),
    (
        "src/main.tsx",
        "import { createRoot } from 'react-dom/client';\nimport App from './App';\ncreateRoot(document.getElementById('root')!).render(<App />);\n",
    ),
    (
        "src/useUser.tsx",
        "export function useUser() {\n  const [user] = useState<User | null>(null);\n  return user;\n}\n",
    ),
    (
        "src/AuthProvider.tsx",
        "export function AuthProvider({ children }) {\n  return children;\n}\n",
    ),
    (
        "src/Box.tsx",
        "import styled from 'styled-components';\nexport const Box = styled.div`\n  color: red;\n`;\n",
    ),
    (
        "src/Notes.vue",
        "<template>\n  <img :src=\"a\" :alt=\"b\">\n</template>\n<script setup>\nconst a = 1\n</script>\n",
    ),
    ("src/Notes.svelte", "<script>\n  let a = 1 < 2;\n</script>\n<img src={a} alt={b}>\n"),
    (
        "src/Kinds.tsx",
        "import Item from './Item';\nconst Kinds: Form = { item: Item };\nexport default Kinds;\n",
    ),
    (
        "src/Old.jsx",
        "const React = require('react');\nmodule.exports = class Old extends React.Component {\n  render() { return <p/>; }\n};\n",
    ),
];

const API: &[(&str, &str)] = &[
    (
        "src/routes/users.js",
        "const router = require('express').Router();\nrouter.get('/', list);\nmodule.exports = router;\n",
    ),
    (
        "app/notes.py",
        "from fastapi import APIRouter\n\nrouter: APIRouter = APIRouter(prefix='/notes')\n\n@router.get('/')\ndef notes():\n    return []\n",
    ),
    (
        "app/__init__.py",
        "from flask import Blueprint\nbp = Blueprint('main', __name__)\nfrom app.main import routes\n",
    ),
    ("server.js", "const app = express();\napp.use(cors());\nsetUp(app);\n"),
    ("main.py", "app = FastAPI()\napp.include_router(notes)\n"),
    ("create.py", "def create():\n    app = Flask(__name__)\n    init(app)\n    return app\n"),
    ("src/handlers/notes.ts", "export const list = async (req, res) => {\n  res.json([]);\n};\n"),
    ("src/routes/paths.ts", "export const PATHS = { home: '/' };\n"),
    (
        "controllers/notes_controller.rb",
        "class NotesController < ApplicationController\n  def index; end\nend\n",
    ),
    (
        "openapi.yaml",
        "openapi: 3.1.0\ninfo: { title: Notes, version: 1.0.0 }\npaths:\n  /notes:\n    parameters: []\n    get:\n      responses:\n        '200': { description: all }\n  /more:\n    $ref: more.yaml\n",
    ),
    (
        "api.json",
        "{\"openapi\": \"3.0.0\", \"paths\": {\"/a\": {\"post\": {\"responses\": {\"201\": {}}}}}}",
    ),
    ("config.yaml", "paths: [a]\nserver: { port: 1 }\n"),
    ("several.yaml", "a: 1\n---\nb: !tag 2\n"),
];

const DATABASE: &[(&str, &str)] = &[
    (
        "001_notes.sql",
        "-- Notes; it's all there.\nCREATE TABLE IF NOT EXISTS public.\"Notes\" (\n  id SERIAL PRIMARY KEY,\n  body TEXT DEFAULT 'a;b''c('\n);\nCREATE INDEX a ON notes (body);\n",
    ),
    (
        "002_links.sql",
        "CREATE TABLE links (a INT, b INT, PRIMARY KEY (a, b));\nINSERT INTO links VALUES (1, 2), (3, 4);\n",
    ),
    (
        "dump.sql",
        "CREATE TABLE public.a (id integer NOT NULL);\nALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);\n",
    ),
    (
        "copies.sql",
        "CREATE TABLE b AS SELECT * FROM a;\nCREATE TABLE c (LIKE a INCLUDING ALL);\nCREATE TABLE d PARTITION OF a FOR VALUES IN (1);\nCREATE TEMP TABLE e (x int);\nCREATE VIRTUAL TABLE f USING fts5(body);\n",
    ),
    ("schema.sql", "DROP TABLE IF EXISTS a;\nCREATE TABLE a (id INTEGER PRIMARY KEY);\n"),
    (
        "0002_drop.sql",
        "-- Nobody reads this column since version 2.\nALTER TABLE a DROP COLUMN old;\nDROP TABLE b; -- its rows were copied to a\n",
    ),
    ("migrations/0003_drop.up.sql", "DROP TABLE a;\n"),
    ("0004.down.sql", "DROP TABLE a;\n"),
    (
        "0005.sql",
        "-- migrate:up\nALTER TABLE a DROP COLUMN b;\n-- migrate:down\nALTER TABLE a ADD COLUMN b TEXT;\n",
    ),
    (
        "touch.sql",
        "CREATE FUNCTION touch() RETURNS trigger AS $$\nBEGIN\n  NEW.at = now(); -- it's (\n  RETURN NEW;\nEND;\n$$ LANGUAGE plpgsql;\nALTER TABLE a ALTER COLUMN b DROP NOT NULL;\nDROP INDEX x;\n",
    ),
    ("click.sql", "CREATE TABLE hits (at DateTime) ENGINE = MergeTree ORDER BY at;\n"),
    ("model.sql", "SELECT * FROM {{ ref('a') }} WHERE (\n"),
    ("mysql.sql", "INSERT INTO a VALUES ('it\\'s');\nSELECT 1;\n"),
];

const TESTING: &[(&str, &str)] = &[
    (
        "tests/test_notes.py",
        "def test_add():\n    assert add(1) == [1]\n    assert True in add(1), 'it is'\n",
    ),
    (
        "test_raises.py",
        "import pytest\n\n@pytest.mark.skipif(WINDOWS, reason='x')\nclass TestA:\n    def test_a(self):\n        with pytest.raises(ValueError):\n            a()\n",
    ),
    (
        "test_unit.py",
        "class A(unittest.TestCase):\n    @unittest.skip('later')\n    def test_a(self):\n        pass\n\n    def test_b(self):\n        self.assertEqual(1, one())\n",
    ),
    ("test_more.py", "def test_all():\n    shared.test_add()\n"),
    ("test_shared.py", "from shared import *\n"),
    ("tests/helpers.py", "def make():\n    return 1\n"),
    ("tests/conftest.py", "import pytest\n"),
    (
        "src/notes.test.ts",
        "import { add } from './notes';\ndescribe('notes', () => {\n  it.skip('later', () => {});\n  it('adds', () => { expect(add(1)).toBe(1); });\n});\n",
    ),
    ("a.spec.js", "test.each([1, 2])('%i', (n) => expect(n > 0).toBe(true));\n"),
    ("b.test.js", "const assert = require('node:assert');\nassert.equal(add(1, 1), 2);\n"),
    ("cy.spec.ts", "it('opens', () => { cy.visit('/'); cy.contains('Notes'); });\n"),
    (
        "notes_test.go",
        "func TestAdd(t *testing.T) {\n\tif Add(1) != 2 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n",
    ),
    (
        "src/tests.rs",
        "use super::*;\n\n#[test]\nfn adds() {\n    assert_eq!(add(1, 1), 2);\n    assert!(matches!(x, 'a'));\n}\n",
    ),
    ("tests/all_tests.rs", "mod a;\nmod b;\n"),
    (
        "NotesTest.java",
        "class NotesTest {\n  @Test\n  void adds() { assertEquals(2, Notes.add(1, 1)); }\n}\n",
    ),
    (
        "spec/notes_spec.rb",
        "describe Notes do\n  it 'adds' do\n    expect(Notes.add(1)).to eq(2)\n  end\nend\n",
    ),
];

const DEVOPS: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "# syntax=docker/dockerfile:1\nARG VERSION=22\nFROM --platform=linux/amd64 node:${VERSION}-slim AS build\nENV PATH=/app/bin:$PATH TOKEN_TTL=3600\nRUN npm ci && \\\n    # a comment\n    npm run build\nRUN <<EOF\nnot an instruction\nEOF\nFROM build\nFROM scratch\nFROM a@sha256:0123\nCOPY --from=build /app /app\n",
    ),
    (
        "docker-compose.yml",
        "services:\n  web:\n    build: .\n    image: notes\n    environment:\n      DB_PASSWORD: ${DB_PASSWORD}\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n  db:\n    image: registry.local:5000/postgres:16\n    environment:\n      - POSTGRES_PASSWORD=postgres\n      - URL=postgres://postgres:postgres@db/notes\n",
    ),
    ("docker-compose.override.yml", "services:\n  web:\n    ports: ['80:80']\n"),
    (
        ".github/workflows/ci.yml",
        "name: ci\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    env:\n      TOKEN: ${{ secrets.TOKEN }}\n    steps:\n      - uses: actions/checkout@v4\n      - run: cargo test\n  other:\n    uses: ./.github/workflows/other.yml\n",
    ),
    (".env.example", "API_KEY=sk-ant-0123456789012345678901234567890123\n"),
    (
        ".env",
        "# SECRET_KEY=abcdef\nSECRET_KEY=change-me-please\nPORT=80\nDB_PASSWORD=\nDEBUG=true\nAPI_TOKEN=your-token-here\n",
    ),
    ("values.yaml", "a: {{ .Values.a }}\n"),
    ("k8s/app.yaml", "kind: A\n---\nkind: B\n"),
];

const DOCS: &[(&str, &str)] = &[
    (
        "README.md",
        "# Notes\n\nSee [set up](docs/setup.md#first-steps), [here](#the-end), [there](https://a.b/c), [a line](docs/logo.png#L3), ![logo](docs/logo.png).\n\n## The end!\n",
    ),
    (
        "docs/index.md",
        "# Index\n\n[Back](../docs/setup.md) [set up](./setup.md) [out](../../x.md) [folder](.) [mail](mailto:a@b) [root](/x) [top](#top)\n",
    ),
    (
        "names.md",
        "# `run()` & more\n\n## A\n\n## A\n\n<a id=\"Own\"></a>\n\n[1](#run--more) [2](#a-1) [3](#own) [4](#run-more)\n\n`[x](nowhere.md)`\n",
    ),
    ("short.md", "One line.\n"),
    ("page.md", "---\ntitle: Page\n---\n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n1\n2\n3\n4\n5\n6\n"),
];

#[test]
fn nothing_is_said_about_what_is_right() {
    for (name, text) in [FRONTEND, API, DATABASE, TESTING, DEVOPS, DOCS].concat() {
        for set in Set::all() {
            // A page whose links lead somewhere else than in the fixtures' workspace is one set's only.
            assert_eq!(found(set, name, text), [], "{name}: {text}");
        }
    }
}
