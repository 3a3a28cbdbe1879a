//! The policy hosts: an nginx with a certificate for each, which serves MTA-STS policies well or badly, and a server that
//! takes connections and says nothing.
//!
//! Spec: RFC 8461 §3.2 (the policy), §3.3 (how it is served).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::process::{Child, Stdio};
use std::thread;

use anyhow::{Context as _, Result};
use starttls_testkit::ca::{Authority, Validity};

use crate::log::{Log, wait_for};
use crate::names::Names;
use crate::network::output;
use crate::site::Site;
use crate::tree::Tree;

/// Where nginx listens, on port 443.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 80);

/// Where nobody says anything, whatever the port.
const SILENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 81);

/// Where nginx gets what it never gets.
const SILENT_PORT: u16 = 80;

/// The longest policy that anybody reads (RFC 8461 §3.3 suggests it).
const LIMIT_BYTES: usize = 64 * 1024;

/// How a policy host serves a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Serving {
    /// As it should.
    Well,
    /// With a certificate for another name.
    OtherName,
    /// With a certificate of an authority that nobody trusts.
    OtherAuthority,
    /// With a certificate that has expired.
    Expired,
    /// By sending the client elsewhere on the same host.
    Redirected,
    /// Status 404.
    Missing,
    /// As `text/html`.
    Html,
    /// One byte longer than the limit.
    TooLong,
    /// One byte a second.
    Dripping,
    /// Not at all: it takes the request and says nothing.
    Stalled,
    /// Not at all: it takes the connection and says nothing.
    Hanging,
}

/// A policy and whose it is.
#[derive(Clone, Debug)]
pub struct Published {
    /// The policy domain.
    pub domain: String,
    /// The text.
    pub text: String,
    /// How it is served.
    pub serving: Serving,
}

impl Published {
    /// A policy that is served well.
    pub fn new(domain: &str, mode: &str, mx: &[&str]) -> Self {
        Self { domain: domain.to_owned(), text: policy(mode, mx), serving: Serving::Well }
    }

    /// The same, served so.
    #[must_use]
    pub fn served(self, serving: Serving) -> Self {
        Self { serving, ..self }
    }

    /// Puts into the DNS what leads to it.
    ///
    /// # Errors
    /// When the domain is in no zone.
    pub fn announce(&self, names: &mut Names) -> Result<()> {
        names.announce(&self.domain, "1")?;
        let address = if self.serving == Serving::Hanging { SILENT } else { ADDRESS };
        names.a(&format!("mta-sts.{}", self.domain), address)
    }
}

/// The text of a policy that lasts a week.
pub fn policy(mode: &str, mx: &[&str]) -> String {
    let mut text = format!("version: STSv1\r\nmode: {mode}\r\nmax_age: 604800\r\n");
    for pattern in mx {
        let _ = write!(text, "mx: {pattern}\r\n");
    }
    text
}

/// The running server; it ends when this goes.
#[derive(Debug)]
pub struct PolicyHost {
    tree: Tree,
    site: Site,
    server: Option<Child>,
}

impl PolicyHost {
    /// Starts it with these policies.
    ///
    /// # Errors
    /// When a certificate cannot be made, or the server does not come up.
    pub fn start(
        tree: &Tree,
        site: &Site,
        trusted: &Authority,
        other: &Authority,
        policies: &[Published],
    ) -> Result<Self> {
        let mut servers = String::new();
        for Published { domain, text, serving } in policies {
            let host = format!("mta-sts.{domain}");
            let identity = match serving {
                Serving::OtherName => trusted.sign(&[domain.as_str()], Validity::Current),
                Serving::OtherAuthority => other.sign(&[host.as_str()], Validity::Current),
                Serving::Expired => trusted.sign(&[host.as_str()], Validity::Expired),
                _ => trusted.sign(&[host.as_str()], Validity::Current),
            }?;
            site.write(&format!("/lab/web/{host}.pem"), &identity.pem())?;
            servers += &server(&host, *serving);
            let length = if *serving == Serving::TooLong { LIMIT_BYTES + 1 } else { 0 };
            let padding = "\n".repeat(length.saturating_sub(text.len()));
            write(site, domain, &format!("{text}{padding}"))?;
        }
        site.write("/lab/web/nginx.conf", &settings(&servers))?;
        for port in [443, SILENT_PORT] {
            let listener = TcpListener::bind(SocketAddrV4::new(SILENT, port))?;
            // Connections are kept, for to close one would be an answer.
            thread::spawn(move || listener.incoming().collect::<Vec<_>>());
        }
        let mut host = Self { tree: tree.clone(), site: site.clone(), server: None };
        host.resume()?;
        Ok(host)
    }

