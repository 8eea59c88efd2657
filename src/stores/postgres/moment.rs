//! Times as the server has them.

use jiff::{SignedDuration, Timestamp};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

/// Microseconds between 1970 and 2000, from where the server counts.
const EPOCH_US: i64 = 946_684_800_000_000;

/// A `timestamptz`, which counts microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// Returns how long it takes from this moment until `other`; nothing if
    /// that is past.
    pub(super) fn until(self, other: Timestamp) -> std::time::Duration {
        let left = other.duration_since(self.0);
        std::time::Duration::try_from(left.max(SignedDuration::ZERO)).unwrap_or_default()
    }
}

impl Type<Postgres> for Moment {
    // The numbers of `timestamptz` and its array in every server's `pg_type`;
    // by their names they would have to be looked up once a connection.
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let since = self.0.as_microsecond().saturating_sub(EPOCH_US);
        <i64 as Encode<Postgres>>::encode_by_ref(&since, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let since = <i64 as Decode<Postgres>>::decode(value)?;
        let moment = Timestamp::from_microsecond(since.saturating_add(EPOCH_US))?;
        Ok(Self(moment))
    }
}
