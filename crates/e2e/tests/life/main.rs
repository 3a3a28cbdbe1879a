//! The whole life of a signed list, with the program as people run it: three organisations sign, two witnesses watch, a
//! mirror serves over HTTPS, a mail server obeys; a relax order, a rotated root, a frozen mirror until withdrawal and
//! recovery, and attacks that are refused.
//!
//! `./test e2e life` plays it and prints every command line. Days pass by `libfaketime`, in the program alone.

mod activation;
mod attacks;
mod maintainers;
mod operator;

use anyhow::{Result, ensure};
use starttls_e2e::lab::Lab;
use starttls_e2e::network::sealed;
use starttls_e2e::program::later_library_outside;
use starttls_e2e::sender::Sender;
use starttls_e2e::tree::Tree;
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::https::Server;

use maintainers::Maintainers;
use operator::Operator;

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

const MAIL: &[(&str, &[(u16, &str)])] =
    &[("good.test", &[(10, "good.mx.test")]), ("absent.test", &[(10, "absent.mx.test")])];

#[test]
#[ignore = "needs unpacked servers: run `./test e2e`"]
fn bookworm_list_lives_from_keys_to_recovery() -> Result<()> {
    sealed("bookworm_list_lives_from_keys_to_recovery", |trees, site| {
        let lab = Lab::build(trees, &site, |names| names.mail(MAIL))?;
        let tree = Tree::mount(trees, "bookworm", &site)?;
        let sender = Sender::start(&tree, &site)?;
        let authority = Authority::new("Mirror Root")?;
        site.write("/lab/mirror-ca.pem", &authority.pem())?;
        let mirror = Server::start(&authority.sign(&["127.0.0.1"], Validity::Current)?)?;
        let library = later_library_outside(tree.root())?;
        let mut maintainers = Maintainers::meet(&site.outside("/lab/maintainers"), &library)?;
        mirror.directory(&maintainers.public());
        let mut operator = Operator::new(&tree, &site, &sender, &mirror)?;
        let result = play(&mut maintainers, &mut operator, &mirror);
        drop(lab);
        result
    })
}

fn play(maintainers: &mut Maintainers, operator: &mut Operator<'_>, mirror: &Server) -> Result<()> {
    chapter("Three organisations make keys and a root, and publish a first list that two of them signed");
    maintainers.make_root(&["alpha", "beta", "gamma"])?;
    maintainers.publish_list(1, &["good.test", "absent.test"], &["alpha", "beta"])?;
    let yesterday = attacks::copy(&maintainers.public(), "yesterday")?;

    chapter(
        "An operator pins the root; before the first update, mail to a server without STARTTLS goes out readable",
    );
    operator.pin(maintainers)?;
    operator.expect_cleartext("before@absent.test")?;

    chapter("The first update puts the list into force, and the next one is quiet");
    operator.update(0)?;
    operator.expect_deferred("after@absent.test")?;
    operator.expect_verified("after@good.test")?;
    ensure!(operator.update(0)?.is_empty(), "an update without news is not quiet");
    operator.status("fresh", 0)?;

    chapter("A relax order of one organisation lets mail through for some days, and says so");
    maintainers.relax("gamma", "absent.test")?;
    operator.update(0)?;
    operator.expect_cleartext("relaxed@absent.test")?;
    operator.why("absent.test", "gamma")?;
    maintainers.cancel_relax("beta")?;
    operator.update(0)?;
    operator.expect_deferred("cancelled@absent.test")?;

    chapter("The root is rotated: gamma leaves, delta comes; the operator does nothing");
    maintainers.rotate_root(&["alpha", "beta", "delta"])?;
    maintainers.publish_list(2, &["good.test", "absent.test"], &["beta", "delta"])?;
    operator.update(0)?;
    operator.status("fresh", 0)?;

    chapter("Attacks: each is refused, and the last good list stays in force");
    for attack in attacks::all(&maintainers.public(), &yesterday)? {
        println!("  - {}", attack.name);
        mirror.directory(&attack.directory);
        operator.expect_refused(attack.says)?;
        operator.expect_deferred(&format!("{}@absent.test", attack.name))?;
    }
    mirror.directory(&maintainers.public());
    operator.update(0)?;

    chapter("The mirror freezes: nobody refreshes it. The list ages, and says so, and is still enforced");
    operator.pass_days(10);
    let words = operator.update(1)?;
    ensure!(words.contains("ends"), "no countdown: {words}");
    operator.status("ageing", 0)?;
    operator.expect_deferred("ageing@absent.test")?;

    chapter("After a month it has ended; the updater is dead, and the withdrawal timer takes the policy out");
    operator.pass_days(25);
    operator.status("ended", 4)?;
    let words = operator.withdraw(3)?;
    ensure!(words.contains("has expired"), "the alert does not say why: {words}");
    operator.expect_cleartext("withdrawn@absent.test")?;
    operator.update(3)?;

    chapter("The maintainers refresh the cosignatures, and the policy comes back by itself");
    maintainers.pass_days(35);
    maintainers.refresh()?;
    operator.update(0)?;
    operator.status("fresh", 0)?;
    operator.expect_deferred("recovered@absent.test")
}

fn chapter(title: &str) {
    println!("\n=== {title}");
}
