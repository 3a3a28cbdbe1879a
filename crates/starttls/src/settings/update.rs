//! `[update]`: what the daily run does, and whom it tells of trouble.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use starttls_policy::Domain;

use super::role::role;
use super::table::TableReader;
use super::value::{Word, word};

role! {
    /// What `starttls update` does, and whom it tells of trouble.
    pub(crate) struct Update in "update" {
        /// Whether what was written is put into force; `false` writes the new generation beside the old one and stops.
        "activate" => activate: bool = true,
        /// A PEM file with further authorities for the HTTPS servers of lists, beside the system's: for closed networks.
        "ca-file" => ca_file: Option<PathBuf> = None,
        /// A program with its arguments that gets every message of trouble on its standard input; no shell is used.
        "alert-command" => alert_command: Option<Vec<String>> = None,
        /// Who gets messages of trouble by mail.
        "alert-mail" => alert_mail: Option<Mailbox> = None,
        /// Who such mail is from; without it the mail server fills in its own.
        "mail-from" => mail_from: Option<Mailbox> = None,
        /// How such mail is handed over: `sendmail` runs the system's command, `smtp://HOST:PORT` and
        /// `smtps://HOST:PORT` talk to a server, which must offer STARTTLS unless it is on this machine.
        "submission" => submission: Submission = Submission::Sendmail,
        /// The user name for that server, if it wants one.
        "submission-user" => submission_user: Option<String> = None,
        /// The file with that user's password, which only its owner may read.
        "submission-password-file" => submission_password_file: Option<PathBuf> = None,
    }
}

/// A mail address, or a bare local user; not shown in errors and logs.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Mailbox(String);

/// How mail is handed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Submission {
    /// The system's `sendmail` command.
    Sendmail,
    /// A server.
    Server {
        security: SubmissionSecurity,
        /// A name or an address; IPv6 without brackets.
        host: String,
        port: u16,
    },
}

/// How the connection to a submission server is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SubmissionSecurity {
    /// `smtp:`, by STARTTLS; mandatory unless the server is on this machine.
    StartTls,
    /// `smtps:`, TLS from the first byte (RFC 8314 §3.3).
    ImplicitTls,
}

impl Update {
    /// Complains of keys that do not fit together.
    pub(crate) fn check(&self, reader: &mut Complaints<'_, '_, '_>) {
        if self.alert_command.value.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            reader.complain(
                &self.alert_command,
                "alert-command",
                "want a program, as in `[\"/usr/local/bin/page\", \"me\"]`",
            );
        }
        let has_server = matches!(self.submission.value, Submission::Server { .. });
        if self.submission_user.value.is_some() && !has_server {
            reader.complain(
                &self.submission_user,
                "submission-user",
                "a user name needs `submission = \"smtps://…\"`",
            );
        }
        if self.submission_user.value.is_some() != self.submission_password_file.value.is_some() {
            let both = "`submission-user` and `submission-password-file` go together";
            match self.submission_user.place() {
                Some(_) => reader.complain(&self.submission_user, "submission-user", both),
                None => reader.complain(&self.submission_password_file, "submission-password-file", both),
            }
        }
        if self.mail_from.value.is_some()
            && self.alert_mail.value.is_none()
            && self.alert_mail.place().is_none()
        {
            reader.complain(&self.mail_from, "mail-from", "there is mail only with `alert-mail`");
        }
    }
}

/// Where complaints about keys of one table go.
pub(crate) struct Complaints<'r, 'a, 'd>(pub(crate) &'r mut TableReader<'a, 'd>);

impl Complaints<'_, '_, '_> {
    fn complain<T>(&mut self, at: &super::role::Sourced<T>, key: &str, text: &str) {
        let place = at.place().unwrap_or(self.0.place);
        self.0.complain(place, key, text);
    }
}

