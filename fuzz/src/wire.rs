//! Frames that are right but for a detail, so that the rules behind the first ones are reached.

use arbitrary::{Result, Unstructured};
use wspipe::protocol::{Role, apply_mask};

/// The longest wire that is made, in bytes, but for its last frame.
const MAX_WIRE: usize = 200_000;
/// Texts whose ends and insides are worth a cut.
const TEXTS: [&[u8]; 6] = [b"", b"Hello", "κόσμε".as_bytes(), "👩‍🚀".as_bytes(), b"\xe2\x9c", b"\xed\xa0\x80"];
/// Payload lengths at the borders of the three ways to write one, and of a buffer.
const LENGTHS: [usize; 8] = [125, 126, 127, 255, 256, 257, 65_535, 65_536];
/// Close codes at the borders of their ranges (RFC 6455, 7.4).
const CODES: [u16; 16] = [0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000];

/// The frames that `choices` make: what `role` receives, mostly.
pub fn frames(role: Role, choices: &[u8]) -> Vec<u8> {
    let mut choices = Unstructured::new(choices);
    let mut wire = Vec::new();
    while !choices.is_empty() && wire.len() < MAX_WIRE {
        if frame(role, &mut choices, &mut wire).is_err() {
            break;
        }
    }
    wire
}

/// How many bytes the last frame lacks, going by its header alone; 0 also where that is not complete.
pub fn missing(mut wire: &[u8]) -> u64 {
    loop {
        let Some((header, payload)) = header(wire) else { return 0 };
        let here = (wire.len() - header) as u64;
        if payload > here {
            return payload - here;
        }
        wire = &wire[header + payload as usize..];
    }
}

/// The lengths of a frame's header and of its payload.
fn header(wire: &[u8]) -> Option<(usize, u64)> {
    let second = *wire.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (size, length) = match second & 0x7f {
        126 => (4, u16::from_be_bytes(*wire.get(2..)?.first_chunk()?).into()),
        127 => (10, u64::from_be_bytes(*wire.get(2..)?.first_chunk()?)),
        short => (2, short.into()),
    };
    (wire.len() >= size + mask).then_some((size + mask, length))
}

fn frame(role: Role, choices: &mut Unstructured<'_>, wire: &mut Vec<u8>) -> Result<()> {
    let (first, detail): (u8, u8) = choices.arbitrary()?;
    // One in 16 frames each, about, has a reserved bit, the wrong masking, or a length not as it should be.
    let reserved = if detail >> 4 == 1 { detail << 4 & 0x70 } else { 0 };
    let is_masked = (role == Role::Server) != (detail >> 4 == 2);
    let opcode = *choices.choose(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 8, 9, 10, 8, 9, 10, first & 0xf])?;
    let mut payload = payload(opcode, choices)?;
    let mut length = payload.len() as u64;
    let mut form = match length {
        ..126 => 0,
        126..0x1_0000 => 1,
        _ => 2,
    };
    match detail >> 4 {
        3 => form = (form + 1).min(2),
        4 => form = 2,
        5 => (form, length) = (2, length | 1 << 63),
        6 => (form, length) = (2, choices.arbitrary()?),
        7 => payload.truncate(usize::from(detail & 0xf)),
        _ => {}
    }
    wire.push(first & 0x80 | reserved | opcode);
    let mask_bit = if is_masked { 0x80 } else { 0 };
    let second = match form {
        0 => length as u8,
        1 => 126,
        _ => 127,
    };
    wire.push(mask_bit | second);
    match form {
        0 => {}
        1 => wire.extend_from_slice(&(length as u16).to_be_bytes()),
        _ => wire.extend_from_slice(&length.to_be_bytes()),
    }
    if is_masked {
        let key: [u8; 4] = choices.arbitrary()?;
        wire.extend_from_slice(&key);
        apply_mask(&mut payload, key);
    }
    wire.extend_from_slice(&payload);
    Ok(())
}

fn payload(opcode: u8, choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let how: u8 = choices.arbitrary()?;
    Ok(match (opcode, how) {
        (8, 0..128) => {
            let mut close = choices.choose(&CODES)?.to_be_bytes().to_vec();
            close.extend_from_slice(choices.choose(&TEXTS)?);
            close
        }
        (_, 0..16) => vec![choices.arbitrary()?; *choices.choose(&LENGTHS)?],
        (_, 16..160) => {
            let text = *choices.choose(&TEXTS)?;
            let (from, to) = (usize::from(how) % (text.len() + 1), usize::from(how) / 7 % (text.len() + 1));
            text[from.min(to)..from.max(to)].to_vec()
        }
        _ => choices.bytes(choices.len().min(usize::from(how & 0x1f)))?.to_vec(),
    })
}
