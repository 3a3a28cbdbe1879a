//! The receiving side: one Postfix with one listener per defect, and what each listener received.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use anyhow::Result;
use starttls_testkit::ca::Identity;

use crate::delivery::split;
use crate::log::wait_for;
use crate::postfix::{Clients, Postfix};
use crate::site::Site;
use crate::tree::Tree;

/// The port beside 25 at which some hosts take mail.
pub const OTHER_PORT: u16 = 2525;

/// What a listener offers.
#[derive(Debug)]
pub enum Offer {
    /// No STARTTLS.
    Cleartext,
    /// STARTTLS with this identity, in any TLS version that is fit for use.
    Tls(Identity),
    /// The same, but nothing newer than TLS 1.2.
    OldTls(Identity),
}

/// One address on which mail is received.
#[derive(Debug)]
pub struct Listener {
    /// The host name; logs use it, too.
    pub host: &'static str,
    /// Where it listens, on port 25 and on [`OTHER_PORT`].
    pub address: Ipv4Addr,
    /// What it offers.
    pub offer: Offer,
}

/// A mail that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The host of the listener that took it.
    pub host: String,
    /// Whether it came through TLS.
    pub encrypted: bool,
}

/// The receiving Postfix.
#[derive(Debug)]
pub struct Receiver {
    postfix: Postfix,
}

impl Receiver {
    /// Starts it with these listeners; it takes mail for everybody and throws it away.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(tree: &Tree, site: &Site, listeners: &[Listener]) -> Result<Self> {
        let mut services = String::new();
        for listener in listeners {
            services += &service(site, listener)?;
        }
        let settings = "myhostname = rx.test\ninet_interfaces = all\nrelay_domains = test, plain\n\
             mynetworks = 127.0.0.0/8\nrelay_transport = discard:\ndefault_transport = discard:\n\
             smtpd_peername_lookup = no\nsmtpd_tls_loglevel = 1\n";
        let postfix = Postfix::configure(tree, site, "rx", settings, Clients::Unconfined, &services)?;
        postfix.start()?;
        Ok(Self { postfix })
    }

    /// Waits until the mail for `recipient` has arrived, and tells where.
    ///
    /// # Errors
    /// When it does not arrive.
    pub fn receipt(&self, recipient: &str) -> Result<Receipt> {
        wait_for(&format!("mail for {recipient} at any receiver"), || Ok(self.receipts()?.remove(recipient)))
    }

    /// All mails that arrived so far, by recipient.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn receipts(&self) -> Result<HashMap<String, Receipt>> {
        Ok(read(&self.postfix.log().lines()?))
    }

    /// The instance.
    pub fn postfix(&self) -> &Postfix {
        &self.postfix
    }
}

fn service(site: &Site, listener: &Listener) -> Result<String> {
    let Listener { host, address, offer } = listener;
    let mut text = format!("smtpd -o syslog_name={host} -o myhostname={host}");
    if let Offer::Tls(identity) | Offer::OldTls(identity) = offer {
        let chain = format!("/lab/rx/{host}.pem");
        site.write(&chain, &identity.pem())?;
        let _ = write!(text, " -o smtpd_tls_security_level=may -o smtpd_tls_chain_files={chain}");
    }
    if let Offer::OldTls(_) = offer {
        text += " -o smtpd_tls_protocols=<=TLSv1.2";
    }
    Ok(format!("{address}:25 inet n - n - - {text}\n{address}:{OTHER_PORT} inet n - n - - {text}\n"))
}

fn read(lines: &[String]) -> HashMap<String, Receipt> {
    let mut encrypted: HashMap<&str, bool> = HashMap::new();
    let mut queued: HashMap<&str, Receipt> = HashMap::new();
    let mut receipts = HashMap::new();
    for line in lines {
        let Some((process, message)) = split(line) else { continue };
        if message.starts_with("connect from") {
            encrypted.insert(process, false);
        } else if message.contains("TLS connection established from") {
            encrypted.insert(process, true);
        } else if let Some((queue_id, _)) = message.split_once(": client=") {
            let host = process.split('/').next().unwrap_or_default().to_owned();
            let encrypted = encrypted.get(process).copied().unwrap_or_default();
            queued.insert(queue_id, Receipt { host, encrypted });
        } else if let Some((queue_id, rest)) = message.split_once(": to=<")
            && let Some(receipt) = queued.get(queue_id)
            && let Some((recipient, _)) = rest.split_once('>')
        {
            receipts.insert(recipient.to_owned(), receipt.clone());
        }
    }
    receipts
}
