//! The legal ways from one status to another: one table for runs, one for nodes. Tests compare what happens with them.

use crate::model::NodeStatus as N;
use crate::model::RunStatus as R;

/// How a run may go on.
pub const RUN: &[(R, R)] = &[
    (R::Pending, R::Running),
    (R::Running, R::Waiting),
    (R::Running, R::Paused),
    (R::Running, R::Succeeded),
    (R::Running, R::Failed),
    (R::Running, R::Cancelled),
    (R::Waiting, R::Running),
    (R::Waiting, R::Paused),
    (R::Waiting, R::Failed),
    (R::Waiting, R::Cancelled),
    (R::Paused, R::Running),
    (R::Paused, R::Waiting),
    (R::Paused, R::Failed),
    (R::Paused, R::Cancelled),
    (R::Failed, R::Running),
    (R::Failed, R::Waiting),
    (R::Cancelled, R::Running),
    (R::Cancelled, R::Waiting),
    (R::Succeeded, R::Running),
];

/// How a node or an item may go on.
pub const NODE: &[(N, N)] = &[
    (N::Pending, N::Ready),
    (N::Pending, N::Skipped),
    (N::Pending, N::Cancelled),
    (N::Pending, N::InDoubt),
    (N::Ready, N::Ready),
    (N::Ready, N::Running),
    (N::Ready, N::Waiting),
    (N::Ready, N::Retrying),
    (N::Ready, N::Succeeded),
    (N::Ready, N::Failed),
    (N::Ready, N::Skipped),
    (N::Ready, N::Cancelled),
    (N::Running, N::Ready),
    (N::Running, N::Waiting),
    (N::Running, N::Retrying),
    (N::Running, N::Succeeded),
    (N::Running, N::Failed),
    (N::Running, N::Cancelled),
    (N::Running, N::InDoubt),
    (N::Waiting, N::Ready),
    (N::Waiting, N::Retrying),
    (N::Waiting, N::Succeeded),
    (N::Waiting, N::Failed),
    (N::Waiting, N::Cancelled),
    (N::Retrying, N::Ready),
    (N::Retrying, N::Cancelled),
    // An item waits for its turn again.
    (N::InDoubt, N::Pending),
    (N::InDoubt, N::Ready),
    (N::InDoubt, N::Succeeded),
    (N::InDoubt, N::Failed),
    (N::InDoubt, N::Cancelled),
    // Somebody asked for a retry of the run.
    (N::Succeeded, N::Pending),
    (N::Failed, N::Pending),
    (N::Skipped, N::Pending),
    (N::Cancelled, N::Pending),
];
