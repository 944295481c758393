//! Another reading of DEFLATE (RFC 1951), slow and plain: it says what compressed messages are, and whether they are whole.
//!
//! RFC 1951 leaves open what a code is that is not complete; here it is as in zlib: only the one code of one bit may be so.

/// The end that a message leaves out (RFC 7692, 7.2.2).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// In which order the lengths of the code for code lengths stand (RFC 1951, 3.2.7).
pub const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTHS: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCES: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12_289, 16_385, 24_577,
];

/// Reads the messages of one direction, each as a whole.
#[derive(Debug)]
pub struct Inflate {
    window: usize,
    context_takeover: bool,
    /// What a message may refer to, and more before it.
    history: Vec<u8>,
}

/// The bytes are no DEFLATE data, or the message does not end where a block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

impl Inflate {
    /// A reader with a window of that many bits.
    pub fn new(context_takeover: bool, window_bits: u8) -> Self {
        Inflate { window: 1 << window_bits, context_takeover, history: Vec::new() }
    }

    /// What has come out of a message, and whether it is whole.
    pub fn message(&mut self, payload: &[u8]) -> (Vec<u8>, Result<(), Broken>) {
        let mut message =
            Message { bytes: &[payload, &TAIL].concat(), bit: 0, window: self.window, out: Vec::new(), empty_at: None };
        message.out.append(&mut self.history);
        let mut given = message.out.len();
        let mut before = Vec::new();
        let end = loop {
            match message.block() {
                Ok(true) => {
                    // What follows a final block is a stream of its own (RFC 7692, 7.2.3.4).
                    before.extend_from_slice(&message.out[given..]);
                    message.out.clear();
                    given = 0;
                    message.bit = message.bit.next_multiple_of(8);
                }
                Ok(false) => {}
                Err(broken) => break Err(broken),
            }
            if message.bit == message.bytes.len() * 8 {
                // The end that is left out is that of an empty block, and of no other (RFC 7692, 7.2.1).
                break if message.empty_at == Some(payload.len()) { Ok(()) } else { Err(Broken) };
            }
        };
        before.extend_from_slice(&message.out[given..]);
        if self.context_takeover {
            self.history = message.out;
        }
        (before, end)
    }
}

/// One message, bit by bit.
struct Message<'a> {
    bytes: &'a [u8],
    bit: usize,
    window: usize,
    out: Vec<u8>,
    /// Where the lengths of the last empty stored block are.
    empty_at: Option<usize>,
}

impl Message<'_> {
    /// Reads a block, and whether it is a final one.
    fn block(&mut self) -> Result<bool, Broken> {
        let last = self.bits(1)? == 1;
        match self.bits(2)? {
            0 => self.stored()?,
            1 => {
                let literals: Vec<u8> = (0..288).map(fixed_length).collect();
                self.symbols(&Code::new(&literals).ok_or(Broken)?, &Code::new(&[5; 30]).ok_or(Broken)?)?;
            }
            2 => self.dynamic()?,
            _ => return Err(Broken),
        }
        Ok(last)
    }

    fn stored(&mut self) -> Result<(), Broken> {
        self.bit = self.bit.next_multiple_of(8);
        let start = self.bit / 8;
        let (length, inverse) = (self.bits(16)?, self.bits(16)?);
        if length != !inverse & 0xffff {
            return Err(Broken);
        }
        if length == 0 {
            self.empty_at = Some(start);
        }
        let rest = &self.bytes[self.bit / 8..];
        let taken = length.min(rest.len());
        self.out.extend_from_slice(&rest[..taken]);
        self.bit += taken * 8;
        if taken < length { Err(Broken) } else { Ok(()) }
    }

    fn dynamic(&mut self) -> Result<(), Broken> {
        let (literals, distances, count) = (self.bits(5)? + 257, self.bits(5)? + 1, self.bits(4)? + 4);
        if literals > 286 || distances > 30 {
            return Err(Broken);
        }
        let mut lengths = [0; 19];
        for place in &ORDER[..count] {
            lengths[*place] = self.bits(3)? as u8;
        }
        let code = Code::new(&lengths).filter(Code::is_complete).ok_or(Broken)?;
        let mut lengths: Vec<u8> = Vec::new();
        while lengths.len() < literals + distances {
            let (length, times) = match self.symbol(&code)? {
                16 => (*lengths.last().ok_or(Broken)?, self.bits(2)? + 3),
                17 => (0, self.bits(3)? + 3),
                18 => (0, self.bits(7)? + 11),
                length => (length as u8, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times));
        }
        if lengths.len() > literals + distances || lengths[256] == 0 {
            return Err(Broken);
        }
        let (literals, distances) = lengths.split_at(literals);
        let code = |lengths| Code::new(lengths).filter(|code| code.is_complete() || code.is_short());
        self.symbols(&code(literals).ok_or(Broken)?, &code(distances).ok_or(Broken)?)
    }

    fn symbols(&mut self, literals: &Code, distances: &Code) -> Result<(), Broken> {
        loop {
            let symbol = self.symbol(literals)?;
            if symbol < 256 {
                self.out.push(symbol as u8);
                continue;
            }
            if symbol == 256 {
                return Ok(());
            }
            let place = symbol - 257;
            let base = *LENGTHS.get(place).ok_or(Broken)?;
            let extra = if (8..28).contains(&place) { place / 4 - 1 } else { 0 };
            let length = usize::from(base) + self.bits(extra)?;
            let place = self.symbol(distances)?;
            let base = *DISTANCES.get(place).ok_or(Broken)?;
            let distance = usize::from(base) + self.bits((place / 2).saturating_sub(1))?;
            if distance > self.out.len().min(self.window) {
                return Err(Broken);
            }
            for _ in 0..length {
                self.out.push(self.out[self.out.len() - distance]);
            }
        }
    }

    fn symbol(&mut self, code: &Code) -> Result<usize, Broken> {
        let (mut value, mut first, mut index) = (0, 0, 0);
        for count in &code.counts[1..] {
            value |= self.bits(1)?;
            if value < first + count {
                return Ok(code.symbols[index + value - first]);
            }
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        Err(Broken)
    }

    fn bits(&mut self, count: usize) -> Result<usize, Broken> {
        let mut bits = 0;
        for i in 0..count {
            let byte = *self.bytes.get(self.bit / 8).ok_or(Broken)?;
            bits |= usize::from(byte >> (self.bit % 8) & 1) << i;
            self.bit += 1;
        }
        Ok(bits)
    }
}

/// The length of a symbol's fixed code, in bits (RFC 1951, 3.2.6).
pub fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    }
}

/// A canonical code: how many codes there are of each length, and the symbols in their order (RFC 1951, 3.2.2).
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
    /// Codes of 15 bits that are left over.
    left: usize,
}

impl Code {
    /// None if there are more codes than fit.
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0; 16];
        for length in lengths.iter().filter(|length| **length > 0) {
            counts[usize::from(*length)] += 1;
        }
        let mut left: usize = 1;
        for count in &counts[1..] {
            left = (left * 2).checked_sub(*count)?;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        Some(Code { counts, symbols, left })
    }

    fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// Whether no code is longer than one bit.
    fn is_short(&self) -> bool {
        self.counts[2..].iter().all(|count| *count == 0)
    }
}
