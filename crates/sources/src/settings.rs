//! What the operator says of each source of a policy list: what makes it believable, where it is, what it may do.
//!
//! Values that are valid by construction, each kind of trust carrying what it needs. The program reads them from its
//! settings file (`starttls/src/settings/lists.rs`); fetching and accepting, which they govern, know no TOML.

mod name;
mod repository;
mod span;
mod url;

use std::path::PathBuf;
use std::time::Duration;

use starttls_policy::merge::Scope;

pub use name::{MAX_SOURCE_NAME_CHARS, SourceName, SourceNameError};
pub use repository::{
    InnerPath, MAX_REF_CHARS, PathError, Repository, RepositoryError, TagChoice, TagName, TagNameError,
};
pub use span::{Span, SpanError};
pub use url::{HttpsUrl, MAX_URL_CHARS, UrlError};

/// Most mirrors of one list: all are tried in one run of `update`.
pub const MAX_MIRRORS: usize = 16;

/// How long before its end a list counts as ageing if the operator says nothing: a week.
pub const WARN_BEFORE: Duration = Duration::from_hours(7 * 24);

/// One source of a policy list; later ones are overlays on earlier ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceSettings {
    /// What it is called; also its directory in the state directory.
    pub name: SourceName,
    /// What makes its list believable, and where the list is.
    pub trust: Trust,
    /// What its list may say.
    pub scope: Scope,
    /// How long before its end a list counts as ageing, which warns and tries mirrors.
    pub warn_before: Span,
    /// What to do with a list that has ended.
    pub ended: Ended,
}

/// What makes a list believable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trust {
    /// Signatures of several organisations, with proofs from a witnessed log.
    Witnessed(Witnessed),
    /// One OpenPGP certificate.
    OpenPgp(OpenPgp),
    /// A git tag that one OpenPGP certificate signed.
    GitTag(GitTag),
    /// Nothing: a local file; every output says so.
    Unsigned(Unsigned),
}

impl Trust {
    /// Tells whether all that is read lies on this machine, so that fetching it waits for nobody.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Witnessed(witnessed) => matches!(witnessed.place, Place::Directory(_)),
            Self::OpenPgp(openpgp) => matches!(openpgp.copies, Copies::File(_)),
            Self::GitTag(_) => false,
            Self::Unsigned(_) => true,
        }
    }
}

/// A list that several organisations sign, with its proof bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Witnessed {
    /// The file with the root document from which the chain of later ones starts.
    pub root: PathBuf,
    /// Where list and proofs are published.
    pub place: Place,
    /// Whether short-lived orders that weaken single entries count.
    pub relax_orders: RelaxOrders,
}

/// A published directory of list and proofs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// Mirrors, each the address of the directory with a `/` at its end; 1 to [`MAX_MIRRORS`], no two alike.
    Urls(Vec<HttpsUrl>),
    /// A directory that another system fills.
    Directory(PathBuf),
}

/// Whether relax orders of a witnessed list count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RelaxOrders {
    /// They count until they end.
    #[default]
    Accept,
    /// They are ignored.
    Refuse,
}

/// A list signed by one OpenPGP certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenPgp {
    /// The file with the certificate.
    pub certificate: PathBuf,
    /// Where the signed list is.
    pub copies: Copies,
}

/// Where copies of a signed list are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Copies {
    /// Mirrors; 1 to [`MAX_MIRRORS`], no two alike.
    Urls(Vec<SignedCopy<HttpsUrl>>),
    /// A file that another system fills.
    File(SignedCopy<PathBuf>),
}

/// One copy of a signed list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignedCopy<T> {
    /// List and signature in one text (RFC 9580 §7).
    Clearsigned(T),
    /// The list, and its signature beside it (RFC 9580 §10.4).
    Detached {
        /// The list's own bytes.
        list: T,
        /// The signature over them.
        signature: T,
    },
}

/// A list in a git repository, taken from a signed tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GitTag {
    /// The file with the certificate that signs tags.
    pub certificate: PathBuf,
    /// The repository.
    pub repository: Repository,
    /// Which tag.
    pub tag: TagChoice,
    /// The list inside the tagged tree.
    pub path: InnerPath,
}

/// A local file that nobody signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unsigned {
    /// The list.
    pub file: PathBuf,
}

/// What to do with a list that has ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ended {
    /// It is refused.
    #[default]
    Refused,
    /// It is used all the same, by the operator's word; never for a witnessed list.
    Accepted,
}

impl SourceSettings {
    /// A source with the defaults for everything else.
    pub fn new(name: SourceName, trust: Trust) -> Self {
        Self {
            name,
            trust,
            scope: Scope::default(),
            warn_before: Span::new(WARN_BEFORE),
            ended: Ended::default(),
        }
    }
}

impl Trust {
    /// The word used in settings and output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Witnessed(_) => "witnessed",
            Self::OpenPgp(_) => "openpgp",
            Self::GitTag(_) => "git-tag",
            Self::Unsigned(_) => "unsigned",
        }
    }

    /// The file that the operator pins: the root document or the certificate; none for an unsigned list.
    pub fn anchor(&self) -> Option<&std::path::Path> {
        match self {
            Self::Witnessed(witnessed) => Some(&witnessed.root),
            Self::OpenPgp(openpgp) => Some(&openpgp.certificate),
            Self::GitTag(tag) => Some(&tag.certificate),
            Self::Unsigned(_) => None,
        }
    }
}

impl RelaxOrders {
    /// The word used in settings and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
        }
    }
}
