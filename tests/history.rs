//! Questions about the past, asked of real backups.

mod deleted;
mod versions;
