//! Outcomes: what becomes of a mail, by the sender's log and the receiver's, and what the log shows besides.

use anyhow::Result;

use crate::cases::list::Entry;
use crate::delivery::Channel::{self, Cleartext, Untrusted};
use crate::delivery::Delivery;
use crate::lab::Lab;

/// What becomes of a mail.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It goes to this host, by this channel.
    Sent(&'static str, Channel),
    /// It stays, with this status code, and the log says this.
    Deferred(&'static str, &'static str),
    /// It goes back, with this status code, and the log says this.
    Bounced(&'static str, &'static str),
}

/// How Postfix's log betrays a defect when the policy is not enforced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// Not at all: names and pins are compared under an enforced policy only. Or there is no defect.
    Nowhere,
    /// By the absence of a line about TLS.
    NoTls,
    /// By the word `Untrusted` in the line about TLS.
    Chain,
    /// By the MX host, which the policy does not list.
    Host,
    /// By the version in the line about TLS.
    Version(&'static str),
}

impl Outcome {
    /// What is not so in `delivery`, if anything.
    ///
    /// # Errors
    /// When the receiver's log cannot be read, or a mail that was sent does not arrive.
    pub fn complaint(self, lab: &Lab, delivery: &Delivery) -> Result<Option<String>> {
        let fault = match self {
            Self::Sent(host, channel) => sent_otherwise(lab, delivery, host, channel)?,
            Self::Deferred(dsn, words) => refused_otherwise(lab, delivery, ["deferred", dsn, words])?,
            Self::Bounced(dsn, words) => refused_otherwise(lab, delivery, ["bounced", dsn, words])?,
        };
        Ok(fault.map(|fault| format!("{fault}:\n  {}", delivery.session.join("\n  "))))
    }
}

fn sent_otherwise(lab: &Lab, delivery: &Delivery, host: &str, channel: Channel) -> Result<Option<String>> {
    if (delivery.status.as_str(), delivery.relay.as_str()) != ("sent", host) {
        return Ok(Some(format!("not sent to {host}")));
    }
    if delivery.channel() != channel {
        return Ok(Some(format!("channel is {:?}, not {channel:?}", delivery.channel())));
    }
    let receipt = lab.receiver.receipt(&delivery.recipient)?;
    let host = own_name(host);
    let as_expected = receipt.host == host && receipt.encrypted == (channel != Cleartext);
    Ok((!as_expected).then(|| format!("the receiver saw {receipt:?}")))
}

/// The name that a host calls itself by.
fn own_name(host: &str) -> &str {
    match host {
        "alias.mx.test" | "127.0.0.11" => "good.mx.test",
        "cname.mx.test" => "both.mx.test",
        "misled.mx.test" => "mismatch.mx.test",
        // A domain without MX records, at the address of this host.
        domain if domain.starts_with("implicit") => "match.mx.test",
        own => own,
    }
}

fn refused_otherwise(
    lab: &Lab,
    delivery: &Delivery,
    [status, dsn, words]: [&str; 3],
) -> Result<Option<String>> {
    if (delivery.status.as_str(), delivery.dsn.as_str()) != (status, dsn) {
        return Ok(Some(format!("not {status} with {dsn}")));
    }
    if !delivery.mentions(words) {
        return Ok(Some(format!("no `{words}` in the log")));
    }
    let receipts = lab.receiver.receipts()?;
    Ok(receipts
        .get(&delivery.recipient)
        .map(|receipt| format!("{status}, and received all the same: {receipt:?}")))
}

impl Shown {
    /// Whether the log shows it.
    pub fn is_in(self, delivery: &Delivery, entry: Option<Entry>) -> bool {
        match self {
            Self::Nowhere => true,
            Self::NoTls => delivery.channel() == Cleartext,
            Self::Chain => delivery.channel() == Untrusted,
            Self::Host => entry.is_some_and(|entry| entry.mx != delivery.relay),
            Self::Version(version) => delivery.mentions(&format!(": {version} with cipher")),
        }
    }

    /// A word for the matrix.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nowhere => "-",
            Self::NoTls => "no TLS",
            Self::Chain => "untrusted chain",
            Self::Host => "MX host not listed",
            Self::Version(version) => version,
        }
    }
}

/// A few words for the matrix.
pub fn summary(delivery: &Delivery) -> String {
    match delivery.status.as_str() {
        "sent" => format!("{} {:?}", delivery.relay, delivery.channel()),
        status => format!("{status} {}", delivery.dsn),
    }
}
