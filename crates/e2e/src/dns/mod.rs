//! DNS of the lab: NSD serves the zones, Unbound validates them and answers every server.

mod question;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use self::question::ask;
use crate::log::wait_for;
use crate::names::{Names, Signing};
use crate::network::{output, run};
use crate::site::Site;
use crate::tree::Tree;

/// Where NSD serves the zones.
pub const AUTHORITY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 54);

/// Where Unbound answers.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// The port of NSD: not 53, so that nobody asks it by accident.
const AUTHORITY_PORT: u16 = 5300;

/// A record of each zone that tells which change of it is served.
const EDITION: &str = "edition";

/// What the resolver does with signatures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Validation {
    /// It verifies them.
    Verifies,
    /// It passes them on unread, as many do.
    Ignores,
}

/// The running servers; they end when this goes.
#[derive(Debug)]
pub struct Dns {
    tree: Tree,
    site: Site,
    names: Names,
    /// The keys of each signed zone: for keys and for records.
    keys: HashMap<String, [String; 2]>,
    edition: u32,
    authority: Child,
    resolver: Option<Child>,
}

impl Dns {
    /// Signs and serves `names`, and waits until the resolver answers for each zone.
    ///
    /// # Errors
    /// When a key cannot be made, a zone is refused, or a server does not come up.
    pub fn start(tree: &Tree, site: &Site, names: Names) -> Result<Self> {
        let mut keys = HashMap::new();
        let mut anchors = String::new();
        for (zone, signing) in names.zones() {
            site.write(&zone_file(zone.origin()), zone.text())?;
            if *signing != Signing::Unsigned {
                let (pair, anchor) = make_keys(tree, site, zone.origin())?;
                let is_trusted = *signing == Signing::Signed;
                anchors += &if is_trusted { anchor } else { make_keys(tree, site, zone.origin())?.1 };
                sign(tree, zone.origin(), &pair)?;
                damage(site, &names, zone.origin())?;
                keys.insert(zone.origin().to_owned(), pair);
            }
        }
        site.write("/lab/dns/anchors", &anchors)?;
        site.write("/lab/dns/nsd.conf", &authority_settings(&names))?;
        // Without `trust-ad` the resolver library would hide the answer's AD bit from the mail server.
        site.write("/lab/resolv.conf", &format!("nameserver {RESOLVER}\noptions trust-ad edns0\n"))?;
        site.write("/lab/hosts", "127.0.0.1 localhost\n")?;
        let authority =
            tree.shell("exec nsd -d -c /lab/dns/nsd.conf 2>/lab/dns/nsd.err").stdin(Stdio::null()).spawn()?;
        let (tree, site) = (tree.clone(), site.clone());
        let mut dns = Self { tree, site, names, keys, edition: 0, authority, resolver: None };
        dns.start_resolver(Validation::Verifies)?;
        Ok(dns)
    }

    /// Changes what is served, and waits until nobody is told anything else.
    ///
    /// # Errors
    /// When a zone is refused, or a server does not obey.
    pub fn change(&mut self, change: impl FnOnce(&mut Names) -> Result<()>) -> Result<()> {
        let before = self.names.clone();
        change(&mut self.names)?;
        let changed = self.names.changed_since(&before);
        self.edition += 1;
        let edition = format!("edition {}.", self.edition);
        for origin in &changed {
            let name = format!("{EDITION}.{origin}");
            let zone = self.names.zone(&name)?;
            zone.remove(&name, "TXT");
            zone.txt(&name, &edition);
            self.site.write(&zone_file(origin), zone.text())?;
            if let Some(pair) = self.keys.get(origin) {
                sign(&self.tree, origin, pair)?;
                damage(&self.site, &self.names, origin)?;
            }
        }
        run(Command::new("kill").args(["-HUP", &self.authority.id().to_string()]))?;
        for origin in &changed {
            wait_for(&format!("new zone {origin}"), || {
                let authority = SocketAddrV4::new(AUTHORITY, AUTHORITY_PORT);
                let response = ask(authority, &format!("{EDITION}.{origin}"), 16).ok();
                Ok(response.filter(|response| response.holds(&edition)))
            })?;
        }
        if self.resolver.is_some() {
            run(&mut self.tree.shell("unbound-control -q -c /lab/dns/unbound.conf flush_zone ."))?;
        }
        Ok(())
    }

