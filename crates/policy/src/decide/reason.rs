//! Why a decision is as it is: facts in the order in which they were weighed.

/// One fact that bore on a decision.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason<'a> {
    /// No list names the domain.
    NotListed,
    /// placeholder until the decision is written
    Listed(&'a str),
}
