//! `[[list]]`: the sources of policy lists, in order; typed as `starttls-sources` wants them.

use std::path::{Path, PathBuf};

use starttls_policy::Mode;
use starttls_policy::merge::{DomainPattern, Relaxing, Scope};
use starttls_sources::settings::{
    Copies, Ended, GitTag, HttpsUrl, InnerPath, MAX_MIRRORS, OpenPgp, Place as Published, RelaxOrders,
    Repository, SignedCopy, SourceName, SourceSettings, Span, TagChoice, TagName, Trust, Unsigned,
    WARN_BEFORE, Witnessed,
};

use super::problem::Place;
use super::role::{Sourced, role};
use super::table::TableReader;
use super::value::{Word, word};

role! {
    /// One source of a policy list. The first is the base, each later one an overlay that may tighten what stands
    /// before it. Which keys belong to it depends on `trust`.
    pub(crate) struct ListTable in "list" {
        /// What it is called: up to 32 of `a-z 0-9 -`. A directory in the state directory is named after it.
        "name" => name: Option<SourceName> = None,
        /// What makes the list believable: `witnessed` (several organisations and a public log), `openpgp` (one
        /// certificate), `git-tag` (a tag signed by one certificate) or `unsigned` (a local file; every output says so).
        "trust" => trust: Option<TrustWord> = None,
        /// For `witnessed`: the file with the root document that says which organisations count.
        "root" => root: Option<PathBuf> = None,
        /// For `openpgp` and `git-tag`: the file with the one certificate that counts.
        "certificate" => certificate: Option<PathBuf> = None,
        /// For `witnessed`: the addresses of the published directory; for `openpgp`: of the list. `https:` alone; several are
        /// mirrors, tried in random order.
        "urls" => urls: Option<Vec<HttpsUrl>> = None,
        /// For `witnessed`, instead of `urls`: a directory that another system fills.
        "directory" => directory: Option<PathBuf> = None,
        /// For `unsigned`, and for `openpgp` instead of `urls`: the file with the list.
        "file" => file: Option<PathBuf> = None,
        /// For `openpgp`: `detached` (a signature beside the list) or `clearsigned` (both in one text).
        "signature" => signature: SignatureForm = SignatureForm::Detached,
        /// For `openpgp`, detached: the addresses of the signatures, in the order of `urls`; without it `.asc` is added
        /// to each of these.
        "signature-urls" => signature_urls: Option<Vec<HttpsUrl>> = None,
        /// For `openpgp`, detached, with `file`: the file with the signature; without it `.asc` is added to the name.
        "signature-file" => signature_file: Option<PathBuf> = None,
        /// For `git-tag`: the repository: `https://…`, `ssh://…` or the absolute path of a directory.
        "repository" => repository: Option<Repository> = None,
        /// For `git-tag`: the one tag to take.
        "tag" => tag: Option<TagName> = None,
        /// For `git-tag`, instead of `tag`: take the newest tag whose name begins so.
        "tag-prefix" => tag_prefix: Option<TagName> = None,
        /// For `git-tag`: the list inside the repository.
        "path" => path: Option<InnerPath> = None,
        /// For `witnessed`: whether short-lived orders that weaken single entries count: `accept` or `refuse`.
        "relax-orders" => relax_orders: RelaxOrders = RelaxOrders::Accept,
        /// The strictest mode that entries of it count as: `testing` enforces nothing of it.
        "max-mode" => max_mode: Option<Mode> = None,
        /// The domains it speaks for: `example.org` for itself, `*.example.org` or `*.org` for all below; without it all.
        "only" => only: Option<Vec<DomainPattern>> = None,
        /// Whether it may weaken what an earlier list says.
        "may-relax" => may_relax: bool = false,
        /// How long before its end the list counts as ageing, which warns: as in `36h`, `7d` or `2w`.
        "warn-before" => warn_before: Span = Span::new(WARN_BEFORE),
        /// Whether a list that has ended is used all the same; never for `witnessed`.
        "allow-expired" => allow_expired: bool = false,
    }
}

