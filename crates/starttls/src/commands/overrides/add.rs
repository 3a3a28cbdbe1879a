//! `starttls override add`: from now on this holds for a domain, until a date and for a reason.
//!
//! Exit: 0 added, 1 could not, 2 usage.

use std::io::Write as _;

use owo_colors::OwoColorize;
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::{Domain, Mode, MxPattern, Policy, Requirement, Timestamp, TlsVersion};
use starttls_sources::overrides::{self, Act, FileError, MAX_PATTERNS, ReasonText, Record, parse_until};

use super::{COUNTS, actor};
use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// Override everything for one domain, until a date and for a reason.
///
/// It wins over DANE, MTA-STS and all lists, and ends by itself; a second one for the same domain replaces the first.
/// Who added it, when and why is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  starttls override add example.org relax --until 14d --reason 'certificate expired, ticket 7'
  starttls override add example.org testing --until 2026-12-31 --reason 'new provider'
  starttls override add partner.example require --mx .mail.partner.example --until 400d --reason 'contract'")]
pub(crate) struct Args {
    /// The recipient domain: what follows the `@`.
    domain: Domain,

    /// What holds instead.
    #[arg(value_enum)]
    ruling: RulingArg,

    /// When it ends: a day (`2026-12-31`, its end in UTC), a time (`2026-12-31T18:00:00Z`) or a span (`36h`, `14d`); at
    /// most 400 days.
    #[arg(long, value_name = "DATE", value_parser = until)]
    until: Timestamp,

    /// Why, in one line of at most 500 characters.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: ReasonText,

    /// With `require`: a host that may receive, as `mx.example.org`, `*.example.org` or `.example.org`; may be repeated.
    #[arg(long, value_name = "PATTERN", required_if_eq("ruling", "require"))]
    mx: Vec<MxPattern>,

    /// With `require`: `certificate` (valid and for a host that may receive, the default) or `tls` (whatever certificate).
    #[arg(long, value_name = "WHAT", value_parser = requirement)]
    require: Option<Requirement>,

    /// With `require`: the oldest TLS version; your general minimum holds beside it.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    min_tls: Option<TlsVersion>,
}

/// What holds instead.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum RulingArg {
    /// Encrypt where possible, deliver in any case.
    Relax,
    /// Note what would be demanded, deliver in any case.
    Testing,
    /// Deliver only to the hosts of `--mx`, over TLS, whatever the domain publishes.
    Require,
}

fn until(text: &str) -> Result<Timestamp, String> {
    parse_until(text, clock::now()).map_err(|error| error.to_string())
}

fn reason(text: &str) -> Result<ReasonText, String> {
    ReasonText::parse(text).map_err(|error| error.to_string())
}

fn requirement(text: &str) -> Result<Requirement, String> {
    Requirement::from_name(text).ok_or_else(|| "want `certificate` or `tls`".into())
}

fn version(text: &str) -> Result<TlsVersion, String> {
    TlsVersion::from_name(text).ok_or_else(|| "want TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3".into())
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let ruling = match self.ruling() {
            Ok(ruling) => ruling,
            Err(text) => {
                anstream::eprintln!("{} {text}", "error:".red().bold());
                return Ok(Exit::Usage);
            }
        };
        let act = Act::Add { ruling, until: self.until, reason: self.reason };
        let record = Record { at: clock::now(), by: actor(), domain: self.domain, act };
        let before = overrides::append(settings.state_dir(), &record, |_| Ok::<(), FileError>(()))?;
        if format == Format::Json {
            output::print_json(&serde_json::from_str(&record.render())?)?;
            return Ok(Exit::Done);
        }
        let mut err = anstream::stderr().lock();
        let replaced = before.overrides();
        if let Some(old) = replaced.get(&record.domain).filter(|old| old.until > record.at) {
            writeln!(err, "{} it replaces `{}` until {}", "note:".bold(), old.ruling.name(), old.until)?;
        }
        writeln!(err, "{} {} until {}; {COUNTS}", "added:".green().bold(), record.domain, self.until)?;
        Ok(Exit::Done)
    }

    fn ruling(&self) -> Result<Ruling, String> {
        let is_detailed = !self.mx.is_empty() || self.require.is_some() || self.min_tls.is_some();
        match self.ruling {
            RulingArg::Relax | RulingArg::Testing if is_detailed => {
                Err("`--mx`, `--require` and `--min-tls` belong to `require` alone".into())
            }
            RulingArg::Relax => Ok(Ruling::Relax),
            RulingArg::Testing => Ok(Ruling::Testing),
            RulingArg::Require if self.mx.len() > MAX_PATTERNS => {
                Err(format!("more than {MAX_PATTERNS} patterns; `.example.org` covers all hosts below"))
            }
            RulingArg::Require => Ok(Ruling::Require(Policy {
                requirement: self.require.unwrap_or(Requirement::Certificate),
                min_tls: self.min_tls,
                ..Policy::new(Mode::Enforce, self.mx.clone())
            })),
        }
    }
}
