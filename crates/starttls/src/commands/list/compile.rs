//! `starttls list compile`: a list as one file that is looked up without being read.
//!
//! Exit: 0 compiled, 1 could not read the list or write the file.

use std::io::{self, Seek as _, Write as _};
use std::ops::{ControlFlow, Deref};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use starttls_host::Replacement;
use starttls_policy::index::{self, BuildError, Builder, HEADER_BYTES, Output};
use starttls_policy::read::{self, MAX_LIST_BYTES, Streamed};
use starttls_policy::{Head, printable};
use starttls_sources::map::{Map, Reading};

use crate::compiled;
use crate::exit::Exit;
use crate::lists::{self, LoadError};
use crate::output::{self, Format, Progress, counted, grouped};

/// Compile a policy list: one file that is looked up without being read.
///
/// `--list` takes the compiled file wherever it takes a list, and answers for a domain in a few milliseconds however many
/// there are. Evidence and `x-` members are left out. The same list always gives the same bytes; the file is replaced at
/// once, so it may be compiled anew while it is in use. The list must not be changed meanwhile. A list of version 1 in
/// canonical form (`starttls list convert --to 1`) needs the least memory.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list compile list.json --output list.index\n  starttls query example.org --list list.index"
)]
pub(crate) struct Args {
    /// The list; `-` reads stdin.
    file: String,

    /// The file to write; one that is there is replaced if it is a compiled list.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// What came out.
struct Compiled {
    domains: u64,
    bytes: u64,
    head: Head,
    list_sha256: [u8; 32],
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let list = open(&self.file)?;
        let size = list.len() as u64;
        if size > MAX_LIST_BYTES {
            return Err(LoadError::TooLarge { file: self.file }.into());
        }
        if index::is_index(&list) {
            return Err(LoadError::Compiled { file: self.file }.into());
        }
        if self.output.is_file() && !compiled::is_compiled(&self.output.to_string_lossy()) {
            let shown = printable(&self.output.display().to_string());
            anyhow::bail!("{shown} is there and is no compiled list; remove it, or name another file");
        }
        let progress = Progress::over_bytes(
            format!("compiling {} ({} MB)", printable(&self.file), size / 1_000_000),
            size,
        );
        let compiled = compile(&self.file, &list, &self.output)?;
        drop(progress);
        match format {
            Format::Text => print(&self.output, &compiled)?,
            Format::Json => output::print_json(&json!({
                "domains": compiled.domains,
                "bytes": compiled.bytes,
                "serial": compiled.head.serial,
                "expires": compiled.head.expires.map(|end| end.to_string()),
                "list_sha256": base16ct::lower::encode_string(&compiled.list_sha256),
            }))?,
        }
        Ok(Exit::Done)
    }
}

fn print(path: &Path, compiled: &Compiled) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let end = compiled.head.expires.map_or_else(|| "has no end".into(), |end| format!("ends {end}"));
    writeln!(
        out,
        "{}: {} in {} bytes; serial {}, {end}",
        printable(&path.display().to_string()),
        counted(compiled.domains, "domain", "domains"),
        grouped(compiled.bytes),
        compiled.head.serial,
    )
}

/// The bytes of a list.
enum Bytes {
    Mapped(Map),
    Read(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

/// Maps a regular file, reads anything else.
fn open(file: &str) -> Result<Bytes, LoadError> {
    if Path::new(file).metadata().is_ok_and(|metadata| metadata.is_file()) {
        let map = Map::open(Path::new(file), Reading::Through);
        return map.map(Bytes::Mapped).map_err(|cause| LoadError::Unreadable { file: file.into(), cause });
    }
    lists::load_bytes(file).map(Bytes::Read)
}

/// How many seeds are tried; by chance not even a second one is ever needed.
const SEEDS: usize = 4;

fn compile(file: &str, list: &[u8], path: &Path) -> anyhow::Result<Compiled> {
    let list_sha256: [u8; 32] = Sha256::digest(list).into();
    // The hash of the whole list cannot be foreseen by those who choose some of its names.
    let seeds = list_sha256.as_chunks::<8>().0.iter().take(SEEDS).map(|bytes| u64::from_le_bytes(*bytes));
    for seed in seeds {
        if let Some(compiled) = attempt(file, list, list_sha256, seed, path)? {
            return Ok(compiled);
        }
    }
    anyhow::bail!("too many names of {} fall into one place of the index, under any seed", printable(file))
}

/// Compiles with one seed; `None` if too many names fall into one place.
fn attempt(
    file: &str,
    list: &[u8],
    list_sha256: [u8; 32],
    seed: u64,
    path: &Path,
) -> anyhow::Result<Option<Compiled>> {
    let malformed = |error| LoadError::Malformed { file: file.into(), error: Box::new(error) };
    let unwritten = || format!("cannot write {}", printable(&path.display().to_string()));
    let begin = || {
        let draft = Replacement::begin_unlocked(path).map(Draft);
        draft.and_then(|draft| Builder::new(seed, draft).map_err(io_error)).with_context(unwritten)
    };
    let mut builder = begin()?;
    let mut stopped_by = None;
    let streamed = read::each(list, &mut |listed| match builder.add(listed) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            stopped_by = Some(error);
            ControlFlow::Break(())
        }
    });
    let head = match (streamed.map_err(malformed)?, stopped_by) {
        (_, Some(error)) => return Err(io_error(error)).with_context(unwritten),
        (Streamed::Whole(head), None) => head,
        (Streamed::NotInOrder | Streamed::Stopped, None) => {
            let list = read::list(list).map_err(malformed)?;
            builder = begin()?;
            list.iter()
                .try_for_each(|listed| builder.add(&listed))
                .map_err(io_error)
                .with_context(unwritten)?;
            list.head
        }
    };
    let domains = builder.len();
    match builder.finish(&head, list_sha256) {
        Err(BuildError::Collisions { .. }) => Ok(None),
        Err(error) => Err(io_error(error)).with_context(unwritten),
        Ok((draft, header)) => {
            let bytes = draft.publish(&header).with_context(unwritten)?;
            Ok(Some(Compiled { domains, bytes, head, list_sha256 }))
        }
    }
}

/// The output's own error, or what else stands against an index.
fn io_error(error: BuildError<io::Error>) -> io::Error {
    match error {
        BuildError::Output(cause) => cause,
        other => io::Error::other(other),
    }
}

/// The compiled list that is being written.
struct Draft(Replacement);

impl Draft {
    /// Writes the header, flushes all to disk, and puts it in place; gives the number of bytes.
    fn publish(mut self, header: &[u8; HEADER_BYTES]) -> io::Result<u64> {
        let file = self.0.file();
        file.rewind()?;
        file.write_all(header)?;
        let bytes = file.metadata()?.len();
        self.0.commit(0o644)?;
        Ok(bytes)
    }
}

impl Output for Draft {
    type Error = io::Error;

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
