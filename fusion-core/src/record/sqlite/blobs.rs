//! Bytes by hash.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension};

use super::fault::error;
use crate::error::{Code, Error, Result};
use crate::model::Digest;

/// Gets the bytes of a hash, checked against it.
pub(super) fn get(connection: &Connection, digest: Digest) -> Result<Option<Bytes>> {
    let mut statement =
        connection.prepare_cached("SELECT body FROM blobs WHERE hash = ?").map_err(error)?;
    let found: Option<Vec<u8>> =
        statement.query_row([digest.as_bytes()], |row| row.get(0)).optional().map_err(error)?;
    let Some(body) = found else { return Ok(None) };
    if Digest::of(&body) != digest {
        let text = format!("blob {digest} is damaged: its bytes have another hash");
        return Err(Error::new(Code::Codec, text).hint("restore a backup"));
    }
    Ok(Some(body.into()))
}
