//! Numbers that nobody can foresee.

use uuid::Uuid;

/// A stream of them.
pub(super) struct Chance(blake3::OutputReader);

impl Chance {
    pub fn new() -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(Uuid::new_v4().as_bytes());
        Self(hasher.finalize_xof())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Any of these; `None` if there is none.
    pub fn one_of<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        let at = self.number().checked_rem(all.len() as u64)?;
        all.get(usize::try_from(at).ok()?)
    }
}
