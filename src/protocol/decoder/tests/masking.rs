//! RFC 6455, 5.1 and 5.3.

use super::*;

#[test]
fn a_client_must_mask_and_a_server_must_not() {
    for (role, bytes, violation) in [
        (Role::Server, &b"\x81\x02hi"[..], Violation::Unmasked),
        (Role::Server, b"\x89\x00", Violation::Unmasked),
        (Role::Client, b"\x81\x82\x01\x02\x03\x04ik", Violation::Masked),
        (Role::Client, b"\x88\x80\x01\x02\x03\x04", Violation::Masked),
    ] {
        check(role, None, bytes, &[], Err(violation));
    }
}

/// Each frame has a key of its own, and each begins at the key's first byte.
#[test]
fn the_key_changes_with_the_frame() {
    check(
        Role::Server,
        None,
        b"\x02\x83\x01\x02\x03\x04\x01\x02\x03\
          \x89\x81\xff\0\0\0\xff\
          \x80\x86\xf0\x0f\xf0\x0f\xf0\x0f\xf0\x0f\xf0\x0f\
          \x82\x80\x09\x09\x09\x09",
        &[Entry::ping(b"\0"), Entry::binary(b"\0\0\0\0\0\0\0\0\0"), Entry::binary(b"")],
        Ok(false),
    );
}

#[test]
fn the_key_goes_on_over_a_full_buffer() {
    let key = [1, 2, 3, 4];
    let payload: Vec<u8> = (0..=250).cycle().take(999).collect();
    let mut masked = payload.clone();
    crate::protocol::apply_mask(&mut masked, key);
    let bytes = [b"\x82\xfe\x03\xe7", &key[..], &masked].concat();
    check(Role::Server, None, &bytes, &[Entry::Binary(payload)], Ok(false));
}
