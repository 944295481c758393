//! What RFC 9110 (5.5 and 5.6.2) lets stand in a token and in a field value, and words for the character that may not.

/// Whether `c` may stand in a token: a method, a field name, a subprotocol name (RFC 9110, 5.6.2).
pub(super) fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Whether `text` is a token: not empty, and nothing in it but token characters.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

/// The first character that keeps `text` from being a token.
pub(super) fn outside_token(text: &str) -> Option<Misplaced> {
    Misplaced::first(text, |c| !is_token_char(c))
}

/// The first character that may not stand in a field value: any control character but the tab (RFC 9110, 5.5).
pub(super) fn outside_value(text: &str) -> Option<Misplaced> {
    Misplaced::first(text, |c| c.is_control() && c != '\t')
}

/// A character where it may not be. Displayed as `a space at position 7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misplaced {
    /// The character.
    pub character: char,
    /// Its place in the text, in characters, the first being 1.
    pub position: usize,
}

impl Misplaced {
    /// The first character of `text` that `is_wrong`.
    pub(super) fn first(text: &str, is_wrong: impl Fn(char) -> bool) -> Option<Self> {
        let (index, character) = text.chars().enumerate().find(|(_, c)| is_wrong(*c))?;
        Some(Self { character, position: index + 1 })
    }

    /// The same character in a text that has `before` ahead of it.
    pub(super) fn after(self, before: &str) -> Self {
        Self { position: self.position + before.chars().count(), ..self }
    }
}

impl std::fmt::Display for Misplaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.character {
            ' ' => f.write_str("a space")?,
            '\t' => f.write_str("a tab")?,
            '\n' => f.write_str("a line feed")?,
            '\r' => f.write_str("a carriage return")?,
            c if super::printable::is_unsafe(c) => {
                write!(f, "the character U+{:04X}", u32::from(c))?;
            }
            c => write!(f, "`{c}`")?,
        }
        write!(f, " at position {}", self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        assert!(is_token("chat.v1~!#$%&'*+-^_`|"));
        assert!(!is_token(""));
        assert!(!is_token("a b"));
        assert!(!is_token("é"));
        assert_eq!(outside_token("ab/c"), Some(Misplaced { character: '/', position: 3 }));
    }

    #[test]
    fn values_may_hold_tabs_and_non_ascii() {
        assert_eq!(outside_value("a\tü \u{1f600}"), None);
        assert_eq!(outside_value("é\r\n"), Some(Misplaced { character: '\r', position: 2 }));
        assert_eq!(outside_value("\u{85}").map(|m| m.position), Some(1));
    }

    #[test]
    fn characters_have_names() {
        let shown = |character| Misplaced { character, position: 3 }.to_string();
        assert_eq!(shown(' '), "a space at position 3");
        assert_eq!(shown('\n'), "a line feed at position 3");
        assert_eq!(shown('\0'), "the character U+0000 at position 3");
        assert_eq!(shown('\u{202e}'), "the character U+202E at position 3");
        assert_eq!(shown('#'), "`#` at position 3");
    }
}
