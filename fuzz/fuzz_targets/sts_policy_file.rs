//! Any bytes, read as an MTA-STS policy file: an error that cannot steer a terminal, or a policy that is no wider than its text.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::{Mode, Reach, with_causes};
use starttls_proto::mta_sts::{
    LeftOut, MAX_AGE_LIMIT, MAX_FILE_BYTES, MAX_PATTERN_TEXT_BYTES, MAX_PATTERNS, PolicyFile,
};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let file = match PolicyFile::parse(bytes) {
        Ok(file) => file,
        Err(error) => {
            return assert!(!with_causes(&error).chars().any(char::is_control), "{error:?}");
        }
    };
    assert!(file.mode == Mode::None || !file.mx.is_empty(), "a policy without hosts");
    assert!(file.mx.len() <= MAX_PATTERNS && file.max_age <= MAX_AGE_LIMIT);
    assert!(file.mx.iter().all(|pattern| pattern.reach() != Reach::AnyDepth), "wider than any text can say");
    let text_bytes: usize = file.mx.iter().map(|pattern| pattern.to_string().len() + 1).sum();
    assert!(text_bytes <= MAX_PATTERN_TEXT_BYTES, "more than can be kept");
    if let Some(line) = file.left_out.first() {
        assert!(!with_causes(line).chars().any(char::is_control), "{line:?}");
    }
    let mut plain = format!("version: STSv1\nmode: {}\nmax_age: {}\n", file.mode, file.max_age.as_secs());
    plain.extend(file.mx.iter().map(|pattern| format!("mx: {pattern}\n")));
    if plain.len() <= MAX_FILE_BYTES {
        let file = PolicyFile { left_out: LeftOut::default(), ..file };
        assert_eq!(PolicyFile::parse(plain.as_bytes()), Ok(file));
    }
}
