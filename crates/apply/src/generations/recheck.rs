//! Reading a written file back with our own grammar of the server's format, a block of lines at a time.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use starttls_mta::Mta;

use super::Rejected;

/// How much text is checked at once; a table of any length needs no more memory than this.
const BLOCK_BYTES: u64 = 4 * 1024 * 1024;

/// Checks every line of a file with the server's own re-parser, for use in [`super::Draft::check`].
///
/// A file of up to [`BLOCK_BYTES`] is checked as one text. A longer one is checked in blocks of whole lines; each gets
/// the comments that open the file, and the last line of the block before, so that what is told by neighbours (a
/// header, the order of keys) still is.
///
/// # Errors
/// [`Rejected`] names the first line that the closed grammar does not know.
pub fn recheck(mta: &dyn Mta, file: &str, path: &Path) -> Result<(), Rejected> {
    recheck_in_blocks(mta, file, path, BLOCK_BYTES)
}

fn recheck_in_blocks(mta: &dyn Mta, file: &str, path: &Path, block_bytes: u64) -> Result<(), Rejected> {
    let rejected = |line, reason| Rejected { file: file.to_owned(), line, reason };
    let unreadable = |error: io::Error| rejected(None, format!("cannot be read back: {error}"));
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let (mut header, mut carried, mut lines_before) = (None, String::new(), 0);
    loop {
        let block = read_block(&mut reader, block_bytes).map_err(unreadable)?;
        if block.is_empty() && lines_before > 0 {
            return Ok(());
        }
        let block = String::from_utf8(block)
            .map_err(|error| rejected(Some(lines_before + 1), format!("is not UTF-8: {error}")))?;
        let before = format!("{}{carried}", header.as_deref().unwrap_or_default());
        // What was checked already stands in front, and does not count again.
        let offset = lines_before.saturating_sub(lines_in(&before));
        mta.check(file, &format!("{before}{block}")).map_err(|(line, reason)| {
            rejected(Some(offset.saturating_add(line.try_into().unwrap_or(u64::MAX))), reason)
        })?;
        lines_before += lines_in(&block).max(1);
        header.get_or_insert_with(|| {
            block.split_inclusive('\n').take_while(|line| line.starts_with('#')).collect::<String>()
        });
        block.split_inclusive('\n').next_back().unwrap_or_default().clone_into(&mut carried);
    }
}

/// The next lines, up to the limit and the end of the line that it falls into; empty at the end of the file.
fn read_block(reader: &mut impl io::BufRead, block_bytes: u64) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    reader.by_ref().take(block_bytes).read_to_end(&mut block)?;
    if block.last().is_some_and(|byte| *byte != b'\n') {
        reader.by_ref().take(block_bytes).read_until(b'\n', &mut block)?;
    }
    Ok(block)
}

fn lines_in(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

#[cfg(test)]
mod reading_back {
    use std::fs;

    use starttls_mta::postfix::{Postfix, TABLE};

    use super::*;

    /// A table as the renderer writes it, with one line replaced.
    fn table(lines: usize, replaced: usize, by: &str) -> String {
        let header = "# TLS policy per recipient domain (smtp_tls_policy_maps), written by starttls.\n\
                      # Not to be edited: the next generation replaces this file.\n";
        let lines = (3..=lines)
            .map(|number| if number == replaced { by.to_owned() } else { format!("d{number:04}.test may") });
        lines.fold(header.to_owned(), |text, line| text + &line + "\n")
    }

    fn recheck_small_blocks(text: &[u8]) -> Result<(), Rejected> {
        let holder = starttls_testkit::world::directory().unwrap();
        let path = holder.path().join(TABLE);
        fs::write(&path, text).unwrap();
        recheck_in_blocks(&Postfix, TABLE, &path, 200)
    }

    #[test]
    fn counts_lines_through_blocks() {
        assert_eq!(recheck_small_blocks(table(60, 0, "").as_bytes()), Ok(()));
        for bad in 3..=60 {
            let rejected = recheck_small_blocks(table(60, bad, "x.test maybe").as_bytes()).unwrap_err();
            assert_eq!(rejected.line, Some(bad as u64));
        }
    }

    #[test]
    fn finds_a_domain_twice_across_a_block_end() {
        for twice in 4..=60 {
            let again = format!("d{:04}.test encrypt", twice - 1);
            let rejected = recheck_small_blocks(table(60, twice, &again).as_bytes()).unwrap_err();
            assert_eq!(rejected.line, Some(twice as u64));
        }
    }

    #[test]
    fn refuses_what_is_cut_off_or_no_text() {
        let text = table(60, 0, "");
        for bytes in
            [&b""[..], &text.as_bytes()[..500], &text.as_bytes()[2..], &[text.as_bytes(), b"\xff\n"].concat()]
        {
            assert!(recheck_small_blocks(bytes).is_err(), "{}", bytes.len());
        }
        assert!(recheck(&Postfix, TABLE, Path::new("/nonexistent")).is_err());
    }
}
