//! A dialogue (`--send`, `--expect`) as a value: what is said when, and what is awaited.
//!
//! Turns are taken in their order. All that is to be said before an expectation is due together with it: a message counts
//! from the moment on in which the expectation before has been met, whether our own words are on the wire by then or not. So
//! what meets what depends on the order of the peer's messages, and never on the threads.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::handshake::printable;

/// How many of the last messages are told.
const TOLD: usize = 3;
/// How much of each, in bytes.
const SHOWN: usize = 100;

/// One step of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Send this text message.
    Send(String),
    /// Wait for a message that has this.
    Expect(Pattern),
}

/// A regular expression that the payload of a message is searched for.
#[derive(Debug, Clone)]
pub struct Pattern(regex::bytes::Regex);

impl Pattern {
    /// Whether it is found in a payload.
    #[must_use]
    pub fn is_in(&self, payload: &[u8]) -> bool {
        self.0.is_match(payload)
    }
}

impl FromStr for Pattern {
    type Err = regex::Error;

    fn from_str(text: &str) -> Result<Self, regex::Error> {
        regex::bytes::Regex::new(text).map(Pattern)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Turn {
    /// As the option that asks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (option, text) = match self {
            Turn::Send(text) => ("--send", text.as_str()),
            Turn::Expect(pattern) => ("--expect", pattern.0.as_str()),
        };
        write!(f, "{option} {}", quoted(&printable(text.as_bytes(), SHOWN)))
    }
}

/// The text in quotation marks that it does not have itself, if there are such: JSON has plenty.
fn quoted(text: &str) -> String {
    match (text.contains('"'), text.contains('\'')) {
        (false, _) => format!("\"{text}\""),
        (true, false) => format!("'{text}'"),
        (true, true) => format!("“{text}”"),
    }
}

/// A dialogue and where it stands.
#[derive(Debug, Clone)]
pub struct Dialogue {
    turns: Arc<[Turn]>,
    /// The expectation that is due, or their end.
    due: usize,
    /// What is to be said before this turn has been taken to be sent.
    said: usize,
    /// What is to be said before this turn has reached the socket.
    sent: usize,
    /// The beginnings of the last messages.
    heard: VecDeque<Vec<u8>>,
}

/// A turn that was not taken, and what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// What was due.
    pub turn: Turn,
    /// Its number, from 1 on, and how many there are.
    pub step: (usize, usize),
    /// The last messages, at most three, shortened and printable.
    pub heard: Vec<String>,
}

impl Dialogue {
    /// A dialogue that has not begun.
    #[must_use]
    pub fn new(turns: impl Into<Arc<[Turn]>>) -> Self {
        let mut dialogue = Dialogue { turns: turns.into(), due: 0, said: 0, sent: 0, heard: VecDeque::new() };
        dialogue.go_on(0);
        dialogue
    }

    /// Begins again.
    pub fn restart(&mut self) {
        *self = Dialogue::new(Arc::clone(&self.turns));
    }

    /// Whether an expectation is due.
    #[must_use]
    pub fn awaits(&self) -> bool {
        self.due < self.turns.len()
    }

    /// Takes a message; true if it is what was awaited.
    pub fn hear(&mut self, payload: &[u8]) -> bool {
        let Some(Turn::Expect(pattern)) = self.turns.get(self.due) else { return false };
        let met = pattern.is_in(payload);
        if self.heard.len() == TOLD {
            self.heard.pop_front();
        }
        // A little more than is shown: so it can be seen that something was cut off, and no character is cut in two.
        self.heard.push_back(payload[..payload.len().min(SHOWN + 4)].to_vec());
        if met {
            self.go_on(self.due + 1);
        }
        met
    }

    /// Gives what is to be said now, once.
    pub fn say(&mut self) -> impl Iterator<Item = &str> {
        let due = &self.turns[self.said..self.due];
        self.said = self.due;
        due.iter().filter_map(|turn| match turn {
            Turn::Send(text) => Some(text.as_str()),
            Turn::Expect(_) => None,
        })
    }

