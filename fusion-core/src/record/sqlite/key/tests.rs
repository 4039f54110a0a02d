//! Packed ids lead back to the text and sort as the text does, whatever it is.

use std::collections::BTreeSet;

use super::*;
use crate::model::RunId;

/// Texts near each other and near the borders of all forms.
fn texts() -> Vec<String> {
    let uuid = RunId::generate(1_795_295_419_000, [7, 1 << 60]).to_string();
    let mut all: Vec<String> =
        ["", "-", "/", "0", "00", "0f", "0g", "0z", "1", "9", ":", "A", "Z", "a", "f", "g"]
            .into_iter()
            .chain(["run", "digest-2026-11-21", "01JD8X5V9Q", "\u{1}", "é", "\u{10ffff}", "0\u{0}"])
            .map(str::to_owned)
            .collect();
    for first in
        ["00000000-0000-0000-0000-000000000000", "0fffffff-ffff-ffff-ffff-ffffffffffff", &uuid]
    {
        all.push(first.to_uppercase());
        all.push(format!("1{}", &first[1..]));
        for end in 0..=first.len() {
            let cut = &first[..end];
            all.push(cut.to_owned());
            for tail in [
                "\u{0}",
                "!",
                "-",
                ".",
                "/",
                "0",
                "9",
                ":",
                "A",
                "_",
                "a",
                "f",
                "g",
                "~",
                "é",
                "\u{10ffff}",
            ] {
                all.push(format!("{cut}{tail}"));
                all.push(format!("{cut}{tail}{}", first.get(end + 1..).unwrap_or_default()));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn packed_ids_lead_back_and_sort_as_texts_do() {
    let all = texts();
    assert!(all.len() > 2_000, "{}", all.len());
    for text in &all {
        assert_eq!(unpack(&pack(text)).unwrap(), *text);
    }
    for pair in all.windows(2) {
        let packed = [pack(&pair[0]), pack(&pair[1])];
        assert!(packed[0] < packed[1], "{pair:?} became {packed:02x?}");
    }
}

#[test]
fn generated_ids_and_what_begins_with_them_are_short() {
    for at in [0, 1, 1_795_295_419_000, 17_592_186_044_415] {
        let id = RunId::generate(at, [u64::MAX, 99]);
        assert_eq!(pack(id.as_str()).len(), 16, "{id}");
        assert_eq!(pack(&format!("{id}.node")).len(), 21, "{id}");
    }
    assert_eq!(pack("digest"), b"digest");
}

#[test]
fn what_nobody_packed_is_refused() {
    let id = RunId::generate(1_795_295_419_000, [7, 8]);
    let (whole, between) = (pack(id.as_str()), pack("01234567-x"));
    assert_eq!(between.len(), 16 + 1 + 10);
    let mut moved = between;
    moved[5] ^= 1;
    for bad in [&[][..], &whole[..15], &[0x01, 0x30], &[0x20], b"\x00run", &[0x30, 0xff], &moved] {
        assert!(unpack(bad).is_err(), "{bad:02x?}");
    }
}

#[test]
fn names_of_streams_lead_back() {
    let file = rusqlite::Connection::open_in_memory().unwrap();
    let read = |value: &dyn rusqlite::ToSql| {
        file.query_row("SELECT ?", [value], |row| name(row, 0)).unwrap().map(Result::unwrap)
    };
    let names = texts().into_iter();
    let names = names.flat_map(|text| [format!("run/{text}"), format!("run{text}"), text]);
    let names: BTreeSet<String> = names.collect();
    let packed: BTreeSet<Vec<u8>> = names.iter().map(|name| pack_name(name)).collect();
    assert_eq!(packed.len(), names.len(), "no two are one");
    for name in names {
        assert_eq!(read(&pack_name(&name)).as_ref(), Some(&name));
        assert_eq!(read(&name).as_ref(), Some(&name), "as schema 2 kept it");
    }
    assert_eq!(read(&rusqlite::types::Null), None);
}
