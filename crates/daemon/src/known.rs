//! What is known before the network is asked: the operator's overrides and the policy lists in force.

use starttls_policy::Domain;
use starttls_policy::decide::Choices;
use starttls_policy::decide::overrides::Override;
use starttls_policy::merge::MergedEntry;

/// Lists and overrides, as they stand at the moment of the call; the program that wires us keeps them up to date.
pub trait Known: Send + Sync + 'static {
    /// Shows what is known of a domain.
    ///
    /// # Errors
    /// [`KnownError`] where it cannot be told: that must never read as "not listed".
    fn show(
        &self,
        domain: &Domain,
        see: &mut dyn FnMut(Option<&Override>, Option<&MergedEntry<'_>>),
    ) -> Result<(), KnownError>;

    /// The operator's general choices.
    fn choices(&self) -> Choices;

    /// A number that is another one whenever any answer may be another one.
    fn generation(&self) -> u64;

    /// Lists, each with its standing, for people.
    fn sources(&self) -> Vec<KnownSource>;
}

/// One list, for people.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct KnownSource {
    /// Its name in the settings.
    pub name: String,
    /// `fresh`, `ageing`, `ended`, `suspicious`, `absent`.
    pub state: &'static str,
    /// Its serial.
    pub serial: Option<u64>,
    /// How many domains it lists.
    pub domains: Option<u64>,
    /// Its end, RFC 3339.
    pub until: Option<String>,
}

/// A list cannot be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{words}")]
pub struct KnownError {
    /// Which one, and what is wrong with it.
    pub words: String,
}
