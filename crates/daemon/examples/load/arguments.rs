//! The command line.

use std::collections::{HashMap, VecDeque};
use std::str::FromStr;

use anyhow::{Context as _, Result};

/// Words, and values by name.
pub(crate) struct Arguments {
    words: VecDeque<String>,
    values: HashMap<String, String>,
    /// What follows `--`.
    pub(crate) command: Vec<String>,
}

impl Arguments {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut words, mut values) = (VecDeque::new(), HashMap::new());
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some("") => break,
                Some(name) => {
                    let value = arguments.next().with_context(|| format!("--{name} needs a value"))?;
                    values.insert(name.to_owned(), value);
                }
                None => words.push_back(argument),
            }
        }
        Ok(Self { words, values, command: arguments.collect() })
    }

    pub(crate) fn next(&mut self) -> Result<String> {
        self.words.pop_front().context("an argument is missing; see the head of main.rs")
    }

    /// The value of an option that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        self.values.get(name).map(String::as_str).with_context(|| format!("--{name} is missing"))
    }

    pub(crate) fn number<N: FromStr>(&self, name: &str, default: N) -> Result<N>
    where
        N::Err: std::error::Error + Send + Sync + 'static,
    {
        self.values
            .get(name)
            .map_or(Ok(default), |value| value.parse().with_context(|| format!("--{name} {value}")))
    }

    pub(crate) fn map(&self) -> &str {
        self.values.get("map").map_or("QUERY", String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
}
