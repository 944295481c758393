//! `Sec-WebSocket-Key` and the `Sec-WebSocket-Accept` that answers it (RFC 6455, 1.3, 4.1 and 4.2.2).

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

/// The bytes that a key decodes to.
const KEY_LENGTH: usize = 16;

/// Trailing bits may be set: the key that RFC 6455 gives as its example in 4.1 (`AQIDBAUGBwgJCgsMDQ4PEC==`) sets some.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Why a text is no `Sec-WebSocket-Key`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not base64.
    #[error("the key is not base64 ({0}): it must be the base64 of 16 bytes, such as dGhlIHNhbXBsZSBub25jZQ==")]
    Base64(#[from] base64::DecodeError),
    /// It is base64 of something shorter or longer.
    #[error("the key decodes to {0} bytes: it must be the base64 of 16 bytes, such as dGhlIHNhbXBsZSBub25jZQ==")]
    Length(usize),
}

/// The key made of 16 random bytes, which must come from a good source and be new for each connection.
#[must_use]
pub fn generate_key(random: [u8; KEY_LENGTH]) -> String {
    STANDARD.encode(random)
}

/// The `Sec-WebSocket-Accept` that proves the server read `key`: base64 of SHA-1 of the key and a fixed GUID. The key is
/// taken as text, whatever it decodes to.
#[must_use]
pub fn accept_for(key: &str) -> String {
    tungstenite::handshake::derive_accept_key(key.as_bytes())
}

/// Whether `key` is the base64 of exactly 16 bytes.
pub fn check_key(key: &str) -> Result<(), KeyError> {
    match LENIENT.decode(key)?.len() {
        KEY_LENGTH => Ok(()),
        length => Err(KeyError::Length(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_6455_1_3() {
        let key = generate_key(*b"the sample nonce");
        assert_eq!(key, "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept_for(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn keys_are_sixteen_bytes_of_base64() {
        assert_eq!(check_key("dGhlIHNhbXBsZSBub25jZQ=="), Ok(()));
        assert_eq!(check_key("AQIDBAUGBwgJCgsMDQ4PEC=="), Ok(()));
        let message = |key| check_key(key).unwrap_err().to_string();
        let rule = "it must be the base64 of 16 bytes, such as dGhlIHNhbXBsZSBub25jZQ==";
        assert_eq!(message("aGVsbG8="), format!("the key decodes to 5 bytes: {rule}"));
        assert_eq!(message(""), format!("the key decodes to 0 bytes: {rule}"));
        assert!(
            message("not base64!").starts_with("the key is not base64 (Invalid symbol"),
            "{}",
            message("not base64!")
        );
        assert!(check_key("dGhlIHNhbXBsZSBub25jZQ").is_err(), "without padding");
    }
}
