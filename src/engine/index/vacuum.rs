//! Gives the room of pages that nothing lies on any more back to the drive, a little at a time.

use rusqlite::Connection;

use super::Index;

/// Fewer unused pages than these are kept for the next snapshot: 1 MiB.
const LEAST_PAGES: u64 = 256;

/// So many of all pages, one in eight, may be unused before any are given back; half of them are kept then.
const UNUSED_SHARE: u64 = 8;

/// Pages that are given back in one transaction: whoever waits to read has a turn after 2 MiB.
const STEP_PAGES: u64 = 512;

/// How often that is done at most: in place of each page another one may have to be moved, and the rest has time.
const STEPS: usize = 4;

impl Index {
    /// Gives some unused pages back if there are many. Says nothing of the content, so that two copies which hold the same still do.
    pub(super) fn give_back(&self) {
        // The pages are used again if they stay: what fails for want of room, or since someone reads, is tried the next time.
        let _ = self.run(give_back);
    }
}

fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let (pages, mut unused) = (number("page_count")?, number("freelist_count")?);
    if unused <= LEAST_PAGES.max(pages / UNUSED_SHARE) {
        return Ok(());
    }
    let kept = LEAST_PAGES.max(pages / UNUSED_SHARE / 2);
    for _ in 0..STEPS {
        let step = unused.saturating_sub(kept).min(STEP_PAGES);
        if step == 0 {
            break;
        }
        // There is a row for each page, and none is given back before it is asked for.
        connection.pragma(None, "incremental_vacuum", step as i64, |_| Ok(()))?;
        unused = number("freelist_count")?;
    }
    Ok(())
}
