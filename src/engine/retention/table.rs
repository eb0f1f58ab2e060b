//! Rules as a table: tags with one reach or a list of them. It is read value by value, so that what is wrong is told where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::policy::{BadReach, Policy, Reach, Rule};
use super::tag::Tag;

/// What is said of one tag.
pub(super) struct Reaches(Vec<Reach>);

/// Reads one reach, or, for [`Reaches`], a list of them; for [`Policy`], the table; for [`Tag`], its name.
struct Reader<T>(PhantomData<T>);

impl From<Policy> for BTreeMap<Tag, Reaches> {
    fn from(policy: Policy) -> Self {
        let mut table = Self::new();
        for rule in policy.rules {
            table.entry(rule.tag).or_insert_with(|| Reaches(Vec::new())).0.push(rule.reach);
        }
        table
    }
}

impl Serialize for Reaches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl Serialize for Reach {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Newest(number) => number.serialize(serializer),
            Self::For(_) | Self::UntilRoom => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader::<Self>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader::<Self>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Reach {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<Self>(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Reaches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader::<Self>(PhantomData))
    }
}

impl<'de> Visitor<'de> for Reader<Policy> {
    type Value = Policy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of tags and how far back they are kept")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Policy, A::Error> {
        // One tag can be there several times, in different cases.
        let mut table: BTreeMap<Tag, Vec<Reach>> = BTreeMap::new();
        while let Some((tag, Reaches(reaches))) = map.next_entry()? {
            table.entry(tag).or_default().extend(reaches);
        }
        let rules = table
            .into_iter()
            .flat_map(|(tag, reaches)| reaches.into_iter().map(move |reach| Rule { tag, reach }));
        Ok(rules.collect())
    }
}

impl Visitor<'_> for Reader<Tag> {
    type Value = Tag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag such as \"daily\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tag, E> {
        text.parse().map_err(E::custom)
    }
}

impl Visitor<'_> for Reader<Reach> {
    type Value = Reach;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 1 on, an age such as \"30 days\", or \"until room is needed\"")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Reach, E> {
        let count = u32::try_from(number).ok().and_then(NonZeroU32::new);
        count.map(Reach::Newest).ok_or_else(|| E::custom(BadReach(number.to_string())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Reach, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for Reader<Reaches> {
    type Value = Reaches;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a number from 1 on, an age such as \"30 days\", \"until room is needed\", or a list of these",
        )
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Reaches, E> {
        Reader::<Reach>(PhantomData).visit_i64(number).map(|reach| Reaches(vec![reach]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Reaches, E> {
        Reader::<Reach>(PhantomData).visit_str(text).map(|reach| Reaches(vec![reach]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Reaches, A::Error> {
        let mut reaches = Vec::new();
        while let Some(reach) = list.next_element()? {
            reaches.push(reach);
        }
        Ok(Reaches(reaches))
    }
}
