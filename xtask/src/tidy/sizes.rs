//! Files, functions, argument lists and traits stay small.

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, ItemTrait, Signature, TraitItem, TraitItemFn};

use super::Finding;
use crate::tree::{Source, Tree, has_ending};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const ARGUMENTS_MAX: usize = 5;
const METHODS_MAX: usize = 9;

/// A file that is longer, with the length it may never pass.
struct Exception {
    path: &'static str,
    ceiling: usize,
    reason: &'static str,
}

/// The exceptions; the list may only get shorter, and an entry that is no longer needed is an error.
const EXCEPTIONS: &[Exception] = &[];

/// Checks the sizes of all code.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = file_lengths(tree, EXCEPTIONS);
    for source in tree.sources() {
        found.extend(measure(source).said);
    }
    found
}

/// A function's name, its line, and how many lines of code it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name without its type.
    pub(crate) name: String,
    /// The line of its `fn`.
    pub(crate) line: usize,
    /// Its lines, without blank ones and comments.
    pub(crate) lines: usize,
}

/// All functions of a file.
pub(crate) fn functions(source: &Source) -> Vec<Function> {
    measure(source).functions
}

fn file_lengths(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let mut found = Vec::new();
    let kinds = ["rs", "py", "pyi", "ts", "js", "mjs", "cjs", "sh"];
    let code = |path: &str| kinds.iter().any(|kind| has_ending(path, kind));
    for (path, text) in tree.texts().filter(|(path, _)| code(path)) {
        let lines = text.lines().count();
        let excepted = exceptions.iter().find(|one| one.path == path);
        let limit = excepted.map_or(FILE_LINES_MAX, |one| one.ceiling);
        if lines > limit {
            let what = format!("{lines} lines, {limit} at most: split the file by its subjects");
            found.push(Finding::new(path, limit.saturating_add(1), what));
        }
    }
    for one in exceptions {
        let lines = tree.text(one.path).map_or(0, |text| text.lines().count());
        if lines <= FILE_LINES_MAX {
            let what = format!(
                "{lines} lines need no exception (\"{}\"): remove it from tidy/sizes.rs",
                one.reason
            );
            found.push(Finding::new(one.path, 1, what));
        }
    }
    found
}

fn measure(source: &Source) -> Measure<'_> {
    let mut measure = Measure { source, functions: Vec::new(), said: Vec::new() };
    measure.visit_file(&source.syntax);
    measure
}

struct Measure<'a> {
    source: &'a Source,
    functions: Vec<Function>,
    said: Vec<Finding>,
}

impl Measure<'_> {
    fn say(&mut self, line: usize, what: String) {
        self.said.push(Finding::new(&self.source.path, line, what));
    }

    fn function(&mut self, head: &Signature, body: Option<&Block>) {
        let line = head.fn_token.span.start().line;
        let name = head.ident.to_string();
        let arguments = head.inputs.len();
        if arguments > ARGUMENTS_MAX {
            self.say(line, format!(
                "`{name}` takes {arguments} arguments, {ARGUMENTS_MAX} at most: gather them in a struct"
            ));
        }
        let Some(body) = body else { return };
        let lines = code_lines(&self.source.text, body);
        if lines > FUNCTION_LINES_MAX {
            self.say(line, format!(
                "`{name}` has {lines} lines, {FUNCTION_LINES_MAX} at most: name its parts as functions"
            ));
        }
        self.functions.push(Function { name, line, lines });
    }
}

/// Lines between the braces that are neither blank nor a comment.
fn code_lines(text: &str, body: &Block) -> usize {
    let first = body.brace_token.span.open().start().line;
    let last = body.brace_token.span.close().end().line;
    let inside = text.lines().skip(first).take(last.saturating_sub(first).saturating_sub(1));
    inside.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

impl<'ast> Visit<'ast> for Measure<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, Some(&item.block));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, Some(&item.block));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.function(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        let methods = item.items.iter().filter(|one| matches!(one, TraitItem::Fn(_))).count();
        if methods > METHODS_MAX {
            let line = item.trait_token.span.start().line;
            let name = &item.ident;
            self.say(line, format!(
                "trait `{name}` has {methods} methods, {METHODS_MAX} at most: make it two traits"
            ));
        }
        visit::visit_item_trait(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_rule;
    use super::*;

    const AT: &str = "a/src/b.rs";

    #[test]
    fn files_stay_short() {
        let (fine, long) = ("//\n".repeat(400), "//\n".repeat(401));
        assert_rule(check, &[(AT, &fine)], &[(AT, &long)], ("a/src/b.rs:401", "401 lines"));
        assert_rule(check, &[("a.md", &long)], &[("a.py", &long)], ("a.py:401", "401 lines"));
    }

    #[test]
    fn exceptions_have_a_ceiling_and_an_end() {
        let exception = [Exception { path: AT, ceiling: 500, reason: "r" }];
        let judge =
            |lines: usize| file_lengths(&Tree::of(&[(AT, &"//\n".repeat(lines))]), &exception);
        assert!(judge(500).is_empty());
        assert!(judge(501).iter().any(|one| one.what.contains("500 at most")));
        assert!(judge(400).iter().any(|one| one.what.contains("no exception")));
    }

    #[test]
    fn functions_stay_short() {
        let text = |lines: usize| {
            format!(
                "impl A {{\n    fn f() {{\n\n{}// c\n    }}\n}}\n",
                "        g();\n".repeat(lines)
            )
        };
        let place = ("a/src/b.rs:2", "71 lines");
        assert_rule(check, &[(AT, &text(70))], &[(AT, &text(71))], place);
    }

    #[test]
    fn argument_lists_stay_short() {
        let fine = "fn f(a: A, b: A, c: A, d: A, e: A) {}";
        let wrong = "trait T {\n    fn f(&self, b: A, c: A, d: A, e: A, f: A);\n}";
        assert_rule(check, &[(AT, fine)], &[(AT, wrong)], ("a/src/b.rs:2", "6 arguments"));
    }

    #[test]
    fn traits_stay_small() {
        let text = |methods: usize| {
            let lines = "fn f();\n".repeat(methods);
            format!("trait T {{\nconst X: u8;\n{lines}}}\n")
        };
        assert_rule(check, &[(AT, &text(9))], &[(AT, &text(10))], ("a/src/b.rs:1", "10 methods"));
    }
}
