//! The sending side: a Postfix whose operator wants its mail protected.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;

use crate::delivery::Delivery;
use crate::log::wait_for;
use crate::network::{add_address, run};
use crate::postfix::{Clients, Postfix};
use crate::site::Site;
use crate::tree::Tree;

/// The address that the sender calls its own (Postfix takes an MX host at one of its own addresses for itself).
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Where the roots lie that the operator trusts.
pub const ROOTS: &str = "/lab/roots.pem";

/// The sending Postfix.
#[derive(Debug)]
pub struct Sender {
    postfix: Postfix,
}

impl Sender {
    /// Starts it as the distribution ships it: TLS if the other side can, clients chrooted or not; roots in place, no
    /// policy.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(tree: &Tree, site: &Site) -> Result<Self> {
        add_address(ADDRESS)?;
        let settings = format!(
            "myhostname = tx.test\ninet_interfaces = {ADDRESS}\nsmtp_tls_security_level = may\n\
             smtp_tls_CAfile = {ROOTS}\nsmtp_tls_loglevel = 1\n"
        );
        let postfix = Postfix::configure(tree, site, "tx", &settings, Clients::shipped_in(tree)?, "")?;
        postfix.start()?;
        Ok(Self { postfix })
    }

    /// Hands over one mail for each recipient.
    ///
    /// # Errors
    /// When Postfix does not take one.
    pub fn send(&self, recipients: &[String]) -> Result<()> {
        self.send_with("Subject: lab", recipients)
    }

    /// Hands over one mail with this header for each recipient.
    ///
    /// # Errors
    /// When Postfix does not take one.
    pub fn send_with(&self, header: &str, recipients: &[String]) -> Result<()> {
        let mut script = String::new();
        for recipient in recipients {
            // The null sender: what goes wrong makes no further mail.
            let _ = writeln!(
                script,
                "printf '{header}\\n\\nThe secret of {recipient}.\\n' | sendmail -C {} -f '' {recipient}",
                self.postfix.directory()
            );
        }
        run(&mut self.postfix.tree().shell(&script))
    }

    /// Sends one mail to each recipient and waits for the end of each first attempt.
    ///
    /// Recipients must be new: an address that was used before would be found in the log at once.
    ///
    /// # Errors
    /// When a mail is not taken, or nothing is heard of it.
    pub fn deliver(&self, recipients: &[String]) -> Result<HashMap<String, Delivery>> {
        self.send(recipients)?;
        self.deliveries(recipients)
    }

    /// Waits until something was logged about a delivery to each recipient, and returns the first such thing.
    ///
    /// # Errors
    /// When nothing is heard of one.
    pub fn deliveries(&self, recipients: &[String]) -> Result<HashMap<String, Delivery>> {
        wait_for("delivery of every mail", || {
            let mut found = HashMap::new();
            for delivery in Delivery::read(&self.postfix.log().lines()?) {
                found.entry(delivery.recipient.clone()).or_insert(delivery);
            }
            found.retain(|recipient, _| recipients.contains(recipient));
            Ok((found.len() == recipients.len()).then_some(found))
        })
    }

    /// Empties the queue.
    ///
    /// # Errors
    /// When Postfix does not let us.
    pub fn empty_queue(&self) -> Result<()> {
        run(self.postfix.command("postsuper").args(["-d", "ALL"]))
    }

    /// Puts a policy table written by hand in force.
    ///
    /// # Errors
    /// When the configuration cannot be changed.
    pub fn install_table(&self, text: &str) -> Result<()> {
        self.postfix.site().write("/lab/tx/table", text)?;
        self.changing(|| {
            run(self
                .postfix
                .command("postconf")
                .args(["-e", "smtp_tls_policy_maps = texthash:/lab/tx/table"]))?;
            self.postfix.reload()
        })
    }

    /// Has Postfix ask a policy daemon through the socketmap `map`, with DNSSEC in force, as the daemon's manual says.
    ///
    /// # Errors
    /// When the configuration cannot be changed.
    pub fn ask(&self, address: SocketAddr, map: &str) -> Result<()> {
        self.changing(|| {
            self.postfix.set("smtp_dns_support_level", "dnssec")?;
            self.postfix.set("smtp_tls_dane_insecure_mx_policy", "dane")?;
            // The name that it proves the resolver by; ours has no root.
            self.postfix.set("dnssec_probe", "ns:test")?;
            self.postfix.set("smtp_tls_policy_maps", &format!("socketmap:inet:{address}:{map}"))?;
            self.postfix.reload()
        })
    }

    /// Takes any policy table out of force.
    ///
    /// # Errors
    /// When the configuration cannot be changed.
    pub fn remove_table(&self) -> Result<()> {
        self.changing(|| {
            self.postfix.unset("smtp_tls_policy_maps")?;
            self.postfix.reload()
        })
    }

    /// Lets `change` reload the configuration, and waits until no client process works by the old one.
    ///
    /// # Errors
    /// When `change` fails, or a process does not end.
    pub fn changing<T>(&self, change: impl FnOnce() -> Result<T>) -> Result<T> {
        let old = client_processes()?;
        let result = change()?;
        wait_for_end(&old)?;
        Ok(result)
    }

    /// The same for a change that may turn out to be none: `change` tells whether Postfix was reloaded.
    ///
    /// # Errors
    /// As [`Sender::changing`].
    pub fn perhaps_changing<T>(&self, change: impl FnOnce() -> Result<(T, Reloaded)>) -> Result<T> {
        let old = client_processes()?;
        let (result, reloaded) = change()?;
        if reloaded == Reloaded::Yes {
            wait_for_end(&old)?;
        }
        Ok(result)
    }

    /// The instance.
    pub fn postfix(&self) -> &Postfix {
        &self.postfix
    }
}

/// Whether Postfix read its configuration anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reloaded {
    /// It did.
    Yes,
    /// It goes on as it was.
    No,
}

fn wait_for_end(old: &[String]) -> Result<()> {
    wait_for("end of the old client processes", || {
        let now = client_processes()?;
        Ok(old.iter().all(|id| !now.contains(id)).then_some(()))
    })
}

/// The process ids of all smtp(8) clients in this network; only the sender has any.
fn client_processes() -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        // A process may end while we look.
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.trim_end() == "smtp" {
            ids.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(ids)
}
