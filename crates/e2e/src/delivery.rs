//! Deliveries as Postfix's log tells them: where a mail went, how well the channel was protected, and why it did not go.

use std::collections::HashMap;

/// How much Postfix knew of the server it spoke to; the words are those of its log. Ordered from weak to strong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Channel {
    /// No TLS.
    Cleartext,
    /// TLS with a server that showed no certificate.
    Anonymous,
    /// TLS with a server whose chain leads to no known root.
    Untrusted,
    /// TLS, and the chain is good; nobody asked for a name.
    Trusted,
    /// TLS, and all that the policy asks for holds.
    Verified,
}

impl Channel {
    const LOGGED: [(&'static str, Self); 4] = [
        ("Anonymous", Self::Anonymous),
        ("Untrusted", Self::Untrusted),
        ("Trusted", Self::Trusted),
        ("Verified", Self::Verified),
    ];
}

/// The end of one attempt to deliver one mail to one recipient.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The recipient.
    pub recipient: String,
    /// The MX host that took the mail, or that was tried last; `none` if nobody was reached.
    pub relay: String,
    /// The enhanced status code (RFC 3463).
    pub dsn: String,
    /// `sent`, `deferred` or `bounced`.
    pub status: String,
    /// The reason, or the receiver's answer.
    pub reason: String,
    /// All that the delivering process logged about this attempt, this line included.
    pub session: Vec<String>,
}

impl Delivery {
    /// Reads the deliveries out of a log, in its order.
    pub fn read(lines: &[String]) -> Vec<Self> {
        let mut sessions: HashMap<&str, Vec<String>> = HashMap::new();
        let mut deliveries = Vec::new();
        for line in lines {
            let Some((process, message)) = split(line) else { continue };
            let session = sessions.entry(process).or_default();
            session.push(line.clone());
            if let Some(delivery) = Self::from_message(message, session) {
                // A process delivers one mail after the other, so what follows belongs to the next one.
                session.clear();
                deliveries.push(delivery);
            }
        }
        deliveries
    }

    fn from_message(message: &str, session: &[String]) -> Option<Self> {
        let (_, fields) = message.split_once(": to=<")?;
        let (recipient, fields) = fields.split_once('>')?;
        let field = |name: &str| fields.split_once(name).and_then(|(_, rest)| rest.split([',', ' ']).next());
        let (_, reason) = fields.split_once(" (")?;
        Some(Self {
            recipient: recipient.to_owned(),
            relay: field("relay=")?.split('[').next()?.to_owned(),
            dsn: field("dsn=")?.to_owned(),
            status: field("status=")?.to_owned(),
            reason: reason.trim_end_matches(')').to_owned(),
            session: session.to_vec(),
        })
    }

    /// How the channel to the host that took the mail was protected.
    pub fn channel(&self) -> Channel {
        let established =
            |word: &str| self.mentions(&format!("{word} TLS connection established to {}[", self.relay));
        Channel::LOGGED
            .into_iter()
            .find(|(word, _)| established(&format!(": {word}")))
            .map_or(Channel::Cleartext, |(_, channel)| channel)
    }

    /// Tells whether a line of the session contains `text`.
    pub fn mentions(&self, text: &str) -> bool {
        self.session.iter().any(|line| line.contains(text))
    }
}

/// Splits a log line into the process (`postfix/smtp[123]`) and its message.
pub(crate) fn split(line: &str) -> Option<(&str, &str)> {
    let (head, message) = line.split_once("]: ")?;
    Some((head.rsplit(' ').next()?, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Delivery> {
        Delivery::read(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn lines_of_two_processes_do_not_mix() {
        let deliveries = read("\
Nov 22 05:11:44 tx postfix/smtp[7]: Trusted TLS connection established to a.test[127.0.0.1]:25: TLSv1.3
Nov 22 05:11:44 tx postfix/smtp[8]: Untrusted TLS connection established to b.test[127.0.0.2]:25: TLSv1.3
Nov 22 05:11:44 tx postfix/smtp[8]: Q2: to=<x@b>, relay=b.test[127.0.0.2]:25, delay=0, dsn=4.7.5, status=deferred (no (really))
Nov 22 05:11:44 tx postfix/smtp[7]: Q1: to=<x@a>, relay=a.test[127.0.0.1]:25, delay=0, dsn=2.0.0, status=sent (250 Ok)
");
        let seen: Vec<_> =
            deliveries.iter().map(|one| (one.relay.as_str(), one.status.as_str(), one.channel())).collect();
        assert_eq!(seen, [("b.test", "deferred", Channel::Untrusted), ("a.test", "sent", Channel::Trusted)]);
    }

    #[test]
    fn channel_is_that_of_the_host_which_took_the_mail() {
        let deliveries = read("\
Nov 22 05:11:44 tx postfix/smtp[7]: Untrusted TLS connection established to a.test[127.0.0.1]:25: TLSv1.3
Nov 22 05:11:44 tx postfix/smtp[7]: Q1: to=<x@a>, relay=b.test[127.0.0.2]:25, delay=0, dsn=2.0.0, status=sent (250 Ok)
Nov 22 05:11:44 tx postfix/smtp[7]: Q3: to=<y@a>, relay=none, delay=0, dsn=4.3.0, status=deferred (unavailable)
");
        assert_eq!(deliveries[0].channel(), Channel::Cleartext);
        assert_eq!(deliveries[1].session.len(), 1);
    }
}
