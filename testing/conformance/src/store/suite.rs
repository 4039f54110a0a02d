//! The list of promises, and what runs it.

use std::sync::Arc;

use fusion_core::contract::Store;
use fusion_core::error::Result;

use super::{blobs, bus, journal, lease, queue, records, whole};

/// Makes an empty store for one promise.
pub type Make<'a> = &'a (dyn Fn() -> Arc<dyn Store> + Sync);

type Promise = for<'a> fn(&'a Arc<dyn Store>) -> fusion_core::contract::BoxFuture<'a, Result<()>>;

macro_rules! promises {
    ($($room:ident: $($name:ident)+;)+) => {
        &[$($((concat!(stringify!($room), "::", stringify!($name)), |store| Box::pin($room::$name(store))),)+)+]
    };
}

const PROMISES: &[(&str, Promise)] = promises! {
    journal: what_is_appended_is_read a_wrong_place_conflicts a_wrong_epoch_is_fenced
        an_append_has_a_length pages_follow_one_another long_streams_are_read_from_anywhere
        names_are_any_text big_payloads_come_back;
    queue: a_dedup_key_is_unique_in_the_store a_dedup_key_may_be_the_name_of_a_stream
        never_is_after_every_time claims_follow_priority_due_and_age claims_have_limits entries_wait_until_due lists_follow_the_claims
        an_entry_that_moves_is_always_listed
        a_full_queue_refuses a_purged_queue_is_empty a_buried_entry_is_gone
        what_ends_when_a_queue_is_empty_waits_for_that
        the_first_due_time_is_known;
    lease: a_claim_fences_the_old_owner a_release_gives_back a_complete_entry_is_gone
        a_wake_up_moves_the_sleeper a_wake_up_of_a_held_entry_waits_for_the_release
        nobody_can_wake_who_is_gone a_session_ends_once the_dead_lose_their_work
        what_the_dead_held_comes_first
        what_is_ephemeral_dies_with_its_session an_entry_can_be_born_held
        only_open_sessions_get_work;
    records: versions_count_writes a_guessed_version_changes_nothing a_wrong_version_conflicts
        lists_are_paged_newest_first ids_sort_as_texts a_deleted_document_is_gone;
    blobs: a_blob_is_its_content the_last_owner_takes_the_blob_along
        a_message_keeps_its_blob_alive a_blob_that_is_not_there_cannot_be_named
        what_is_too_large_is_refused;
    bus: commits_ring rings_in_between_are_one a_star_hears_all_that_begin_so
        a_place_that_others_wait_for_rings_when_it_is_free;
    whole: a_refused_batch_has_written_nothing a_batch_builds_on_itself
        a_stream_in_use_is_not_dropped a_dropped_stream_is_gone committers_never_lose_or_double
        claimers_never_share a_status_says_what_it_is a_closed_store_says_so;
};

/// Holds a store to every promise of the contract, each on a store of its own.
///
/// # Panics
/// When one is broken; the message names it.
pub async fn run(make: Make<'_>) {
    for (name, promise) in PROMISES {
        let store = make();
        let kept = promise(&store).await;
        assert!(kept.is_ok(), "{name}: {kept:?}");
        let closed = store.close().await;
        assert!(closed.is_ok(), "{name}: close: {closed:?}");
    }
}
