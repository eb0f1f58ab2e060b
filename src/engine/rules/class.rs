//! The classes of a pattern, such as `[a-z]`, rewritten so that none matches a slash, as in git.

use std::iter::Peekable;
use std::str::Chars;

use globset::ErrorKind;

/// From one character to another, both included.
type Range = (char, char);

/// What in a class the matcher gives a meaning by its place.
const SPECIAL: [char; 4] = ['!', '-', ']', '^'];

/// The classes that have names, as `[[:digit:]]`, for ASCII.
const NAMED: [(&str, &[Range]); 12] = [
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\0', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", &[('0', '9')]),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];

/// The glob with each class in it as the matcher needs it.
///
/// # Errors
/// What is wrong with a class, in English.
pub fn without_slashes(glob: &str) -> Result<String, String> {
    let mut rewritten = String::with_capacity(glob.len());
    let mut chars = glob.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                rewritten.push('\\');
                rewritten.extend(chars.next());
            }
            '[' => {
                let is_negated = chars.next_if(|char| matches!(char, '!' | '^')).is_some();
                let ranges = read(&mut chars)?;
                rewritten.push_str(&write(is_negated, &ranges)?);
            }
            char => rewritten.push(char),
        }
    }
    Ok(rewritten)
}

/// Reads a class up to its end as git does: `]` is one of its characters if it is the first, `-` if it has nothing on
/// one of its sides, and `\` takes the meaning away.
fn read(chars: &mut Peekable<Chars<'_>>) -> Result<Vec<Range>, String> {
    let unclosed = || ErrorKind::UnclosedClass.to_string();
    let mut ranges: Vec<Range> = Vec::new();
    // Whether the last range is one character, from which a longer one may go on.
    let mut is_open = false;
    let mut is_first = true;
    loop {
        let char = chars.next().ok_or_else(unclosed)?;
        match char {
            ']' if !is_first => return Ok(ranges),
            '[' if chars.peek() == Some(&':') => {
                ranges.extend(named(chars).ok_or("a class has a name that is not known")?);
                is_open = false;
            }
            '-' if is_open && chars.peek() != Some(&']') => {
                let end = one(chars).ok_or_else(unclosed)?;
                if let Some(range) = ranges.last_mut() {
                    range.1 = end;
                    if range.0 > end {
                        return Err(ErrorKind::InvalidRange(range.0, end).to_string());
                    }
                }
                is_open = false;
            }
            char => {
                let char = if char == '\\' { chars.next().ok_or_else(unclosed)? } else { char };
                ranges.push((char, char));
                is_open = true;
            }
        }
        is_first = false;
    }
}

fn one(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '\\' => chars.next(),
        char => Some(char),
    }
}

/// What stands for `:name:]`; `None` if nothing does.
fn named(chars: &mut Peekable<Chars<'_>>) -> Option<&'static [Range]> {
    chars.next_if_eq(&':')?;
    let name: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_alphabetic)).collect();
    chars.next_if_eq(&':')?;
    chars.next_if_eq(&']')?;
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, ranges)| *ranges)
}

/// The class in the matcher's grammar, which knows no escape in a class: what is special there is put where it is not.
fn write(is_negated: bool, ranges: &[Range]) -> Result<String, String> {
    let has = |wanted: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&wanted));
    let mut plain = String::new();
    for (from, to) in ranges {
        push_plain(&mut plain, *from, *to);
    }
    let bang: String = ['!', '^'].into_iter().filter(|char| has(*char)).collect();
    let dash = if has('-') { "-" } else { "" };
    let bracket = if has(']') { "]" } else { "" };
    if is_negated {
        return Ok(format!("[!{bracket}/{plain}{bang}{dash}]"));
    }
    Ok(match (bracket, plain.as_str(), bang.as_str(), dash) {
        ("", "", "", "") => {
            return Err("a class matches no slash, and here nothing else".to_owned());
        }
        ("", "", "!^", "") => r"{\!,\^}".to_owned(),
        ("", "", bang, "") => format!("\\{bang}"),
        ("", "", bang, "-") => format!("[-{bang}]"),
        _ => format!("[{bracket}{plain}{bang}{dash}]"),
    })
}

/// Adds what is neither special nor a slash, in as many pieces as that takes.
fn push_plain(plain: &mut String, from: char, to: char) {
    let mut from = from;
    let mut cuts = SPECIAL.to_vec();
    cuts.push('/');
    cuts.sort_unstable();
    for cut in cuts {
        if !(from..=to).contains(&cut) {
            continue;
        }
        if let Some(before) = (from..cut).next_back() {
            push_range(plain, from, before);
        }
        let Some(after) = (cut..=to).nth(1) else { return };
        from = after;
    }
    push_range(plain, from, to);
}

fn push_range(plain: &mut String, from: char, to: char) {
    plain.push(from);
    if from != to {
        plain.extend(['-', to]);
    }
}

#[cfg(test)]
mod tests {
    use super::without_slashes;

    #[test]
    fn classes_are_rewritten_without_slashes() {
        for (glob, wanted) in [
            ("file[!~]*", "file[!/~]*"),
            ("[^a]", "[!/a]"),
            ("[!-0]", "[!/0-]"),
            ("[!]a]", "[!]/a]"),
            ("[]a]", "[]a]"),
            ("[]]x]", "[]]x]"),
            ("[+-9]", "[+-,.0-9-]"),
            ("[+-/]", "[+-,.-]"),
            ("[/-9]", "[0-9]"),
            ("[a/b]", "[ab]"),
            ("[a-]", "[a-]"),
            ("[-a]", "[a-]"),
            ("[a-c-e]", "[a-ce-]"),
            ("[Z-_]", "[]Z-\\_^]"),
            ("[ -~]", "[] \"-,.0-\\_-~!^-]"),
            (r"[\]a]", "[]a]"),
            (r"[\!a]", "[a!]"),
            (r"[\!]", r"\!"),
            (r"[\^\!]", r"{\!,\^}"),
            (r"[\^\-]", "[-^]"),
            (r"[\\]", r"[\]"),
            (r"\[!~]", r"\[!~]"),
            (r"\\[!~]", r"\\[!/~]"),
            ("[[:digit:]_]", "[0-9_]"),
            ("[![:upper:]-]", "[!/A-Z-]"),
            ("[[a]", "[[a]"),
            ("[à-é]", "[à-é]"),
            ("{[!a],b}", "{[!/a],b}"),
        ] {
            assert_eq!(without_slashes(glob).as_deref(), Ok(wanted), "{glob}");
        }
    }

    #[test]
    fn broken_classes_are_refused() {
        for glob in ["[", "[]", "[!", "[!]", "[a-", r"[\", "[z-a]", "[/]", "[[:nought:]]", "[[:a"] {
            assert!(without_slashes(glob).is_err(), "{glob}");
        }
    }
}
