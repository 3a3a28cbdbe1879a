//! PostgreSQL in a tree of its own: the store that several daemons share.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Result, ensure};
use starttls_testkit::ca::Identity;

use crate::log::wait_for;
use crate::network::{output, run};
use crate::site::Site;
use crate::tree::Tree;

/// The server's user and group in the tree; it refuses to be root.
const USER: (u32, u32) = (102, 104);

/// Where the package has its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// Where a client finds it. Nobody needs a password in a sealed network.
pub const URL: &str = "postgres://starttls@127.0.0.1/starttls";

/// A cluster, and its server while it runs; it ends when this goes.
#[derive(Debug)]
pub struct Postgres {
    tree: Tree,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster with an empty database and starts its server.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(trees: &Path, site: &Site) -> Result<Self> {
        Self::start_with(trees, site, None)
    }

    /// The same for a server that talks to nobody but over TLS, and shows this identity.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_with_tls(trees: &Path, site: &Site, identity: &Identity) -> Result<Self> {
        Self::start_with(trees, site, Some(identity))
    }

    fn start_with(trees: &Path, site: &Site, identity: Option<&Identity>) -> Result<Self> {
        let tree = Tree::mount(trees, "postgres", site)?;
        let directory = site.outside("/lab/postgres");
        fs::create_dir_all(&directory)?;
        chown(&directory, Some(USER.0), Some(USER.1))?;
        let mut postgres = Self { tree, server: None };
        run(postgres
            .command("initdb")
            .args(["--pgdata=/lab/postgres/data", "--no-sync", "--auth=trust", "--username=starttls"])
            .args(["--encoding=UTF8", "--locale=C"]))?;
        if let Some(identity) = identity {
            demand_tls(site, identity)?;
        }
        postgres.resume()?;
        run(postgres.client().args(["--dbname=postgres", "--command=CREATE DATABASE starttls"]))?;
        Ok(postgres)
    }

    /// Ends the server at once, as a power cut does; what it stored stays.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            run(Command::new("kill").args(["-QUIT", &server.id().to_string()]))?;
            server.wait()?;
        }
        Ok(())
    }

    /// Starts the server again, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&mut self) -> Result<()> {
        self.stop()?;
        let log =
            fs::File::options().create(true).append(true).open(self.tree.root().join("lab/postgres/log"))?;
        let mut command = self.command("postgres");
        command.args(["-D", "/lab/postgres/data", "-k", "/lab/postgres", "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "fsync=off", "-c", "jit=off", "-c", "shared_buffers=16MB"]);
        let command = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.server = Some(command.spawn()?);
        wait_for("database", || {
            let asked = run(self.client().args(["--dbname=postgres", "--command=SELECT 1"]));
            Ok(asked.ok())
        })
    }

    /// Waits until a daemon has written down that it learnt a policy of this domain.
    ///
    /// # Errors
    /// When none does.
    pub fn wait_for_policy(&self, domain: &str) -> Result<()> {
        wait_for(&format!("policy of {domain} in the database"), || {
            Ok((self.policies(domain)? == "1").then_some(()))
        })
    }

    /// Complains if a daemon has written down that it learnt a policy of this domain.
    ///
    /// # Errors
    /// When one has.
    pub fn expect_no_policy(&self, domain: &str) -> Result<()> {
        ensure!(self.policies(domain)? == "0", "a policy of {domain} is in the database");
        Ok(())
    }

    /// How many policies of this domain there are.
    fn policies(&self, domain: &str) -> Result<String> {
        let question = format!("--command=SELECT count(*) FROM learned_policies WHERE domain = '{domain}'");
        let mut client = self.client();
        client.args(["--dbname=starttls", "--tuples-only", "--no-align", &question]);
        Ok(output(&mut client)?.trim().to_owned())
    }

    fn client(&self) -> Command {
        let mut command = self.tree.command(&format!("{PROGRAMS}/psql"));
        command.args(["--no-psqlrc", "--quiet", "--host=127.0.0.1", "--username=starttls"]);
        command
    }

    /// One of its programs, run as its user.
    fn command(&self, program: &str) -> Command {
        let (user, group) = USER;
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={user}:{group}")).arg(self.tree.root());
        command.arg(format!("{PROGRAMS}/{program}"));
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin").env("LC_ALL", "C");
        command
    }
}

/// Has the server show this identity, and refuse whoever comes without TLS.
fn demand_tls(site: &Site, identity: &Identity) -> Result<()> {
    let chain = "/lab/postgres/data/server.pem";
    site.write(chain, &identity.pem())?;
    // It refuses a key that others can read.
    let outside = site.outside(chain);
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o600))?;
    chown(&outside, Some(USER.0), Some(USER.1))?;
    let settings = "/lab/postgres/data/postgresql.conf";
    let tls = format!("ssl = on\nssl_cert_file = '{chain}'\nssl_key_file = '{chain}'\n");
    site.write(settings, &(site.read(settings)? + &tls))?;
    site.write("/lab/postgres/data/pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n")
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