/// The word behind `trust`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TrustWord {
    Witnessed,
    OpenPgp,
    GitTag,
    Unsigned,
}

/// The word behind `signature`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignatureForm {
    Detached,
    Clearsigned,
}

word!(
    TrustWord,
    |text| match text {
        "witnessed" => Ok(Self::Witnessed),
        "openpgp" => Ok(Self::OpenPgp),
        "git-tag" => Ok(Self::GitTag),
        "unsigned" => Ok(Self::Unsigned),
        _ => Err("want `witnessed`, `openpgp`, `git-tag` or `unsigned`".into()),
    },
    |trust| trust.name().into()
);
word!(
    SignatureForm,
    |text| match text {
        "detached" => Ok(Self::Detached),
        "clearsigned" => Ok(Self::Clearsigned),
        _ => Err("want `detached` or `clearsigned`".into()),
    },
    |form| match form {
        SignatureForm::Detached => "detached".into(),
        SignatureForm::Clearsigned => "clearsigned".into(),
    }
);
word!(HttpsUrl, |text| Self::parse(text).map_err(|error| error.to_string()), ToString::to_string);
word!(Repository, |text| Self::parse(text).map_err(|error| error.to_string()), ToString::to_string);
word!(TagName, |text| Self::parse(text).map_err(|error| error.to_string()), |tag| tag.as_str().into());
word!(InnerPath, |text| Self::parse(text).map_err(|error| error.to_string()), |path| path.as_str().into());

impl TrustWord {
    const fn name(self) -> &'static str {
        match self {
            Self::Witnessed => "witnessed",
            Self::OpenPgp => "openpgp",
            Self::GitTag => "git-tag",
            Self::Unsigned => "unsigned",
        }
    }
}

/// The kinds of trust that a key belongs to; a key that is not here belongs to all.
const OF_TRUST: [(&str, &[TrustWord]); 14] = {
    use TrustWord::{GitTag, OpenPgp, Unsigned, Witnessed};
    [
        ("root", &[Witnessed]),
        ("certificate", &[OpenPgp, GitTag]),
        ("urls", &[Witnessed, OpenPgp]),
        ("directory", &[Witnessed]),
        ("file", &[OpenPgp, Unsigned]),
        ("signature", &[OpenPgp]),
        ("signature-urls", &[OpenPgp]),
        ("signature-file", &[OpenPgp]),
        ("repository", &[GitTag]),
        ("tag", &[GitTag]),
        ("tag-prefix", &[GitTag]),
        ("path", &[GitTag]),
        ("relax-orders", &[Witnessed]),
        ("allow-expired", &[OpenPgp, GitTag, Unsigned]),
    ]
};

/// Tells whether a key belongs to a kind of trust.
pub(crate) fn belongs(key: &str, trust: TrustWord) -> bool {
    OF_TRUST.iter().find(|(known, _)| *known == key).is_none_or(|(_, trusts)| trusts.contains(&trust))
}

impl ListTable {
    /// The source that the table describes; `None` if something is missing or does not fit, which `reader` then knows.
    pub(crate) fn source(&self, reader: &mut TableReader<'_, '_>) -> Option<SourceSettings> {
        use super::role::Role as _;
        let mut asking = Asking { reader, complete: true };
        let name = asking.need(&self.name, "name", "every list needs a name");
        let trust = asking.need(
            &self.trust,
            "trust",
            "say what makes the list believable: `witnessed`, `openpgp`, `git-tag` or `unsigned`",
        );
        let trust = trust?;
        for shown in self.shown() {
            if let super::role::From::File(place) = shown.from
                && !belongs(shown.key, trust)
            {
                let trusts =
                    OF_TRUST.iter().find(|(key, _)| *key == shown.key).map_or(&[][..], |(_, trusts)| trusts);
                let trusts: Vec<String> = trusts.iter().map(|trust| format!("`{}`", trust.name())).collect();
                let text =
                    format!("belongs to trust {}; this list has `{}`", trusts.join(" or "), trust.name());
                asking.complain(place, shown.key, &text);
            }
        }
        let trust = match trust {
            TrustWord::Witnessed => self.witnessed(&mut asking).map(Trust::Witnessed),
            TrustWord::OpenPgp => self.openpgp(&mut asking).map(Trust::OpenPgp),
            TrustWord::GitTag => self.git_tag(&mut asking).map(Trust::GitTag),
            TrustWord::Unsigned => asking
                .need(&self.file, "file", "an unsigned list is a local file; say which")
                .map(|file| Trust::Unsigned(Unsigned { file })),
        };
        if !asking.complete {
            return None;
        }
        let relaxing = if self.may_relax.value { Relaxing::Allowed } else { Relaxing::Refused };
        let only = self.only.value.clone().unwrap_or_default();
        Some(SourceSettings {
            scope: Scope { only, max_mode: self.max_mode.value, relaxing },
            warn_before: self.warn_before.value,
            ended: if self.allow_expired.value { Ended::Accepted } else { Ended::Refused },
            ..SourceSettings::new(name?, trust?)
        })
    }

