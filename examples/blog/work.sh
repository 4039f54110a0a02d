#!/bin/sh
# Stands for an agent: the task comes on standard input, its files are written into the folder that it is started in.
set -eu
task=$(cat)
case "$task" in
T001*)
    mkdir -p posts
    printf 'First post\n\nThis is the very first one.\n' >posts/2026-11-21-first.txt
    printf 'Second post\n\n<b>Bold</b> words & more.\n' >posts/2026-11-22-second.txt
    ;;
T002*refused*)
    mkdir -p blog
    cat >blog/posts.py <<'PY'
"""Posts: text files whose name begins with the date and whose first line is the title."""

import re
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"^\d{4}-\d{2}-\d{2}-[a-z0-9-]+$")


@dataclass(frozen=True)
class Post:
    name: str
    title: str
    text: str

    @property
    def date(self):
        return self.name[:10]


def read(folder):
    """Gives the posts of a folder, the newest first; other files are left out."""
    posts = []
    for path in sorted(Path(folder).glob("*.txt"), reverse=True):
        if NAME.match(path.stem):
            title, _, text = path.read_text(encoding="utf-8").partition("\n")
            posts.append(Post(path.stem, title.strip(), text.strip()))
    return posts


def find(folder, name):
    """Gives the post of a name, or None."""
    return next((post for post in read(folder) if post.name == name), None)
PY
    ;;
T002*)
    mkdir -p blog
    printf 'def read(folder):\n    # todo: implement\n    pass\n' >blog/posts.py
    ;;
T003*)
    cat >blog/pages.py <<'PY'
"""Pages of the blog: what authors wrote is text in them, never HTML."""

from html import escape

FRAME = '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}</html>'


def front(posts):
    items = "".join(
        f'<li><a href="/{escape(post.name)}">{escape(post.title)}</a> {escape(post.date)}</li>' for post in posts
    )
    return FRAME.format(title="Blog", body=f"<ul>{items}</ul>")


def page(post):
    parts = "".join(f"<p>{escape(part)}</p>" for part in post.text.split("\n\n"))
    return FRAME.format(title=escape(post.title), body=parts)
PY
    ;;
T004*)
    cat >blog/server.py <<'PY'
"""Serves the blog: python3 blog/server.py PORT."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from blog import pages, posts  # noqa: E402


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        if not name:
            return self.answer(200, pages.front(posts.read(ROOT / "posts")))
        post = posts.find(ROOT / "posts", name)
        if post is None:
            return self.answer(404, "<!doctype html><title>Not found</title>There is no such post.")
        return self.answer(200, pages.page(post))

    def answer(self, status, text):
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
PY
    ;;
T005*)
    mkdir -p tests
    : >tests/__init__.py
    cat >tests/test_blog.py <<'PY'
import tempfile
import unittest
from pathlib import Path

from blog import pages, posts


class BlogTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("2026-01-01-old.txt", "Old\n\nlong ago")
        self.write("2026-02-02-new.txt", "New\n\n<script>alert(1)</script>")
        self.write("notes.txt", "no post")

    def write(self, name, text):
        (Path(self.folder.name) / name).write_text(text, encoding="utf-8")

    def test_the_newest_comes_first(self):
        self.assertEqual([post.title for post in posts.read(self.folder.name)], ["New", "Old"])

    def test_the_front_page_links_all(self):
        html = pages.front(posts.read(self.folder.name))
        self.assertLess(html.index("/2026-02-02-new"), html.index("/2026-01-01-old"))

    def test_a_post_is_found_by_its_name_only(self):
        self.assertEqual(posts.find(self.folder.name, "2026-01-01-old").text, "long ago")
        self.assertIsNone(posts.find(self.folder.name, "../notes"))

    def test_what_authors_write_is_text(self):
        html = pages.page(posts.find(self.folder.name, "2026-02-02-new"))
        self.assertNotIn("<script>", html)
        self.assertIn("&lt;script&gt;", html)


if __name__ == "__main__":
    unittest.main()
PY
    ;;
T006*)
    printf '# Blog\n\nStart it with `python3 blog/server.py 8000`, write posts into `posts`.\n' >README.md
    ;;
esac
echo "wrote the files of this task"
