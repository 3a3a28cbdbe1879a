//! `starttls list convert`: a list in another version of the format.
//!
//! Exit: 0 converted, 1 could not read or write, or the version cannot say what the list says.

use std::fmt;
use std::io::Write;

use starttls_policy::write;

use crate::exit::Exit;
use crate::lists;

/// Write a list in another version of the format.
///
/// Reads any dialect. Version 1 comes out in its canonical form: the same list always gives the same bytes. Comments
/// are not kept. Version 0.1 is refused if the list says anything that it cannot say.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list convert --to 1 policy-2020.json > list.json")]
pub(crate) struct Args {
    /// The version to write.
    #[arg(long, value_name = "VERSION")]
    to: Version,

    /// The list; `-` reads stdin.
    file: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Version {
    /// Our own, in canonical form.
    #[value(name = "1")]
    One,
    /// EFF's, of 2018 to 2020.
    #[value(name = "0.1")]
    Eff,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let list = lists::load(&self.file)?;
        let mut out = Stdout::default();
        let written = match self.to {
            Version::One => write::one(&list, &mut out).map(|()| Vec::new()),
            Version::Eff => write::eff(&list, &mut out),
        };
        out.finish()?;
        for loss in written? {
            anstream::eprintln!(
                "note: version 0.1 has no place for {} ({} times)",
                loss.feature.words(),
                loss.count
            );
        }
        Ok(Exit::Done)
    }
}

/// Standard output for text that is formatted; keeps the error that `fmt` cannot carry.
struct Stdout {
    out: std::io::BufWriter<std::io::StdoutLock<'static>>,
    failed: Option<std::io::Error>,
}

impl Default for Stdout {
    fn default() -> Self {
        Self { out: std::io::BufWriter::new(std::io::stdout().lock()), failed: None }
    }
}

impl Stdout {
    fn finish(mut self) -> std::io::Result<()> {
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

impl fmt::Write for Stdout {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.write_all(text.as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}
