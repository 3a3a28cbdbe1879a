use super::*;

const ONE: &[u8] = include_bytes!("../../tests/data/good-binary/signature");

/// A subpacket of the longest form of length.
fn subpacket(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
    [&[255][..], &length, &[tag], body].concat()
}

/// Signatures embedded in one another, nearly as deep as the length field of a signature allows.
fn nested() -> Vec<u8> {
    let mut signature: Vec<u8> = Vec::new();
    loop {
        let area = if signature.is_empty() { Vec::new() } else { subpacket(32, &signature) };
        let Some(length) = u16::try_from(area.len()).ok().filter(|length| *length < 65_000) else { break };
        let [high, low] = length.to_be_bytes();
        let head = [4, 0x19, 22, 8, high, low];
        signature = [&head[..], &area, &[0, 0, 0, 0, 0, 8, 0xff, 0, 8, 0xff]].concat();
    }
    let length = u32::try_from(signature.len()).unwrap().to_be_bytes();
    [&[0xc2, 0xff][..], &length, &signature].concat()
}

#[test]
fn are_read_one_after_the_other() {
    assert_eq!(read(ONE).unwrap().len(), 1);
    assert_eq!(read(&ONE.repeat(MAX_SIGNATURES)).unwrap().len(), MAX_SIGNATURES);
}

#[test]
fn too_many_or_too_large_are_refused() {
    assert_eq!(read(&ONE.repeat(MAX_SIGNATURES + 1)), Err(SignatureFileError::TooMany));
    let huge = vec![b'\n'; MAX_SIGNATURE_BYTES + 1];
    assert_eq!(read(&huge), Err(SignatureFileError::TooLarge { bytes: huge.len() }));
}

#[test]
fn within_one_another_are_refused_however_deep() {
    let nested = nested();
    assert!((60_000..=MAX_SIGNATURE_BYTES).contains(&nested.len()), "{}", nested.len());
    assert!(
        matches!(read(&nested), Err(SignatureFileError::NotASignature { .. })),
        "{:?}",
        read(&nested).map(|s| s.len())
    );
}

#[test]
fn cut_off_are_refused() {
    for end in 1..ONE.len() {
        assert!(matches!(read(&ONE[..end]), Err(SignatureFileError::NotASignature { .. })), "{end}");
    }
}
