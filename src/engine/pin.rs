//! `pin.json`: what a person says about a snapshot afterwards. The one file of a snapshot that may be replaced.
//!
//! The file is the truth and the index only repeats it, so whoever deletes snapshots must ask the file.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::dir::Dir;
use super::error::{Error, Result};
use super::path::display;
use super::recover::Writer;
use super::snapshot::Snapshot;

const PIN_NAME: &[u8] = b"pin.json";

const PIN_LIMIT_BYTES: u64 = 64 << 10;

/// The longest label, in characters.
pub const LABEL_LIMIT_CHARS: usize = 200;

/// A person's mark on a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// What the person calls the snapshot.
    #[serde(default)]
    pub label: Option<String>,
    /// It is never deleted to make room.
    pub pinned: bool,
}

/// What is to be changed of a snapshot's mark; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinChange {
    /// Pinned or not.
    pub pinned: Option<bool>,
    /// The label; an empty one takes it away.
    pub label: Option<String>,
}

impl Pin {
    /// Reads the mark of the snapshot in `dir`. One that can't be understood counts as pinned: someone set it.
    pub fn read(dir: &Dir) -> Self {
        let unclear = Self { label: None, pinned: true };
        match dir.read_file(PIN_NAME, PIN_LIMIT_BYTES) {
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(pin) => Self { label: pin.label.filter(|label| is_label(label)), ..pin },
                Err(_) => unclear,
            },
            Err(Errno::NOENT) => Self::default(),
            Err(_) => unclear,
        }
    }

    fn write(&self, dir: &Dir) -> rustix::io::Result<()> {
        let mut text = serde_json::to_vec(self).map_err(|_| Errno::INVAL)?;
        text.push(b'\n');
        dir.replace_file(PIN_NAME, &text, 0o600)
    }
}

/// Whether `text` can be shown as it is: no line can be forged with it, and no screen filled.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= LABEL_LIMIT_CHARS
        && display(text.as_bytes()) == text
}

/// Changes the mark of the snapshot with the number `seq`, on the drive and then in the index.
///
/// # Errors
/// A label that is too long or holds control characters, an unknown snapshot, a failed write.
pub fn change(writer: &mut Writer, seq: u64, change: &PinChange) -> Result<Pin> {
    let unknown = |name: String| Error::NoSuchSnapshot(name);
    let row = writer.index.snapshots()?.into_iter().find(|row| row.seq == seq);
    let name = row.ok_or_else(|| unknown(seq.to_string()))?.name;
    let opened = Snapshot::open(&writer.repository, &name)?;
    let snapshot = opened.ok_or_else(|| unknown(name.clone()))?;
    let mut pin = Pin::read(snapshot.dir());
    if let Some(label) = &change.label {
        if !label.is_empty() && !is_label(label) {
            return Err(Error::BadLabel);
        }
        pin.label = Some(label.clone()).filter(|label| !label.is_empty());
    }
    pin.pinned = change.pinned.unwrap_or(pin.pinned);
    let path = writer.repository.path().join("snapshots").join(&name);
    pin.write(snapshot.dir()).map_err(|errno| Error::drive("mark", &path, errno))?;
    writer.index.set_pin(seq, &pin)?;
    Ok(pin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_what_it_can_be_trusted_to_say() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        assert_eq!(Pin::read(&dir), Pin::default());
        let long = format!(r#"{{"pinned":false,"label":"{}"}}"#, "x".repeat(201));
        for (text, pinned, label) in [
            (r#"{"label":"before the move","pinned":false}"#, false, Some("before the move")),
            (r#"{"pinned":true,"later":1}"#, true, None),
            (r#"{"pinned":false,"label":"a\nforged line"}"#, false, None),
            (r#"{"pinned":false,"label":""}"#, false, None),
            (&long, false, None),
            ("{", true, None),
            ("", true, None),
        ] {
            std::fs::write(folder.path().join("pin.json"), text).unwrap();
            let wanted = Pin { label: label.map(str::to_owned), pinned };
            assert_eq!(Pin::read(&dir), wanted, "{text}");
        }
        std::fs::remove_file(folder.path().join("pin.json")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("pin.json")).unwrap();
        assert!(Pin::read(&dir).pinned);
    }
}
