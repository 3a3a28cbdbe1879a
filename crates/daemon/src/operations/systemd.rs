//! What the service manager is told: ready, reloading, stopping, a line of status, and that look-ups are still answered.
//!
//! Without `NOTIFY_SOCKET` all of it does nothing.
//!
//! Spec: sd_notify(3), systemd.service(5) (`Type=notify-reload`, `WatchdogSec=`).

use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Health;

#[cfg(test)]
mod tests;

/// How long to wait for a service manager that does not read, before going on without having told it.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often look-ups are tried where no service manager asks for it: `/healthz` tells what came of it.
const PERIOD_WITHOUT_WATCHDOG: Duration = Duration::from_secs(10);

/// Tells the service manager; connected once, so that a sandbox does not cut it off.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The service manager that started us, if one did.
    ///
    /// # Errors
    /// When it named a socket that cannot be used.
    pub fn from_env() -> io::Result<Self> {
        match std::env::var_os("NOTIFY_SOCKET") {
            Some(name) => Self::to(&name, sd_notify::watchdog_enabled()),
            None => Ok(Self::default()),
        }
    }

    /// A given socket; a name that begins with `@` is an abstract one. With `watchdog` it wants to hear of us that often.
    ///
    /// # Errors
    /// When the socket cannot be used.
    pub fn to(name: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        let address = match name.as_bytes().split_first() {
            Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket: Some(socket), watchdog })
    }

    /// Sockets are open, and look-ups are answered; also after [`Notifier::reloading`].
    pub fn ready(&self, words: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(&one_line(words))]);
    }

    /// Settings and lists are read anew; [`Notifier::ready`] has to follow.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now, NotifyState::Status("reloading")]),
            // systemd would end us for a reload without a time.
            Err(error) => tracing::warn!("the service manager is not told of the reload: {error}"),
        }
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    /// One line for `systemctl status`.
    pub fn status(&self, words: &str) {
        self.tell(&[NotifyState::Status(&one_line(words))]);
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else { return };
        let message = states.iter().fold(String::new(), |message, state| message + &state.to_string() + "\n");
        if let Err(error) = socket.send(message.as_bytes()) {
            tracing::warn!("the service manager cannot be told: {error}");
        }
    }
}

/// Tries look-ups again and again, for ever: what comes of it goes to [`Health`], and to the watchdog while it is good.
///
/// `check` asks as a mail server would. It is tried at half of the watchdog's interval and has half of that for an answer.
pub async fn watch<F, Checking>(notifier: &Notifier, health: &Health, check: F)
where
    F: Fn() -> Checking,
    Checking: Future<Output = Result<(), String>>,
{
    let period = notifier.watchdog.map_or(PERIOD_WITHOUT_WATCHDOG, |watchdog| watchdog / 2);
    // An interval of zero is refused by the clock.
    let period = period.max(Duration::from_millis(10));
    let deadline = period / 2;
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(deadline, check()).await {
            Ok(Ok(())) => {
                health.serving();
                notifier.tell(&[NotifyState::Watchdog]);
            }
            Ok(Err(words)) => failing(health, &words),
            Err(_) => {
                failing(health, &format!("no answer to our own look-up within {} ms", deadline.as_millis()));
            }
        }
    }
}

fn failing(health: &Health, words: &str) {
    tracing::error!("look-ups are not answered: {words}");
    health.failing(words);
}

/// A line break would begin another assignment.
fn one_line(words: &str) -> String {
    words.split(char::is_control).collect::<Vec<_>>().join(" ")
}
