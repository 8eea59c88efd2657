//! Rows as values to bind and to read.

use std::sync::OnceLock;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Decode, Encode, Row as _, Sqlite, Type};

/// How many rows a statement is about. A few sizes make for few statements
/// to prepare and to keep.
const SIZES: [usize; 3] = [100, 10, 1];

/// A statement about many rows, `before (?, …), (?, …) after`. Its texts are
/// made once: writing them anew took an eighth of the CPU per row (measured).
pub(super) struct ManyRows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: [OnceLock<String>; SIZES.len()],
}

impl ManyRows {
    /// Makes a statement about rows of so many values.
    pub(super) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self {
            before,
            columns,
            after,
            texts: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// Returns one query after the other until all items are in one, with
    /// the values that `push` gives for each item.
    pub(super) fn of<T>(
        &'static self,
        mut items: &[T],
        mut push: impl FnMut(&mut Values, &T),
    ) -> impl Iterator<Item = sqlx::Result<Query<'static, Sqlite, SqliteArguments>>> {
        std::iter::from_fn(move || {
            let mut sizes = SIZES.into_iter().zip(&self.texts);
            let (size, text) = sizes.find(|(size, _)| *size <= items.len())?;
            let (piece, rest) = items.split_at_checked(size)?;
            items = rest;
            let mut values = Values::default();
            values.arguments.reserve(size * self.columns, 0);
            for item in piece {
                push(&mut values, item);
            }
            let text = text.get_or_init(|| self.text(size));
            Some(values.into_query(text))
        })
    }

    fn text(&self, size: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        let rows = vec![row.as_str(); size].join(", ");
        format!("{}{rows}{}", self.before, self.after)
    }
}

/// The values of rows under construction.
#[derive(Default)]
pub(super) struct Values {
    arguments: SqliteArguments,
    fault: Option<sqlx::Error>,
}

impl Values {
    /// Adds the next value.
    pub(super) fn bind<'a, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'a, Sqlite> + Type<Sqlite>,
    {
        if let Err(error) = self.arguments.add(value) {
            self.fault = Some(sqlx::Error::Encode(error));
        }
        self
    }

    fn into_query(
        self,
        text: &'static str,
    ) -> sqlx::Result<Query<'static, Sqlite, SqliteArguments>> {
        match self.fault {
            Some(error) => Err(error),
            None => Ok(sqlx::query_with(text, self.arguments)),
        }
    }
}

/// Reads a row from left to right.
pub(super) struct Columns<'a> {
    row: &'a SqliteRow,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) const fn new(row: &'a SqliteRow) -> Self {
        Self { row, next: 0 }
    }

    /// Reads the next column.
    pub(super) fn take<T>(&mut self) -> Result<T, sqlx::Error>
    where
        T: Decode<'a, Sqlite> + Type<Sqlite>,
    {
        let value = self.row.try_get_unchecked(self.next);
        self.next += 1;
        value
    }
}
