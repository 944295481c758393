//! What may be shown on a terminal.

/// Fails for text with a character that could do more on a screen than fill a place: one that moves the cursor, starts an
/// escape sequence, ends a line, or turns the direction of writing around. A line feed counts only where `lines` allows it.
pub fn assert_printable(text: &str, lines: bool) {
    let harmful = text.chars().find(|&c| is_harmful(c) && !(lines && c == '\n'));
    assert!(harmful.is_none(), "{harmful:?} in {text:?}");
}

/// General categories Cc, Zl and Zp, and the property `Bidi_Control` (Unicode Standard, 4.5; UAX #9, 2).
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}
