//! Reading a written file back with our own grammar of the server's format, a block of lines at a time.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use starttls_mta::Mta;

use super::Rejected;

/// How much text is checked at once; a table of any length needs no more memory than this.
const BLOCK_BYTES: u64 = 1024 * 1024;

/// Checks every line of a file with the server's own re-parser, for use in [`super::Draft::check`].
///
/// A file of up to a megabyte is checked as one text; a longer one in blocks of whole lines.
///
/// # Errors
/// [`Rejected`] names the first line that the closed grammar does not know.
pub fn recheck(mta: &dyn Mta, file: &str, path: &Path) -> Result<(), Rejected> {
    let rejected = |line, reason| Rejected { file: file.to_owned(), line, reason };
    let unreadable = |error: io::Error| rejected(None, format!("cannot be read back: {error}"));
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut lines_before: u64 = 0;
    loop {
        let mut block = Vec::new();
        reader.by_ref().take(BLOCK_BYTES).read_to_end(&mut block).map_err(unreadable)?;
        if block.is_empty() {
            return Ok(());
        }
        if block.last() != Some(&b'\n') {
            reader.by_ref().take(BLOCK_BYTES).read_until(b'\n', &mut block).map_err(unreadable)?;
        }
        let text = std::str::from_utf8(&block)
            .map_err(|error| rejected(Some(lines_before + 1), format!("is not UTF-8: {error}")))?;
        mta.check(file, text).map_err(|(line, reason)| {
            rejected(Some(lines_before.saturating_add(line.try_into().unwrap_or(u64::MAX))), reason)
        })?;
        lines_before += block.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
}

#[cfg(test)]
mod reading_back {
    use std::fmt::Write as _;
    use std::fs;

    use starttls_mta::{Facts, Renderer};

    use super::*;

    /// Knows the line `good` alone.
    struct OnlyGood;

    impl Mta for OnlyGood {
        fn name(&self) -> &'static str {
            "only-good"
        }
        fn title(&self) -> &'static str {
            "Only Good"
        }
        fn renderer(&self, _: &Facts) -> Result<Box<dyn Renderer>, starttls_policy::Finding> {
            Err(starttls_policy::Finding::error("test", "", ""))
        }
        fn check(&self, _: &str, text: &str) -> Result<(), (usize, String)> {
            match text.lines().position(|line| line != "good") {
                Some(index) => Err((index + 1, "unknown".into())),
                None => Ok(()),
            }
        }
    }

    #[test]
    fn counts_lines_through_blocks() {
        let holder = tempfile::tempdir().unwrap();
        let path = holder.path().join("table");
        for bad in [1_u64, 209_715, 209_716, 209_717, 500_000, 700_000] {
            let mut text = String::new();
            for line in 1..=700_000 {
                writeln!(text, "{}", if line == bad { "bad!" } else { "good" }).unwrap();
            }
            fs::write(&path, text).unwrap();
            let rejected = recheck(&OnlyGood, "table", &path).unwrap_err();
            assert_eq!(rejected.line, Some(bad));
        }
    }

    #[test]
    fn accepts_good_and_empty_and_refuses_what_is_no_text() {
        let holder = tempfile::tempdir().unwrap();
        let path = holder.path().join("table");
        for (bytes, good) in [(&b""[..], true), (b"good\n", true), (b"good", true), (b"good\n\xff\n", false)]
        {
            fs::write(&path, bytes).unwrap();
            assert_eq!(recheck(&OnlyGood, "table", &path).is_ok(), good, "{bytes:?}");
        }
        assert!(recheck(&OnlyGood, "table", &holder.path().join("missing")).is_err());
    }
}
