//! How paths and names of any bytes stand in a journal: percent-encoded, and checked when they are read.

/// The absolute path of a file or folder here.
pub mod absolute {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _, ser::Error as _};

    use crate::engine::path::RelPath;

    /// Writes it.
    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        let path = RelPath::from_absolute(path).map_err(S::Error::custom)?;
        serializer.serialize_str(&format!("/{}", path.encode()))
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let text = String::deserialize(deserializer)?;
        let relative = text.strip_prefix('/').ok_or_else(|| D::Error::custom("not absolute"))?;
        Ok(RelPath::decode(relative).map_err(D::Error::custom)?.to_absolute())
    }
}

/// A path in a snapshot.
pub mod relative {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::engine::path::RelPath;

    /// Writes it.
    pub fn serialize<S: Serializer>(path: &RelPath, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&path.encode())
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
        RelPath::decode(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The name of an entry.
pub mod name {
    use percent_encoding::percent_decode_str;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::engine::path::{encode, is_name};

    /// Writes it.
    pub fn serialize<S: Serializer>(name: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(name))
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let name = percent_decode_str(&text).collect::<Vec<u8>>();
        if is_name(&name) { Ok(name) } else { Err(D::Error::custom("not a name")) }
    }
}