    fn witnessed(&self, asking: &mut Asking<'_, '_, '_>) -> Option<Witnessed> {
        let root = asking.need(
            &self.root,
            "root",
            "a witnessed list needs the root document that says who may sign it",
        );
        let place = match (self.urls(asking), &self.directory.value) {
            (None, Some(directory)) => Some(Published::Directory(directory.clone())),
            (Some(urls), None) => {
                let directories: Result<Vec<_>, _> = urls.into_iter().map(HttpsUrl::as_directory).collect();
                match directories {
                    Ok(urls) => Some(Published::Urls(urls)),
                    Err(error) => asking.wrong(&self.urls, "urls", &error.to_string()),
                }
            }
            (Some(_), Some(_)) => {
                asking.wrong(&self.directory, "directory", "`urls` and `directory` exclude each other")
            }
            (None, None) if self.urls.place().or(self.directory.place()).is_some() => None,
            (None, None) => asking.missing("urls", "say where the list is published: `urls` or `directory`"),
        };
        Some(Witnessed { root: root?, place: place?, relax_orders: self.relax_orders.value })
    }

    fn openpgp(&self, asking: &mut Asking<'_, '_, '_>) -> Option<OpenPgp> {
        let certificate =
            asking.need(&self.certificate, "certificate", "say which certificate must have signed the list");
        let clearsigned = self.signature.value == SignatureForm::Clearsigned;
        if clearsigned && self.signature_urls.place().is_some() {
            asking.wrong::<_, ()>(
                &self.signature_urls,
                "signature-urls",
                "a clearsigned list carries its signature",
            );
        }
        if clearsigned && self.signature_file.place().is_some() {
            asking.wrong::<_, ()>(
                &self.signature_file,
                "signature-file",
                "a clearsigned list carries its signature",
            );
        }
        let copies = match (self.urls(asking), &self.file.value) {
            (Some(urls), None) => {
                if self.signature_file.place().is_some() {
                    asking.wrong::<_, ()>(
                        &self.signature_file,
                        "signature-file",
                        "goes with `file`; with `urls` it is `signature-urls`",
                    );
                }
                self.signed_urls(urls, asking).map(Copies::Urls)
            }
            (None, Some(file)) => {
                if self.signature_urls.place().is_some() {
                    asking.wrong::<_, ()>(
                        &self.signature_urls,
                        "signature-urls",
                        "goes with `urls`; with `file` it is `signature-file`",
                    );
                }
                Some(Copies::File(self.signed_file(file)))
            }
            (Some(_), Some(_)) => asking.wrong(&self.file, "file", "`urls` and `file` exclude each other"),
            (None, None) if self.urls.place().or(self.file.place()).is_some() => None,
            (None, None) => asking.missing("urls", "say where the list is: `urls` or `file`"),
        };
        Some(OpenPgp { certificate: certificate?, copies: copies? })
    }

    fn signed_file(&self, file: &Path) -> SignedCopy<PathBuf> {
        let with_asc = || {
            let mut name = file.as_os_str().to_owned();
            name.push(".asc");
            name.into()
        };
        match self.signature.value {
            SignatureForm::Clearsigned => SignedCopy::Clearsigned(file.to_owned()),
            SignatureForm::Detached => SignedCopy::Detached {
                list: file.to_owned(),
                signature: self.signature_file.value.clone().unwrap_or_else(with_asc),
            },
        }
    }

