//! What is wrong with a list, and where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::domain::Domain;
use crate::list::Dialect;
use crate::mx::MxPatternError;
use crate::name::{NameError, printable};
use crate::pin::PinError;
use crate::report_to::ReportToError;
use crate::timestamp::TimeError;

/// A list that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{fault}")]
pub struct ReadError {
    /// What is wrong.
    pub fault: Fault,
    /// Which part of the document.
    pub path: Path,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The offending line.
    pub excerpt: Excerpt,
}

/// A line of the list, cut to what fits a terminal, what cannot be seen escaped.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// Characters in front of the offending one.
    pub caret: usize,
}

/// Where in the document: `$.policies["example.org"].mx[0]`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Path(pub Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// An object's member.
    Member(String),
    /// The member whose name is this domain in whatever spelling; the last such one.
    Domain(Domain),
    /// An array's item, counted from 0.
    Item(usize),
}

/// What is wrong with a list.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The text is no JSON, or a value has the wrong type.
    #[error("{message}")]
    Json {
        /// What is wanted there, or how to put it right.
        message: String,
    },
    /// No text at all.
    #[error("the file is empty")]
    Empty,
    /// A byte that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A byte order mark of UTF-16.
    #[error("the text is UTF-16; save it as UTF-8")]
    Utf16,
    /// A comment without its end.
    #[error("the comment has no end; close it with `*/`")]
    OpenComment,
    /// No member tells the dialect.
    #[error(
        "this is no policy list: want `version` \"1\" or \"0.1\", or `tls-policies` and `acceptable-mxs`"
    )]
    NoDialect,
    /// A version that is not read.
    #[error("version `{got}` is not known; want `1` or `0.1`")]
    Version {
        /// As written.
        got: String,
    },
    /// A member that the dialect does not have.
    #[error(
        "the member `{name}` is not known in a list of version {dialect}; remove it, or begin its name with `x-` (version 1)"
    )]
    UnknownMember {
        /// Its name.
        name: String,
        /// The dialect.
        dialect: Dialect,
    },
    /// The same member twice.
    #[error("the member `{name}` stands twice in this object")]
    DuplicateMember {
        /// Its name.
        name: String,
    },
    /// The same domain twice, perhaps in two spellings.
    #[error("`{domain}` is listed twice")]
    DuplicateDomain {
        /// In A-labels.
        domain: Domain,
    },
    /// The same value twice in an array that is a set.
    #[error("`{value}` stands twice")]
    DuplicateValue {
        /// The value.
        value: String,
    },
    /// A member that must be there is not.
    #[error("the member `{name}` is missing")]
    MissingMember {
        /// Its name.
        name: &'static str,
    },
    /// A word that is none of those that are allowed.
    #[error("`{got}` is not allowed here; want {want}")]
    Word {
        /// As written.
        got: String,
        /// The words, in prose.
        want: &'static str,
    },
    /// A domain or host that is none.
    #[error("`{got}` is no domain: {cause}")]
    Domain {
        /// As written.
        got: String,
        /// Which rule it breaks.
        cause: NameError,
    },
    /// An MX pattern that is none.
    #[error("`{got}` is no MX pattern: {cause}")]
    Mx {
        /// As written.
        got: String,
        /// Which rule it breaks.
        cause: MxPatternError,
    },
    /// A star in a pattern of version 0.1.
    #[error("version 0.1 has no `*`; write `{instead}`, which covers hosts at any depth below")]
    NoStar {
        /// The pattern that 0.1 has for it.
        instead: String,
    },
    /// A pin, a key or a label that is none.
    #[error("`{got}`: {cause}")]
    Pin {
        /// As written, cut short.
        got: String,
        /// Which rule it breaks.
        cause: PinError,
    },
    /// A time that is none.
    #[error("`{got}`: {cause}")]
    Time {
        /// As written.
        got: String,
        /// Which rule it breaks.
        cause: TimeError,
    },
    /// A report address that is none.
    #[error("`{got}`: {cause}")]
    ReportTo {
        /// As written.
        got: String,
        /// Which rule it breaks.
        cause: ReportToError,
    },
    /// No MX pattern where the mode needs one.
    #[error("a policy of mode `enforce` or `testing` needs at least one MX pattern")]
    NoMx,
    /// More MX patterns than allowed.
    #[error("more than {} MX patterns; use one that begins with `*.` or `.`", super::MAX_MX_PATTERNS)]
    TooManyMx,
    /// More pins than allowed.
    #[error(
        "more than {} pins in one set; name the authorities that are in use and one in reserve",
        super::MAX_PINS
    )]
    TooManyPins,
    /// More report addresses than allowed.
    #[error("more than {} addresses to report to", super::MAX_REPORT_TO)]
    TooManyReportTo,
    /// An entry that refers to a shared policy and says something itself.
    #[error(
        "an entry that refers to `{alias}` takes its whole policy from there; remove `{member}` or the reference"
    )]
    MixedTerms {
        /// The shared policy.
        alias: String,
        /// What the entry says itself.
        member: &'static str,
    },
    /// A shared policy that is not defined.
    #[error("`{name}` is not defined under `{under}`")]
    UndefinedAlias {
        /// Its name.
        name: String,
        /// Where it should be.
        under: &'static str,
    },
    /// A shared policy that refers to a shared policy: the way to a loop.
    #[error("a shared policy cannot refer to another one (`{name}`): that is how loops come about")]
    AliasOfAlias {
        /// The name referred to.
        name: String,
    },
    /// A pinset that is not defined.
    #[error("the pinset `{name}` is not defined under `pinsets`")]
    UndefinedPinset {
        /// Its name.
        name: String,
    },
    /// A pinset with fewer than two pins.
    #[error("a pinset needs a backup: at least two different pins, this one has {pins}")]
    NoBackupPin {
        /// Usable pins found.
        pins: usize,
    },
    /// The end lies before the beginning.
    #[error("`expires` is not later than `timestamp`")]
    EndsBeforeItBegins,
    /// A name that could steer a terminal or look like another, or too long a text.
    #[error(
        "want 1 to {max} characters, none of them a control character, invisible or one that turns the direction"
    )]
    Text {
        /// The limit.
        max: usize,
    },
    /// An mx-domain below another (2014).
    #[error(
        "the mx-domain `{inner}` lies below the mx-domain `{outer}`; which of them counts for a host would be unclear"
    )]
    NestedMxDomain {
        /// The lower one.
        inner: String,
        /// The upper one.
        outer: String,
    },
    /// An accept-mx without its mx-domain (2014).
    #[error("`{name}` has no entry of exactly this name under `tls-policies`")]
    AcceptMxWithoutEntry {
        /// As written.
        name: String,
    },
}

/// A fault on its way up, before its place in the text is known.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    pub(super) path: Path,
    pub(super) at: At,
}

/// What of the path's last step the fault is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum At {
    Name,
    Value,
    /// Line and column as the JSON reader counts them: from 1, in bytes.
    Position(usize, usize),
}

impl Failure {
    pub(super) fn new(fault: Fault, at: At, path: impl Into<Vec<Step>>) -> Self {
        Self { fault, path: Path(path.into()), at }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Domain(domain) => write!(f, "[\"{domain}\"]")?,
                Step::Member(name) if is_plain(name) => write!(f, ".{name}")?,
                Step::Member(name) => write!(f, "[\"{}\"]", shortened(name))?,
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Text of a stranger, fit to stand in a message: printable and at most 80 characters.
pub(super) fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = printable(&chars.by_ref().take(80).collect::<String>());
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
