//! No text is a path that leads out of the folder.
#![cfg(test)]

use std::fs;
use std::os::fd::AsFd as _;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::look::{Look, Wanted};
use super::{names, read, write};
use crate::tools::away::Halt;

/// What paths are made of: what leads out, what is there, what is odd.
fn paths() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just("..".to_owned()), 2 => Just(".".to_owned()), 2 => Just(String::new()),
        3 => Just("link".to_owned()), 3 => Just("abs".to_owned()), 3 => Just("in".to_owned()), 3 => Just("out".to_owned()),
        3 => Just("secret".to_owned()), 2 => Just("dir".to_owned()), 1 => Just("file".to_owned()), 1 => Just("a\0".to_owned()),
        1 => "\\PC{1,4}",
    ];
    (any::<bool>(), proptest::collection::vec(part, 0..7)).prop_map(|(absolute, parts)| {
        format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
    })
}

proptest! {
    #[test]
    fn no_path_leads_out(all in proptest::collection::vec((0_u8..5, paths()), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let (inner, outer) = (folder.path().join("in"), folder.path().join("out"));
        fs::create_dir_all(inner.join("dir")).unwrap();
        fs::create_dir(&outer).unwrap();
        fs::write(outer.join("secret"), "hidden").unwrap();
        fs::write(inner.join("file"), "text").unwrap();
        symlink("../out", inner.join("link")).unwrap();
        symlink(&outer, inner.join("dir/abs")).unwrap();
        let root = fs::File::open(&inner).unwrap();
        let (root, halt) = (root.as_fd(), Halt::default());
        let hidden = regex::Regex::new("hidden").unwrap();
        for (op, path) in &all {
            let told = match op {
                0 => read::read(root, path, (1, 10), &halt),
                1 => write::write(root, path, b"written", path).map(|()| String::new()),
                2 => write::delete(root, path).map(|was| was.to_string()),
                3 => Look::new(Wanted::Entries(9), &halt).at(root, path),
                _ => Look::new(Wanted::Lines(Some(hidden.clone()), "*".to_owned()), &halt).at(root, path),
            };
            prop_assert!(!format!("{told:?}").contains("hidden"), "{path:?}: {told:?}");
            if *op == 3 {
                // What was written inside has another size than what lies outside.
                prop_assert!(!told.unwrap_or_default().contains("secret (6 bytes)"), "{path:?}");
            }
        }
        prop_assert_eq!(fs::read_to_string(outer.join("secret")).unwrap(), "hidden");
        prop_assert_eq!(fs::read_dir(&outer).unwrap().count(), 1);
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn names_are_names(path: String) {
        if let Ok(names) = names::names(&path) {
            prop_assert!(names.iter().all(|name| !["", ".", ".."].contains(name) && !name.contains(['/', '\0'])));
        }
    }

    #[test]
    fn parts_of_a_text_are_its_lines(text in "([a-c]{0,3}\n){0,8}[a-c]{0,2}", from in 0_usize..10, most in 1_usize..10) {
        let shown = read::lines(&text, from, most);
        let all: Vec<&str> = text.lines().collect();
        if from <= 1 && most >= all.len() && !all.is_empty() {
            prop_assert_eq!(shown, text);
        } else if from.max(1) <= all.len() {
            prop_assert!(shown.starts_with(all[from.max(1) - 1]));
        }
    }
}