    /// Kills the resolver, if it runs: nobody answers at its address.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn stop_resolver(&mut self) -> Result<()> {
        if let Some(mut resolver) = self.resolver.take() {
            resolver.kill()?;
            resolver.wait()?;
        }
        Ok(())
    }

    /// Starts the resolver, in place of any that runs, with an empty cache, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_resolver(&mut self, validation: Validation) -> Result<()> {
        self.stop_resolver()?;
        self.site.write("/lab/dns/unbound.conf", &resolver_settings(&self.names, validation))?;
        let mut command = self.tree.shell("exec unbound -d -c /lab/dns/unbound.conf 2>>/lab/dns/unbound.err");
        self.resolver = Some(command.stdin(Stdio::null()).spawn()?);
        for (zone, signing) in self.names.zones() {
            let origin = zone.origin();
            let response = wait_for(&format!("response for {origin}"), || {
                let response = ask(SocketAddrV4::new(RESOLVER, 53), origin, 6).ok();
                // A server that just begins to listen may not have found the authority yet.
                let is_bogus = *signing == Signing::Bogus && validation == Validation::Verifies;
                Ok(response.filter(|response| (response.code == 0) != is_bogus))
            })?;
            let expected = *signing == Signing::Signed && validation == Validation::Verifies;
            ensure!(response.is_verified == expected, "the resolver takes {origin} for something else");
        }
        Ok(())
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        for server in [&mut self.authority].into_iter().chain(&mut self.resolver) {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn zone_file(origin: &str) -> String {
    format!("/lab/dns/{origin}.zone")
}

/// Makes the keys of a zone, and returns their names and the DS record of the first.
fn make_keys(tree: &Tree, site: &Site, origin: &str) -> Result<([String; 2], String)> {
    let keygen = "ldns-keygen -r /dev/urandom -a ECDSAP256SHA256";
    let line = format!("cd /lab/dns; {keygen} -k {origin}; {keygen} {origin}");
    let names = output(&mut tree.shell(&line))?;
    let mut names = names.lines().map(str::to_owned);
    let pair = [names.next().context("no key")?, names.next().context("no key")?];
    let anchor = site.read(&format!("/lab/dns/{}.ds", pair[0]))?;
    Ok((pair, anchor))
}

/// Signs a zone in place.
fn sign(tree: &Tree, origin: &str, [key_key, zone_key]: &[String; 2]) -> Result<()> {
    let file = zone_file(origin);
    run(&mut tree.shell(&format!("cd /lab/dns; ldns-signzone -f {file} {file} {key_key} {zone_key}")))
}

/// Damages the signatures that are to be, in a zone that is signed.
fn damage(site: &Site, names: &Names, origin: &str) -> Result<()> {
    for (name, kind) in names.damaged_in(origin).into_iter().flatten() {
        let text = site.read(&zone_file(origin))?;
        let is_meant = |line: &str| {
            let mut fields = line.split_whitespace();
            let (owner, record, covered) = (fields.next(), fields.nth(2), fields.next());
            (owner, record, covered) == (Some(&format!("{name}.")), Some("RRSIG"), Some(kind))
        };
        ensure!(text.lines().any(is_meant), "no signature of {name} {kind}");
        let lines = text.lines().map(|line| if is_meant(line) { forged(line) } else { line.to_owned() });
        site.write(&zone_file(origin), &(lines.collect::<Vec<_>>().join("\n") + "\n"))?;
    }
    Ok(())
}

/// The same signature but for its first letter.
fn forged(signature: &str) -> String {
    let (front, letters) = signature.trim_end().rsplit_once(' ').unwrap_or(("", signature));
    let (first, rest) = letters.split_at(1);
    format!("{front} {}{rest}", if first == "A" { "B" } else { "A" })
}

fn authority_settings(names: &Names) -> String {
    let mut text = format!(
        "server:\n ip-address: {AUTHORITY}@{AUTHORITY_PORT}\n username: \"\"\n database: \"\"\n\
         zonesdir: \"/lab/dns\"\n pidfile: \"/lab/dns/nsd.pid\"\n xfrdfile: \"/lab/dns/xfrd.state\"\n\
         zonelistfile: \"/lab/dns/zone.list\"\n xfrdir: \"/lab/dns\"\n server-count: 1\n\
         remote-control:\n control-enable: no\n"
    );
    for origin in names.zones().iter().map(|(zone, _)| zone.origin()) {
        let _ = write!(text, "zone:\n name: \"{origin}\"\n zonefile: \"{}\"\n", zone_file(origin));
    }
    text
}

fn resolver_settings(names: &Names, validation: Validation) -> String {
    let modules = match validation {
        Validation::Verifies => "validator iterator",
        Validation::Ignores => "iterator",
    };
    let mut text = format!(
        "server:\n interface: {RESOLVER}\n username: \"\"\n chroot: \"\"\n directory: \"/lab/dns\"\n\
         pidfile: \"/lab/dns/unbound.pid\"\n use-syslog: no\n do-daemonize: no\n num-threads: 1\n\
         do-not-query-localhost: no\n qname-minimisation: no\n trust-anchor-file: \"/lab/dns/anchors\"\n \
         module-config: \"{modules}\"\n"
    );
    for (zone, signing) in names.zones() {
        // RFC 6761 §6.2: `test` would be answered locally otherwise.
        let _ = writeln!(text, " local-zone: \"{}.\" nodefault", zone.origin());
        if *signing == Signing::Unsigned {
            let _ = writeln!(text, " domain-insecure: \"{}.\"", zone.origin());
        }
    }
    text += "remote-control:\n control-enable: yes\n control-interface: /lab/dns/control\n control-use-cert: no\n";
    for (zone, _) in names.zones() {
        let _ = writeln!(
            text,
            "stub-zone:\n name: \"{}.\"\n stub-addr: {AUTHORITY}@{AUTHORITY_PORT}",
            zone.origin()
        );
    }
    text
}
