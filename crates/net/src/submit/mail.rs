//! A finished mail: plain text with the headers that it needs, and no others.
//!
//! Spec: RFC 5322 §3.6, RFC 2047, RFC 3834 §5.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};

/// What one server takes at least (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: usize = 100;

/// A subject is a line, not a letter.
const MAX_SUBJECT_BYTES: usize = 500;

/// A message to an operator is short; what is longer belongs into a file.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A mail address in ASCII, valid as a forward-path.
#[derive(Clone, Eq, PartialEq)]
pub struct Address(lettre::Address);

/// Not an address we can write to. The text is not repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a mail address in ASCII such as `postmaster@example.org`")]
pub struct AddressError;

/// Time and chance, which come in from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// For `Date`.
    pub date: SystemTime,
    /// For `Message-ID`; never used twice.
    pub token: u128,
}

/// A mail that is ready to go.
#[derive(Clone, Eq, PartialEq)]
pub struct Mail {
    from: Address,
    to: Vec<Address>,
    /// With CRLF line ends.
    text: Vec<u8>,
}

/// Why there is no mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The text is too long.
    #[error("the text of the mail is longer than {MAX_BODY_BYTES} bytes")]
    BodyTooLong,
    /// The library cannot put it together.
    #[error("the mail cannot be put together")]
    Library,
    /// Nobody to write to.
    #[error("the mail has no recipient")]
    NoRecipient,
    /// The subject is no line.
    #[error("the subject holds a line end or another control character")]
    SubjectNotALine,
    /// The subject is too long.
    #[error("the subject is longer than {MAX_SUBJECT_BYTES} bytes")]
    SubjectTooLong,
    /// Too many to write to.
    #[error("the mail has more than {MAX_RECIPIENTS} recipients")]
    TooManyRecipients,
}

impl Mail {
    /// Puts a mail together. Control characters in the text other than tabs and line ends are replaced; all recipients see
    /// one another.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use starttls_net::submit::{Mail, Stamp};
    ///
    /// let from = "starttls@mx.example.org".parse()?;
    /// let to = vec!["postmaster@example.org".parse()?];
    /// let stamp = Stamp { date: SystemTime::UNIX_EPOCH, token: 7 };
    /// let mail = Mail::new(from, to, "The list has ended", "Nothing was lost.\n", stamp)?;
    /// assert!(String::from_utf8_lossy(mail.text()).contains("\r\nAuto-Submitted: auto-generated\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(
        from: Address,
        to: Vec<Address>,
        subject: &str,
        body: &str,
        stamp: Stamp,
    ) -> Result<Self, MailError> {
        if to.is_empty() {
            return Err(MailError::NoRecipient);
        }
        if to.len() > MAX_RECIPIENTS {
            return Err(MailError::TooManyRecipients);
        }
        if subject.len() > MAX_SUBJECT_BYTES {
            return Err(MailError::SubjectTooLong);
        }
        if subject
            .chars()
            .any(|character| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}'))
        {
            return Err(MailError::SubjectNotALine);
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(MailError::BodyTooLong);
        }
        let text = render(&from, &to, subject, body, stamp)?;
        Ok(Self { from, to, text })
    }

    /// The whole mail as it goes out, with CRLF line ends.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The whole mail with the line ends of Unix, as the `sendmail` command wants it.
    pub(super) fn text_with_lf(&self) -> Vec<u8> {
        // No lone CR is in there.
        self.text.iter().copied().filter(|byte| *byte != b'\r').collect()
    }

    pub(super) fn from(&self) -> &Address {
        &self.from
    }

    pub(super) fn to(&self) -> &[Address] {
        &self.to
    }
}

impl Address {
    pub(super) fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(super) fn to_lettre(&self) -> lettre::Address {
        self.0.clone()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain. Spaces could be quoted, but nobody has them.
        if text.len() > 320 || !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.starts_with('-') {
            return Err(AddressError);
        }
        text.parse().map(Self).map_err(|_| AddressError)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail(to {} recipients, {} bytes)", self.to.len(), self.text.len())
    }
}

