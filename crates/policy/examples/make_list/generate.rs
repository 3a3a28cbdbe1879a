//! Made-up lists that look like real ones: half the domains refer to some two hundred providers, half name their own MX.
//!
//! Names are four syllables each, counted upwards with gaps of random width, so that they come out sorted and
//! nothing has to be held.

use std::io::{self, Write};

/// Most domains: there are 105⁴ names of four syllables.
pub(crate) const MAX_COUNT: u64 = 100_000_000;

const PROVIDERS: u64 = 200;
const SYLLABLES: u64 = 105;
const CONSONANTS: &[u8; 21] = b"bcdfghjklmnpqrstvwxyz";
const VOWELS: &[u8; 5] = b"aeiou";

/// What follows the four syllables; those that stand twice are as common as that.
const ENDINGS: [&str; 16] = [
    ".com",
    ".com",
    ".com",
    ".de",
    ".de",
    ".org",
    ".net",
    ".co.uk",
    ".fr",
    ".nl",
    ".io",
    "-it.com",
    "-online.de",
    "mail.net",
    ".com.au",
    ".museum",
];

/// Writes a list of version 1 in canonical form.
pub(crate) fn list(count: u64, seed: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut random = Random(seed);
    out.write_all(
        b"{\n  \"version\": \"1\",\n  \"author\": \"make_list: made-up names, for measurements\",\n",
    )?;
    out.write_all(b"  \"serial\": 1,\n  \"timestamp\": \"2026-01-01T00:00:00Z\",\n")?;
    out.write_all(b"  \"expires\": \"2027-01-01T00:00:00Z\",\n  \"providers\": {")?;
    for provider in 0..PROVIDERS {
        let comma = if provider == 0 { "" } else { "," };
        let mode = if provider % 4 == 0 { "enforce" } else { "testing" };
        let host = name(provider * 500_000 + 77);
        write!(out, "{comma}\n    \"provider-{provider:03}\": {{\"mode\": \"{mode}\", ")?;
        write!(out, "\"mx\": [\"mx.{host}.net\", \"*.mx.{host}.net\"], \"min-tls-version\": \"TLSv1.2\"}}")?;
    }
    out.write_all(b"\n  },\n  \"policies\": {")?;
    let gap = SYLLABLES.pow(4) / count.max(1);
    for index in 0..count {
        let place = index * gap + random.below(gap);
        let ending = ENDINGS[usize::try_from(random.below(16)).unwrap_or(0)];
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}\n    \"{}{ending}\": ", name(place))?;
        entry(&name(place), ending, &mut random, out)?;
    }
    out.write_all(if count == 0 { b"}\n}\n" } else { b"\n  }\n}\n" })
}

fn entry(name: &str, ending: &str, random: &mut Random, out: &mut dyn Write) -> io::Result<()> {
    if random.below(2) == 0 {
        // A few providers have most of the domains.
        let provider = random.below(PROVIDERS).min(random.below(PROVIDERS)).min(random.below(PROVIDERS));
        write!(out, "{{\"provider\": \"provider-{provider:03}\"")?;
    } else {
        let mode = if random.below(3) == 0 { "enforce" } else { "testing" };
        write!(out, "{{\"mode\": \"{mode}\", \"mx\": [")?;
        match random.below(4) {
            0 => write!(out, "\"mail.{name}{ending}\"")?,
            1 => write!(out, "\"mx1.{name}{ending}\", \"mx2.{name}{ending}\"")?,
            2 => write!(out, "\"mx1.{name}{ending}\", \"mx2.{name}{ending}\", \"mx.backup-{name}.net\"")?,
            _ => write!(out, "\".{name}{ending}\"")?,
        }
        out.write_all(b"]")?;
        if random.below(10) == 0 {
            out.write_all(b", \"min-tls-version\": \"TLSv1.2\"")?;
        }
        if random.below(20) == 0 {
            write!(out, ", \"report-to\": [\"mailto:tls-reports@{name}{ending}\"]")?;
        }
    }
    if random.below(20) == 0 {
        write!(out, ", \"since\": \"2025-{:02}-{:02}\"", 1 + random.below(12), 1 + random.below(28))?;
    }
    out.write_all(b"}")
}

/// Four syllables; a larger place makes a name that sorts later.
fn name(place: u64) -> String {
    let digits = (0..4).rev().map(|power| place / SYLLABLES.pow(power) % SYLLABLES);
    let digit = |value: u64| usize::try_from(value).unwrap_or(0);
    digits
        .flat_map(|value| [CONSONANTS[digit(value / 5)], VOWELS[digit(value % 5)]])
        .map(char::from)
        .collect()
}

/// A small generator (splitmix64), so that the lists depend on no library's version.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; the tiny bias does no harm here.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}
