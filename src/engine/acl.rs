//! POSIX access control lists as `system.posix_acl_*` attributes hold them: whom they name.
//!
//! A version (u32), then entries of tag (u16), permissions (u16) and id (u32), little-endian
//! (`linux/posix_acl_xattr.h`).

/// What the names of both attributes begin with.
pub const PREFIX: &[u8] = b"system.posix_acl_";

const HEADER_BYTES: usize = 4;
const ENTRY_BYTES: usize = 8;

/// Tag of an entry for a named user.
const USER: u16 = 0x02;

/// Tag of an entry for a named group.
const GROUP: u16 = 0x08;

/// A user or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// A user's number.
    User(u32),
    /// A group's number.
    Group(u32),
}

/// The users and groups that a list names. What is no list names nobody.
pub fn ids(value: &[u8]) -> impl Iterator<Item = Id> {
    let entries = value.get(HEADER_BYTES..).unwrap_or_default();
    entries.as_chunks::<ENTRY_BYTES>().0.iter().filter_map(id)
}

/// The same list with other users and groups.
#[must_use]
pub fn map(value: &[u8], change: impl Fn(Id) -> u32) -> Vec<u8> {
    let mut mapped = value.to_vec();
    let entries = mapped.get_mut(HEADER_BYTES..).unwrap_or_default();
    for entry in entries.as_chunks_mut::<ENTRY_BYTES>().0 {
        if let Some(id) = id(entry) {
            entry[4..].copy_from_slice(&change(id).to_le_bytes());
        }
    }
    mapped
}

fn id(entry: &[u8; ENTRY_BYTES]) -> Option<Id> {
    let [tag_low, tag_high, _, _, a, b, c, d] = *entry;
    let number = u32::from_le_bytes([a, b, c, d]);
    match u16::from_le_bytes([tag_low, tag_high]) {
        USER => Some(Id::User(number)),
        GROUP => Some(Id::Group(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut value = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            value.extend_from_slice(&tag.to_le_bytes());
            value.extend_from_slice(&permissions.to_le_bytes());
            value.extend_from_slice(&id.to_le_bytes());
        }
        value
    }

    #[test]
    fn only_named_users_and_groups_are_seen_and_changed() {
        let entries = |user, group| {
            let nobody = u32::MAX;
            list(&[(1, 6, nobody), (2, 4, user), (4, 4, nobody), (8, 5, group), (16, 7, nobody)])
        };
        let value = entries(1000, 100);
        let found: Vec<Id> = ids(&value).collect();
        assert_eq!(found, [Id::User(1000), Id::Group(100)]);
        let mapped = map(&value, |id| match id {
            Id::User(user) => user + 1,
            Id::Group(group) => group + 2,
        });
        assert_eq!(mapped, entries(1001, 102));
        assert_eq!(ids(b"xyz").count(), 0);
        assert_eq!(map(b"", |_| 0), b"");
    }
}
