//! Questions about the past, asked of real backups.

mod deleted;
mod last_good;
mod missing;
mod search;
mod versions;
