//! What a loss of power may do to names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Folder, Inode};
use crate::rng::Rng;

fn name(text: &str) -> Arc<str> {
    text.into()
}

/// Runs one case for many seeds, and tells where `a` led afterwards.
fn states(case: impl Fn(&mut Folder)) -> BTreeSet<Option<Inode>> {
    let state = |seed| {
        let mut folder = Folder::default();
        case(&mut folder);
        folder.lose_power(&mut Rng::for_topic(seed, 9, 9));
        let first = folder.find("a");
        folder.lose_power(&mut Rng::for_topic(seed, 9, 10));
        assert_eq!(folder.find("a"), first, "what survived once is sure");
        first
    };
    (0..100).map(state).collect()
}

#[test]
fn a_new_name_may_be_lost_until_it_is_synced() {
    assert_eq!(states(|folder| folder.create(&name("a"), 1)), [None, Some(1)].into());
    let synced = |folder: &mut Folder| {
        folder.create(&name("a"), 1);
        folder.sync_entry("a", 1);
    };
    assert_eq!(states(synced), [Some(1)].into());
}

#[test]
fn a_deleted_name_may_be_back_until_its_folder_is_synced() {
    let deleted = |folder: &mut Folder| {
        folder.store(&name("a"), 1);
        folder.delete("a");
    };
    assert_eq!(states(deleted), [None, Some(1)].into());
    let synced = |folder: &mut Folder| {
        deleted(folder);
        folder.sync_parent("b");
    };
    assert_eq!(states(synced), [None].into());
}

#[test]
fn a_name_made_again_leads_to_any_file_it_led_to() {
    let again = |folder: &mut Folder| {
        folder.store(&name("a"), 1);
        folder.delete("a");
        folder.create(&name("a"), 2);
        assert_eq!(folder.reachable(), [1, 2].into());
    };
    assert_eq!(states(again), [None, Some(1), Some(2)].into());
}

#[test]
fn syncing_a_file_or_a_folder_leaves_others_unsure() {
    let other_file = |folder: &mut Folder| {
        folder.create(&name("a"), 1);
        folder.create(&name("b"), 2);
        folder.sync_entry("b", 2);
    };
    assert_eq!(states(other_file), [None, Some(1)].into());
    let other_folder = |folder: &mut Folder| {
        folder.create(&name("a"), 1);
        folder.create(&name("x/b"), 2);
        folder.sync_parent("x/b");
    };
    assert_eq!(states(other_folder), [None, Some(1)].into());
    let unlinked = |folder: &mut Folder| {
        folder.create(&name("a"), 1);
        folder.delete("a");
        folder.create(&name("a"), 2);
        folder.sync_entry("a", 1);
    };
    assert_eq!(states(unlinked), [None, Some(1), Some(2)].into(), "that file has no name");
}