impl Mailbox {
    /// The address.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

word!(
    Mailbox,
    |text| {
        let (local, domain) =
            text.split_once('@').map_or((text, None), |(local, domain)| (local, Some(domain)));
        // RFC 5321 §4.1.2: a dot-string; what would need quotes is nobody's alert address.
        let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        let is_local = local.len() <= 64
            && !local.starts_with('-')
            && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom));
        let is_domain = domain.is_none_or(|domain| domain == "localhost" || Domain::parse(domain).is_ok());
        if is_local && is_domain {
            Ok(Self(text.into()))
        } else {
            Err("want one mail address: a local part, then `@` and a domain unless it is a user of this machine".into())
        }
    },
    |mailbox| mailbox.as_str().into()
);

word!(Submission, submission, |submission| match submission {
    Submission::Sendmail => "sendmail".into(),
    Submission::Server { security, host, port } => {
        let scheme = match security {
            SubmissionSecurity::StartTls => "smtp",
            SubmissionSecurity::ImplicitTls => "smtps",
        };
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }
});

fn submission(text: &str) -> Result<Submission, String> {
    let wrong = || "want `sendmail`, `smtp://HOST:PORT` or `smtps://HOST:PORT`".to_owned();
    // RFC 6409 §3.1 and RFC 8314 §3.3: the ports where nothing else is said.
    let (security, rest, usual) = match (text, text.strip_prefix("smtp://"), text.strip_prefix("smtps://")) {
        ("sendmail", _, _) => return Ok(Submission::Sendmail),
        (_, Some(rest), _) => (SubmissionSecurity::StartTls, rest, 587),
        (_, _, Some(rest)) => (SubmissionSecurity::ImplicitTls, rest, 465),
        _ => return Err(wrong()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            host.parse::<Ipv6Addr>().map_err(|_| wrong())?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) })
        }
        None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
    };
    let is_host = host == "localhost"
        || host.parse::<Ipv6Addr>().is_ok()
        || host.parse::<Ipv4Addr>().is_ok()
        || Domain::parse(host).is_ok();
    let port = match port {
        None => usual,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if is_host { Ok(Submission::Server { security, host: host.into(), port }) } else { Err(wrong()) }
}

#[cfg(test)]
mod submission_servers {
    use super::*;

    #[test]
    fn have_a_scheme_a_host_and_a_port() {
        for (text, shown) in [
            ("sendmail", "sendmail"),
            ("smtp://localhost:25", "smtp://localhost:25"),
            ("smtp://mail.example.org", "smtp://mail.example.org:587"),
            ("smtps://mail.example.org/", "smtps://mail.example.org:465"),
            ("smtp://[::1]:25", "smtp://[::1]:25"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
        ] {
            assert_eq!(submission(text).unwrap().word(), shown);
        }
    }

    #[test]
    fn of_other_forms_are_refused() {
        for bad in [
            "",
            "Sendmail",
            "/usr/sbin/sendmail",
            "smtp:",
            "smtp://",
            "smtp://:25",
            "smtp://me:pw@mail.example.org",
            "smtp://mail.example.org:0",
            "smtp://mail.example.org:99999",
            "smtp://mail.example.org:+25",
            "smtp://[::1",
            "smtp://[x]:25",
            "smtp://[::1]25",
            "smtp://mail.example.org/path",
            "http://mail.example.org",
        ] {
            assert!(submission(bad).is_err(), "{bad}");
        }
    }
}

#[cfg(test)]
mod mailboxes {
    use super::*;

    #[test]
    fn are_one_address_and_never_printed() {
        for good in ["root", "postmaster@example.org", "a.b+c@example.org", "root@localhost"] {
            assert_eq!(Mailbox::from_word(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "@example.org",
            "a@",
            "a@b@example.org",
            "a b@example.org",
            "a@example.org, b@example.org",
            "a\r\nBcc: b@example.org",
            "-oQ/tmp@example.org",
            "<a@example.org>",
            "a..b@example.org",
        ] {
            let error = Mailbox::from_word(bad).unwrap_err();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        assert_eq!(format!("{:?}", Mailbox("me@example.org".into())), "Mailbox(…)");
    }
}
