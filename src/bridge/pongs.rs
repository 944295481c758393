//! Answers to pings that wait to be sent.

/// The most that wait. Of more pings than that only the last is answered (RFC 6455, 5.5.3).
const MOST: usize = 64;

/// The application data of Pongs, oldest first; however many pings come, only so much of it is kept.
#[derive(Debug, Default)]
pub(super) struct Pongs(Vec<Vec<u8>>);

impl Pongs {
    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Answers a ping.
    pub(super) fn push(&mut self, payload: &[u8]) {
        if self.0.len() < MOST {
            self.0.push(payload.to_vec());
        } else if let Some(last) = self.0.last_mut() {
            last.clear();
            last.extend_from_slice(payload);
        }
    }

    /// Takes all that `later` has.
    pub(super) fn append(&mut self, later: &mut Pongs) {
        later.0.drain(..).for_each(|payload| self.push(&payload));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: std::ops::Range<u8>) -> Pongs {
        let mut pongs = Pongs::default();
        range.for_each(|number| pongs.push(&[number]));
        pongs
    }

    fn first_and_last(pongs: &Pongs) -> (usize, u8, u8) {
        let all: Vec<u8> = pongs.iter().flatten().copied().collect();
        (all.len(), all[0], *all.last().unwrap())
    }

    #[test]
    fn of_too_many_pings_the_last_is_answered() {
        assert_eq!(first_and_last(&numbers(0..64)), (64, 0, 63));
        assert_eq!(first_and_last(&numbers(0..200)), (64, 0, 199));
        let (mut waiting, mut later) = (numbers(0..60), numbers(60..100));
        waiting.append(&mut later);
        assert_eq!(first_and_last(&waiting), (64, 0, 99));
        assert!(later.is_empty());
    }
}
