//! Names of entries, each kept once, and found again by any part of them.

use rusqlite::{CachedStatement, Connection, params};

/// Two of these stand before each name in the text that is searched, so that its beginning has trigrams of its own.
pub(super) const MARK: char = '\u{2}';

/// The text by which `name` is found; bytes that are no text become the replacement character.
pub(super) fn searched(name: &[u8]) -> String {
    format!("{MARK}{MARK}{}", String::from_utf8_lossy(name))
}

/// Gives names their numbers.
pub(super) struct Names<'a> {
    insert: CachedStatement<'a>,
    insert_text: CachedStatement<'a>,
    find: CachedStatement<'a>,
    connection: &'a Connection,
}

impl<'a> Names<'a> {
    pub fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        let prepare = |sql| connection.prepare_cached(sql);
        Ok(Self {
            insert: prepare("INSERT OR IGNORE INTO name (name) VALUES (?1)")?,
            insert_text: prepare("INSERT INTO name_text (rowid, text) VALUES (?1, ?2)")?,
            find: prepare("SELECT id FROM name WHERE name = ?1")?,
            connection,
        })
    }

    /// The number of `name`, a new one if it was never seen anywhere.
    pub fn intern(&mut self, name: &[u8]) -> rusqlite::Result<i64> {
        if self.insert.execute([name])? == 0 {
            return self.find.query_row([name], |row| row.get(0));
        }
        let id = self.connection.last_insert_rowid();
        self.insert_text.execute(params![id, searched(name)])?;
        Ok(id)
    }
}
