//! The alternatives of a pattern, such as `{a,b}`: where a slash in them can't match.

/// Whether an alternative begins with a slash in braces that stand where a name begins: `{/a,b}`, but not `a{/b,}`.
pub fn has_slash_in_braces(text: &str) -> bool {
    // For each brace that is open, whether a name begins there.
    let mut open: Vec<bool> = Vec::new();
    let mut begins = true;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        begins = match char {
            '{' => {
                open.push(begins);
                begins
            }
            ',' => open.last().copied().unwrap_or_default(),
            '/' if begins => return true,
            '/' => true,
            '}' => {
                open.pop();
                false
            }
            '\\' => {
                chars.next();
                false
            }
            _ => false,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_slash_in_braces;

    #[test]
    fn a_slash_after_a_brace_or_comma_is_told_from_one_after_a_name() {
        for (text, wanted) in [
            ("{/a/b,/x}", true),
            ("{a,/x}", true),
            ("{/a}", true),
            ("x/{/a,b}", true),
            ("{{/a,b},c}", true),
            ("{a,{b,c},/d}", true),
            ("x{/a,/b}", false),
            ("x{,/a}", false),
            ("x{a,b{/c,d}}", false),
            ("{a/b,c}", false),
            ("a,/b", false),
            (r"\{/a\}", false),
            (r"{a\,/b}", false),
            ("{[,]/a,b}", false),
        ] {
            assert_eq!(has_slash_in_braces(text), wanted, "{text}");
        }
    }
}