    fn signed_urls(
        &self,
        urls: Vec<HttpsUrl>,
        asking: &mut Asking<'_, '_, '_>,
    ) -> Option<Vec<SignedCopy<HttpsUrl>>> {
        if self.signature.value == SignatureForm::Clearsigned {
            return Some(urls.into_iter().map(SignedCopy::Clearsigned).collect());
        }
        let signatures = match &self.signature_urls.value {
            None => urls.iter().map(HttpsUrl::with_asc).collect(),
            Some(signatures) if signatures.len() == urls.len() => signatures.clone(),
            Some(_) => {
                return asking.wrong(
                    &self.signature_urls,
                    "signature-urls",
                    "want one for each of `urls`, in their order",
                );
            }
        };
        let both = urls.into_iter().zip(signatures);
        Some(both.map(|(list, signature)| SignedCopy::Detached { list, signature }).collect())
    }

    fn git_tag(&self, asking: &mut Asking<'_, '_, '_>) -> Option<GitTag> {
        let certificate =
            asking.need(&self.certificate, "certificate", "say which certificate must have signed the tag");
        let repository = asking.need(&self.repository, "repository", "say where the repository is");
        let path = asking.need(&self.path, "path", "say where the list is inside the repository");
        let tag = match (&self.tag.value, &self.tag_prefix.value) {
            (Some(tag), None) => Some(TagChoice::Named(tag.clone())),
            (None, Some(prefix)) => Some(TagChoice::NewestWithPrefix(prefix.clone())),
            (Some(_), Some(_)) => {
                asking.wrong(&self.tag_prefix, "tag-prefix", "`tag` and `tag-prefix` exclude each other")
            }
            (None, None) if self.tag.place().or(self.tag_prefix.place()).is_some() => None,
            (None, None) => {
                asking.missing("tag", "say which tag: `tag` for one, `tag-prefix` for the newest of several")
            }
        };
        Some(GitTag { certificate: certificate?, repository: repository?, tag: tag?, path: path? })
    }

    /// The mirrors, if there are any and no two are alike.
    fn urls(&self, asking: &mut Asking<'_, '_, '_>) -> Option<Vec<HttpsUrl>> {
        let urls = self.urls.value.clone()?;
        let is_repeated =
            urls.iter().enumerate().any(|(at, url)| urls.iter().skip(at + 1).any(|other| other == url));
        match urls.len() {
            0 => asking.wrong(&self.urls, "urls", "want at least one address"),
            MAX_MIRRORS.. if urls.len() > MAX_MIRRORS => {
                asking.wrong(&self.urls, "urls", &format!("want at most {MAX_MIRRORS} mirrors"))
            }
            _ if is_repeated => asking.wrong(&self.urls, "urls", "an address stands there twice"),
            _ => Some(urls),
        }
    }
}

/// Asks for keys of one list, and remembers whether all were right.
struct Asking<'r, 'a, 'd> {
    reader: &'r mut TableReader<'a, 'd>,
    complete: bool,
}

impl Asking<'_, '_, '_> {
    fn need<T: Clone>(&mut self, key: &Sourced<Option<T>>, name: &str, why: &str) -> Option<T> {
        if key.value.is_none() && key.place().is_none() {
            return self.missing(name, why);
        }
        // What is there and wrong has been complained of.
        self.complete &= key.value.is_some();
        key.value.clone()
    }

    fn missing<U>(&mut self, name: &str, why: &str) -> Option<U> {
        self.complain(self.reader.place, name, &format!("is missing: {why}"));
        None
    }

    fn wrong<T, U>(&mut self, key: &Sourced<T>, name: &str, text: &str) -> Option<U> {
        self.complain(key.place().unwrap_or(self.reader.place), name, text);
        None
    }

    fn complain(&mut self, place: Place, name: &str, text: &str) {
        self.complete = false;
        self.reader.complain(place, name, text);
    }
}