fn render(
    from: &Address,
    to: &[Address],
    subject: &str,
    body: &str,
    stamp: Stamp,
) -> Result<Vec<u8>, MailError> {
    let generated = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder()
        .date(stamp.date)
        .message_id(Some(format!("<{:032x}@{}>", stamp.token, from.0.domain())))
        .from(Mailbox::new(None, from.to_lettre()));
    for address in to {
        builder = builder.to(Mailbox::new(None, address.to_lettre()));
    }
    let message = builder
        .subject(subject)
        .raw_header(HeaderValue::new(generated, "auto-generated".to_owned()))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(plain(body))
        .map_err(|_| MailError::Library)?;
    Ok(message.formatted())
}

/// Text that is nothing but text, ending with a line end.
fn plain(body: &str) -> String {
    let mut text: String = body
        .replace("\r\n", "\n")
        .chars()
        .map(|character| match character {
            '\n' | '\t' => character,
            '\r' => '\n',
            other if other.is_control() => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn mail(subject: &str, body: &str) -> Result<Mail, MailError> {
        let stamp = Stamp { date: SystemTime::UNIX_EPOCH, token: 0xabc };
        Mail::new(
            address("starttls@mx.example.org"),
            vec![address("postmaster@example.org")],
            subject,
            body,
            stamp,
        )
    }

    fn text(subject: &str, body: &str) -> String {
        String::from_utf8(mail(subject, body).unwrap().text).unwrap()
    }

    #[test]
    fn mail_has_the_headers_it_needs() {
        let text = text("The list has ended", "one\ntwo");
        for header in [
            "From: starttls@mx.example.org\r\n",
            "To: postmaster@example.org\r\n",
            "Subject: The list has ended\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Message-ID: <00000000000000000000000000000abc@mx.example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
        ] {
            assert!(text.contains(header), "{header}: {text}");
        }
        assert!(text.ends_with("\r\n\r\none\r\ntwo\r\n"), "{text}");
    }

    #[test]
    fn subject_that_is_no_line_is_refused() {
        for subject in
            ["a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\0b", "a\u{85}b", "a\u{2028}b", "\u{1b}[31m"]
        {
            assert_eq!(mail(subject, ""), Err(MailError::SubjectNotALine), "{subject:?}");
        }
    }

    #[test]
    fn text_that_is_no_address_is_refused() {
        for text in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@b@c",
            "a b@example.org",
            "a@example.org\r\nBcc: b@example.org",
            "Name <a@example.org>",
            "a@example.org,b@example.org",
            "-oQ/tmp@example.org",
            "é@example.org",
            "a@é.example",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text:?}");
        }
    }

    #[test]
    fn nobody_and_a_crowd_are_refused() {
        let stamp = Stamp { date: SystemTime::UNIX_EPOCH, token: 1 };
        let send =
            |count| Mail::new(address("a@example.org"), vec![address("b@example.org"); count], "", "", stamp);
        assert_eq!(send(0), Err(MailError::NoRecipient));
        assert_eq!(send(MAX_RECIPIENTS + 1), Err(MailError::TooManyRecipients));
    }

    #[test]
    fn addresses_are_not_shown() {
        assert!(
            !format!("{:?} {:?}", mail("a", "b").unwrap(), address("secret@example.org")).contains("example")
        );
    }

    proptest! {
        #[test]
        fn no_subject_and_no_body_can_add_a_header(subject in "\\PC{0,120}", body in any::<String>()) {
            let Ok(mail) = mail(&subject, &body) else { return Ok(()) };
            let text = String::from_utf8(mail.text).unwrap();
            prop_assert!(text.is_ascii());
            let head = text.split("\r\n\r\n").next().unwrap();
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']))
                .map(|line| line.split(':').next().unwrap()).collect();
            let known = ["Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted", "Content-Type",
                "Content-Transfer-Encoding", "MIME-Version"];
            prop_assert!(names.iter().all(|name| known.contains(name)), "{:?}", names);
            prop_assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
            prop_assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
            prop_assert!(text.lines().all(|line| line.len() <= 998));
        }
    }
}
