//! Files that only look like work: empty, comments only, stubs.

/// Files that may be empty.
const EMPTY: [&str; 8] = [
    "__init__.py",
    ".gitkeep",
    ".keep",
    "py.typed",
    ".nojekyll",
    ".npmignore",
    ".gitignore",
    "conftest.py",
];
/// Words that nobody leaves in work that is done, in whatever file.
const NEVER: [&str; 12] = [
    "todo: implement",
    "todo implement",
    "fixme: implement",
    "todo!()",
    "unimplemented!()",
    "implement me",
    "your code here",
    "code goes here",
    "implementation goes here",
    "rest of the code",
    "existing code here",
    "add implementation",
];
/// Words that make a small file a stub.
const SMALL: [&str; 10] = [
    "todo",
    "fixme",
    "not implemented",
    "notimplemented",
    "placeholder",
    "stub",
    "coming soon",
    "lorem ipsum",
    "tbd",
    "to be implemented",
];
/// A file with fewer lines that say something is small.
const FEW: usize = 12;
/// What begins a comment, by the ending of the file.
const COMMENTS: [(&str, &[&str]); 6] = [
    ("py sh rb toml yaml yml dockerfile makefile r", &["#"]),
    ("js ts jsx tsx mjs cjs rs go java c h cpp cs kt swift php scss css", &["//", "/*", "*", "*/"]),
    ("html vue svelte xml", &["<!--"]),
    ("sql lua hs", &["--"]),
    ("ini cfg conf", &["#", ";"]),
    ("vim", &["\""]),
];

/// Says why a file is a placeholder, with the line; none for real work, however small.
///
/// ```
/// use fusion_ops::check::placeholder;
///
/// assert!(placeholder("login.py", "def login(user):\n    # todo\n    pass\n").is_some());
/// assert!(placeholder("version.py", "VERSION = \"1.0\"\n").is_none());
/// ```
pub fn placeholder(path: &str, text: &str) -> Option<(usize, String)> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_lowercase();
    if text.trim().is_empty() {
        let may = EMPTY.contains(&name.as_str());
        return (!may).then(|| (1, "the file is empty".to_owned()));
    }
    let ending = name.rsplit('.').next().unwrap_or_default();
    let lower = text.to_lowercase();
    let prose = ["md", "txt", "rst", "adoc", "json", "lock", "csv", "svg"].contains(&ending);
    if !prose && let Some((line, word)) = first(&lower, &NEVER) {
        return Some((line, format!("`{word}`: this is still to be written")));
    }
    let comments = COMMENTS.iter().find(|(endings, _)| endings.split(' ').any(|one| one == ending));
    let comments = comments.map_or(&[][..], |(_, marks)| marks);
    let says = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !comments.iter().any(|mark| line.starts_with(mark))
    };
    let lines: Vec<&str> = text.lines().filter(says).collect();
    if lines.is_empty() {
        return Some((1, "there are only comments in it".to_owned()));
    }
    if lines.len() < FEW
        && !["json", "lock", "csv", "svg"].contains(&ending)
        && let Some((line, word)) = first(&lower, &SMALL)
    {
        return Some((
            line,
            format!("a stub: it has {} lines, one of them with `{word}`", lines.len()),
        ));
    }
    match ending {
        "py" => hollow_python(text),
        "jsx" | "tsx" | "vue" | "svelte" => hollow_component(text, lines.len()),
        "js" | "ts" | "mjs" | "cjs" => hollow_script(text, lines.len()),
        "md" | "txt" if lines.len() == 1 && text.trim_start().starts_with('#') => {
            Some((1, "there is only a heading in it".to_owned()))
        }
        _ => None,
    }
}

/// The first word of a list that stands by itself in a text, and its line.
fn first<'a>(lower: &str, words: &[&'a str]) -> Option<(usize, &'a str)> {
    let by_itself = |line: &str, word: &str| {
        line.match_indices(word).any(|(at, _)| {
            let around =
                |sign: Option<char>| sign.is_none_or(|sign| !sign.is_alphanumeric() && sign != '_');
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + word.len()..).and_then(|after| after.chars().next());
            around(before)
                && (around(after) || word.ends_with(')') || word == "notimplemented")
                && !(word == "placeholder" && after == Some('='))
        })
    };
    (1..).zip(lower.lines()).find_map(|(number, line)| {
        words.iter().find(|word| by_itself(line, word)).map(|word| (number, *word))
    })
}

/// Whether every function of a Python file does nothing, and nothing else is there.
fn hollow_python(text: &str) -> Option<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut at) = (None, 0);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_def = |line: &str| {
        let line = line.trim_start();
        line.starts_with("def ") || line.starts_with("async def ")
    };
    while let Some(line) = lines.get(at) {
        at += 1;
        if !is_def(line) {
            continue;
        }
        let before = at.checked_sub(2).and_then(|before| lines.get(before)).unwrap_or(&"");
        if before.contains("abstractmethod")
            || before.contains("overload")
            || text.contains("Protocol)")
        {
            return None;
        }
        let begun = at;
        let mut body: Vec<&str> = Vec::new();
        if let Some((_, rest)) = line.rsplit_once(':')
            && !rest.trim().is_empty()
        {
            body.push(rest.trim());
        }
        while let Some(next) =
            lines.get(at).filter(|next| next.trim().is_empty() || indent(next) > indent(line))
        {
            body.push(next.trim());
            at += 1;
        }
        let nothing = |line: &&str| {
            matches!(*line, "" | "pass" | "..." | "return" | "return None")
                || line.starts_with('#')
                || line.starts_with("\"\"\"")
                || line.starts_with("raise NotImplementedError")
        };
        if !body.iter().all(nothing) {
            return None;
        }
        found.get_or_insert(begun);
    }
    found.map(|line| (line, "its functions do nothing".to_owned()))
}

/// Whether a component shows nothing.
fn hollow_component(text: &str, lines: usize) -> Option<(usize, String)> {
    if lines >= FEW {
        return None;
    }
    let tight: String = text.split_whitespace().collect::<Vec<_>>().join("");
    let empty = [
        "returnnull",
        "return<></>",
        "return<div></div>",
        "return<div/>",
        "return(<div></div>)",
        "return(<></>)",
        "=>null",
        "=><></>",
        "=><div></div>",
        "=><div/>",
        "<template></template>",
        "<template><div></div></template>",
    ];
    let other = tight.matches("return").count() > 1
        || tight.contains("if(")
        || tight.contains("useEffect(");
    let hollow = empty.iter().any(|empty| tight.contains(empty)) && !other;
    hollow.then(|| (1, "an empty component: it shows nothing".to_owned()))
}

/// Whether every function of a script is empty.
fn hollow_script(text: &str, lines: usize) -> Option<(usize, String)> {
    if lines >= FEW {
        return None;
    }
    let tight: String = text.split_whitespace().collect::<Vec<_>>().join("");
    let functions = tight.matches("function").count() + tight.matches("=>").count();
    let hollow = tight.matches("){}").count() + tight.matches("=>{}").count();
    (functions > 0 && hollow >= functions).then(|| (1, "its functions are empty".to_owned()))
}
