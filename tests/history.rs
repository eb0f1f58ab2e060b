//! Questions about the past, asked of real backups.

mod deleted;
mod missing;
mod versions;