    /// Says that all that was given has reached the socket.
    pub fn sent(&mut self) {
        self.sent = self.said;
    }

    /// Whether something is to be said, now or later.
    #[must_use]
    pub fn has_more_to_say(&self) -> bool {
        self.turns[self.said..].iter().any(|turn| matches!(turn, Turn::Send(_)))
    }

    /// Whether it was had to its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.unsent().is_none() && !self.awaits()
    }

    /// The turn that it stands at; none if it is over. Where nothing is expected, there is nothing to stand at.
    #[must_use]
    pub fn stuck(&self) -> Option<Stuck> {
        if !self.turns.iter().any(|turn| matches!(turn, Turn::Expect(_))) {
            return None;
        }
        let at = if self.awaits() { self.due } else { self.unsent()? };
        let heard = self.heard.iter().map(|message| printable(message, SHOWN)).collect();
        Some(Stuck { turn: self.turns[at].clone(), step: (at + 1, self.turns.len()), heard })
    }

    /// The first of what is to be said that has not reached the socket.
    fn unsent(&self) -> Option<usize> {
        let rest = self.turns[self.sent..].iter();
        rest.enumerate().find(|(_, turn)| matches!(turn, Turn::Send(_))).map(|(at, _)| self.sent + at)
    }

    /// Goes on to the next expectation.
    fn go_on(&mut self, from: usize) {
        let next = self.turns[from..].iter().position(|turn| matches!(turn, Turn::Expect(_)));
        self.due = next.map_or(self.turns.len(), |next| from + next);
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.turn {
            Turn::Send(_) => "sent",
            Turn::Expect(_) => "met",
        };
        write!(f, "{} (step {} of {}) was not {what}", self.turn, self.step.0, self.step.1)
    }
}

