//! Handing a finished mail to a mail server: to the local `sendmail` command, or by SMTP.
//!
//! The mails are short texts of the program to its operator. Neither errors nor anything else that is shown repeats an
//! address or what the server said, in which addresses stand as a rule: the mail server's own log has them.
//!
//! Spec: RFC 5321, RFC 5322, RFC 3207 (STARTTLS), RFC 3834 §5 (`Auto-Submitted`).

mod bounded;
mod mail;
mod sendmail;
mod smtp;

pub use mail::{Address, AddressError, Mail, MailError, Stamp};
pub use sendmail::Sendmail;
pub use smtp::Smtp;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::roots::RootsError;

/// The way a mail goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Route {
    /// To a command of the local mail server.
    Sendmail(Sendmail),
    /// By SMTP.
    Smtp(Smtp),
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// There is no such command.
    #[error("no command `{}`; install a mail server, or submit by SMTP", program.display())]
    NoCommand {
        /// The command.
        program: PathBuf,
    },
    /// The command did not take the mail.
    #[error("`{}` did not take the mail ({}); see the mail server's log", program.display(), sendmail::ending(*code))]
    CommandFailed {
        /// The command.
        program: PathBuf,
        /// Its exit code; `None` when killed by a signal.
        code: Option<i32>,
    },
    /// The command could not be run or written to.
    #[error("cannot run `{}`", program.display())]
    Run {
        /// The command.
        program: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// No runtime.
    #[error("mail cannot be submitted")]
    Runtime {
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("the mail was not taken within {} s", deadline.as_secs_f32())]
    DeadlinePassed {
        /// The limit.
        deadline: Duration,
    },
    /// Nobody there.
    #[error("cannot connect to `{host}` port {port}")]
    Connect {
        /// The mail server.
        host: String,
        /// Its port.
        port: u16,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// A server elsewhere offers no TLS.
    #[error("`{host}` offers no STARTTLS; mail goes unencrypted to this machine only")]
    NoStartTls {
        /// The mail server.
        host: String,
    },
    /// TLS did not come about, or the certificate is not accepted.
    #[error("no TLS session with `{host}`, or its certificate is not accepted")]
    Tls {
        /// The mail server.
        host: String,
    },
    /// No roots to check the server's certificate with.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// The server refuses the mail.
    #[error("`{host}` did not take the mail (reply code {code}); see the mail server's log")]
    Refused {
        /// The mail server.
        host: String,
        /// As in RFC 5321 §4.2.
        code: u16,
    },
    /// The conversation broke off, or was none.
    #[error("the SMTP session with `{host}` broke off")]
    Broken {
        /// The mail server.
        host: String,
    },
}

impl Route {
    /// Hands the mail over and returns when the server has taken it. Not to be called from within an asynchronous task.
    ///
    /// # Errors
    /// [`SubmitError`]. After a passed deadline the mail may have been taken all the same.
    pub fn submit(&self, mail: &Mail) -> Result<(), SubmitError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| SubmitError::Runtime { source })?;
        let submitted = runtime.block_on(self.submit_async(mail));
        // A name look-up that hangs must not keep us.
        runtime.shutdown_background();
        submitted
    }

    /// The same, for those who have a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit_async(&self, mail: &Mail) -> Result<(), SubmitError> {
        match self {
            Self::Sendmail(sendmail) => sendmail.submit(mail).await,
            Self::Smtp(smtp) => smtp.submit(mail).await,
        }
    }
}
