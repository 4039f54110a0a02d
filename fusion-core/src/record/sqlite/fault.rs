//! What an error of SQLite means: in one function, for all that is read or written.

use rusqlite::{Error as Sql, ErrorCode};

use crate::error::{Code, Error};

/// Why a batch was not carried out.
#[derive(Debug)]
pub(super) enum Fault {
    /// The batch is refused; the others go on.
    Refused(Error),
    /// The transaction is lost, and with it every batch of the group; the store goes on.
    Lost(Error),
    /// Nothing that follows can be trusted.
    Fatal(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Sql> for Fault {
    fn from(source: Sql) -> Self {
        let error = error(source);
        match error.code() {
            Code::StoreFailed | Code::StoreCorrupt => Self::Fatal(error),
            _ => Self::Lost(error),
        }
    }
}

/// Words an error of SQLite with its code.
pub(super) fn error(source: Sql) -> Error {
    let (code, text) = match &source {
        Sql::SqliteFailure(failure, _) => class(failure.code),
        // Every statement is a constant: one that is not understood meets tables that we did not make.
        Sql::SqlInputError { error, .. } if error.code == ErrorCode::Unknown => {
            (Code::StoreCorrupt, "the store's tables are not those that this program made")
        }
        Sql::SqlInputError { error, .. } => class(error.code),
        Sql::FromSqlConversionFailure(..)
        | Sql::IntegralValueOutOfRange(..)
        | Sql::InvalidColumnType(..)
        | Sql::QueryReturnedNoRows
        | Sql::Utf8Error(..) => (Code::StoreCorrupt, "the store holds a value that it never wrote"),
        _ => (Code::Internal, "the store was asked something that it does not understand"),
    };
    Error::new(code, text).because(source)
}

fn class(code: ErrorCode) -> (Code, &'static str) {
    match code {
        ErrorCode::DiskFull => (Code::StoreFull, "the disk is full, nothing was written"),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            (Code::StoreBusy, "another program holds the store's lock")
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            (Code::StoreReadOnly, "the store cannot be written")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            (Code::StoreCorrupt, "the store's file is damaged")
        }
        // Statements and keys are the program's own: what cannot be compiled or is there twice was damaged in the file.
        ErrorCode::Unknown | ErrorCode::ConstraintViolation => {
            (Code::StoreCorrupt, "the store's tables are not as this program left them")
        }
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed => (Code::StoreFailed, "the store failed"),
        _ => (Code::Internal, "the store was asked something that it does not understand"),
    }
}

/// Says that the file contradicts itself.
pub(super) fn corrupt(text: impl Into<String>) -> Error {
    Error::new(Code::StoreCorrupt, text).hint("restore a backup; `fusion doctor` examines the file")
}

/// Gives a count or an id as SQLite keeps it. None comes near the limit: ids grow by one from 1.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a count or an id back.
pub(super) fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| corrupt(format!("the store holds {number} as a count")))
}