impl Stuck {
    /// What came instead, in words.
    #[must_use]
    pub fn instead(&self) -> String {
        match self.heard.as_slice() {
            [] => "no message came".to_owned(),
            [message] => format!("the last message was {}", quoted(message)),
            messages => {
                let messages: Vec<String> = messages.iter().map(|message| quoted(message)).collect();
                format!("the last messages were {}", messages.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `>login` is sent, `<ok` is expected.
    fn dialogue(turns: &[&str]) -> Dialogue {
        let turn = |text: &&str| match text.split_at(1) {
            (">", text) => Turn::Send(text.to_owned()),
            (_, pattern) => Turn::Expect(pattern.parse().unwrap()),
        };
        Dialogue::new(turns.iter().map(turn).collect::<Vec<_>>())
    }

    fn said(dialogue: &mut Dialogue) -> Vec<String> {
        let said = dialogue.say().map(str::to_owned).collect();
        dialogue.sent();
        said
    }

    fn words(dialogue: &Dialogue) -> String {
        dialogue.stuck().map_or_else(String::new, |stuck| format!("{stuck}; {}", stuck.instead()))
    }

    #[test]
    fn turns_are_taken_in_their_order() {
        let mut dialogue = dialogue(&[">login", "<ok", ">query", ">again", "<row", ">bye"]);
        assert_eq!(said(&mut dialogue), ["login"]);
        assert!(said(&mut dialogue).is_empty());
        assert!(!dialogue.hear(b"row"));
        assert!(dialogue.hear(b"ok"));
        assert_eq!(said(&mut dialogue), ["query", "again"]);
        assert!(dialogue.has_more_to_say() && dialogue.awaits());
        assert!(!dialogue.hear(b"ok"));
        assert!(dialogue.hear(b"a row"));
        assert!(!dialogue.awaits() && !dialogue.is_over());
        assert_eq!(
            words(&dialogue),
            "--send \"bye\" (step 6 of 6) was not sent; the last messages were \"ok\", \"ok\", \"a row\""
        );
        assert_eq!(said(&mut dialogue), ["bye"]);
        assert!(dialogue.is_over() && !dialogue.has_more_to_say());
        assert_eq!(dialogue.stuck(), None);
        assert!(!dialogue.hear(b"row"));
    }

    #[test]
    fn a_message_meets_one_expectation_only() {
        let mut dialogue = dialogue(&["<a", "<a", "<b"]);
        assert!(dialogue.hear(b"ab"));
        assert!(dialogue.hear(b"ab"));
        assert!(dialogue.awaits());
        assert!(dialogue.hear(b"ab"));
        assert!(dialogue.is_over());
    }

    #[test]
    fn what_is_awaited_does_not_wait_for_our_own_words() {
        let mut dialogue = dialogue(&[">hello", "<welcome", ">bye"]);
        assert!(dialogue.hear(b"welcome"));
        assert!(!dialogue.is_over());
        assert_eq!(said(&mut dialogue), ["hello", "bye"]);
        assert!(dialogue.is_over());
    }

    #[test]
    fn what_was_given_is_not_sent_before_that_is_said() {
        let mut dialogue = dialogue(&["<a", ">b"]);
        dialogue.hear(b"a");
        assert_eq!(dialogue.say().count(), 1);
        assert!(!dialogue.has_more_to_say() && !dialogue.is_over());
        dialogue.sent();
        assert!(dialogue.is_over());
    }

    #[test]
    fn only_an_expectation_can_be_unmet() {
        assert_eq!(words(&dialogue(&[])), "");
        assert_eq!(words(&dialogue(&[">a"])), "");
        assert_eq!(words(&dialogue(&[">a", "<b"])), "--expect \"b\" (step 2 of 2) was not met; no message came");
    }

    #[test]
    fn what_has_quotation_marks_stands_in_others() {
        let mut dialogue = dialogue(&["<\"result\":\"ok\""]);
        for message in ["{\"result\":\"no\"}", "isn't", "\"isn't\""] {
            dialogue.hear(message.as_bytes());
        }
        assert_eq!(
            words(&dialogue),
            "--expect '\"result\":\"ok\"' (step 1 of 1) was not met; \
             the last messages were '{\"result\":\"no\"}', \"isn't\", “\"isn't\"”"
        );
    }

    #[test]
    fn what_came_instead_is_the_end_of_it_shortened_and_printable() {
        let mut dialogue = dialogue(&["<never"]);
        dialogue.hear(b"\x1b[2J");
        let words_of = |came: &str| format!("--expect \"never\" (step 1 of 1) was not met; the last {came}");
        assert_eq!(words(&dialogue), words_of("message was \"\\x1b[2J\""));
        for message in [&[b'x'; 100][..], "é".repeat(51).as_bytes(), &[0xff, 0]] {
            dialogue.hear(message);
        }
        let (all, cut) = ("x".repeat(100), "é".repeat(50));
        assert_eq!(words(&dialogue), words_of(&format!("messages were \"{all}\", \"{cut}…\", \"\\xff\\x00\"")));
    }

    #[test]
    fn patterns_are_searched_in_bytes() {
        let found = |pattern: &str, payload: &[u8]| pattern.parse::<Pattern>().unwrap().is_in(payload);
        assert!(found(r"(?-u)\xff\x00$", b"a\xff\x00"));
        assert!(found("é.", "aéb".as_bytes()));
        assert!(found("(?s)^a.*z$", b"a\nz") && !found("^b", b"ab"));
        assert!("(".parse::<Pattern>().is_err());
    }

    #[test]
    fn a_dialogue_begins_again() {
        let mut dialogue = dialogue(&[">a", "<b", ">c"]);
        said(&mut dialogue);
        dialogue.hear(b"b");
        dialogue.restart();
        assert_eq!(words(&dialogue), "--expect \"b\" (step 2 of 3) was not met; no message came");
        assert_eq!(said(&mut dialogue), ["a"]);
    }
}