    /// Serves another policy for a domain that has one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn publish(&self, domain: &str, text: &str) -> Result<()> {
        write(&self.site, domain, text)
    }

    /// Kills the server: connections are refused.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Starts the server again.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&mut self) -> Result<()> {
        self.stop()?;
        let test = "nginx -t -q -c /lab/web/nginx.conf 2>&1 || true";
        let complaint = output(&mut self.tree.shell(test))?;
        anyhow::ensure!(!complaint.contains("[emerg]"), "{complaint}");
        let mut command = self.tree.shell("exec nginx -c /lab/web/nginx.conf");
        self.server = Some(command.stdin(Stdio::null()).spawn()?);
        wait_for("policy host", || {
            Ok(std::net::TcpStream::connect(SocketAddrV4::new(ADDRESS, 443)).ok().map(drop))
        })
    }

    /// How often the policy of a domain was asked for so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn count(&self, domain: &str) -> Result<usize> {
        let start = format!("mta-sts.{domain} ");
        let lines = Log::at(&self.site.outside("/lab/web/access.log")).lines()?;
        Ok(lines.iter().filter(|line| line.starts_with(&start)).count())
    }
}

impl Drop for PolicyHost {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn write(site: &Site, domain: &str, text: &str) -> Result<()> {
    site.write(&format!("/lab/web/mta-sts.{domain}/.well-known/mta-sts.txt"), text)
        .with_context(|| format!("policy of {domain}"))
}

fn settings(servers: &str) -> String {
    format!(
        "user root;\ndaemon off;\nmaster_process off;\npid /lab/web/nginx.pid;\n\
         error_log /lab/web/error.log info;\nevents {{}}\nhttp {{\n\
         log_format lab '$ssl_server_name $request_uri $status';\naccess_log /lab/web/access.log lab;\n\
         server_names_hash_bucket_size 128;\nserver_names_hash_max_size 4096;\ntypes {{}}\ndefault_type text/plain;\n\
         client_body_temp_path /lab/web/tmp;\nproxy_temp_path /lab/web/tmp;\nfastcgi_temp_path /lab/web/tmp;\n\
         uwsgi_temp_path /lab/web/tmp;\nscgi_temp_path /lab/web/tmp;\n\
         server {{ listen {ADDRESS}:443 ssl default_server; ssl_reject_handshake on; }}\n{servers}}}\n"
    )
}

fn server(host: &str, serving: Serving) -> String {
    let manner = match serving {
        Serving::Well
        | Serving::OtherName
        | Serving::OtherAuthority
        | Serving::Expired
        | Serving::TooLong
        | Serving::Hanging => String::new(),
        Serving::Redirected => {
            "location = /.well-known/mta-sts.txt { return 302 /moved/.well-known/mta-sts.txt; }\n\
             location /moved/ { rewrite ^/moved(.*)$ $1 break; }\n"
                .to_owned()
        }
        Serving::Missing => "location / { return 404; }\n".to_owned(),
        Serving::Html => "default_type text/html;\n".to_owned(),
        Serving::Dripping => "limit_rate 1;\n".to_owned(),
        Serving::Stalled => format!("location / {{ proxy_pass http://{SILENT}:{SILENT_PORT}; }}\n"),
    };
    format!(
        "server {{ listen {ADDRESS}:443 ssl; server_name {host}; root /lab/web/{host};\n\
         ssl_certificate /lab/web/{host}.pem; ssl_certificate_key /lab/web/{host}.pem;\n{manner}}}\n"
    )
}
