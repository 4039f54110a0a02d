//! Manifests, locks and reports of tests: refused in words, or the same once they are written and read again.

use fusion_ops::component::{Lock, Manifest};
use fusion_ops::testing;

use crate::shape::{Shape, magnitude};

/// Pieces of manifests, locks and reports.
pub(crate) const WORDS: &[&str] = &[
    "name = \"a\"\n",
    "version = \"1.0.0\"\n",
    "category = \"c\"\n",
    "provides = [\"b@1\"]\n",
    "[requires]\n",
    "b = \"^1\"\n",
    "[[files]]\n",
    "from = \"a\"\n",
    "to = \"../a\"\n",
    "to = \"a/b\"\n",
    "[[blocks]]\n",
    "into = \".gitignore\"\n",
    "[[checks]]\n",
    "command = [\"a\"]\n",
    "[[hooks]]\n",
    "on = \"after-add\"\n",
    "version = 1\n",
    "[components.a]\n",
    "<testsuites>",
    "</testsuites>",
    "<testsuite name=\"a\">",
    "</testsuite>",
    "<testcase name=\"b\" time=\"1e9\">",
    "</testcase>",
    "<failure message=\"m\">",
    "</failure>",
    "<skipped/>",
    "<error/>",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY e \"x\">]>",
    "&e;",
    "&#27;",
    "\u{1b}[31m",
    "time=\"-1\"",
    "time=\"nan\"",
    "é",
    "\u{0}",
];

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(0) };
    let mut shape = Shape::new();
    match Manifest::read("component.toml", text) {
        Ok(manifest) => {
            shape.number(magnitude(manifest.paths().len()));
            let again = serde_json::to_value(&manifest).and_then(serde_json::from_value);
            if again.ok().as_ref() != Some(&manifest) {
                return Err(format!("another manifest when it is read again: {manifest:?}"));
            }
        }
        Err(error) => shape.words(error.message()),
    }
    match Lock::read(text) {
        Ok(lock) => {
            shape.number(magnitude(lock.components.len()));
            let again = lock.text().and_then(|text| Lock::read(&text));
            if again.as_ref().ok() != Some(&lock) {
                return Err(format!("another lock when it is read again: {lock:?}, {again:?}"));
            }
        }
        Err(error) => shape.words(error.message()),
    }
    match testing::read(text) {
        Ok(groups) => {
            let all = groups.iter().flat_map(|group| &group.cases);
            for case in all.clone() {
                shape.words(&format!("{:?}", case.outcome));
            }
            if all.map(|case| &case.name).any(|name| name.contains('\u{1b}')) {
                return Err("an escape for a terminal is left in the name of a test".to_owned());
            }
        }
        Err(error) => shape.words(error.message()),
    }
    Ok(shape.value())
}
