use std::fs;
use std::os::unix::fs::symlink;

use starttls_discover::{LiveSettings, Probe};
use starttls_net::policy_host::PolicyHostSettings;
use tempfile::TempDir;

use super::*;
use crate::settings::Settings;

/// A directory for a resolv.conf, and who follows it.
fn files() -> (TempDir, Files) {
    let place = starttls_testkit::world::directory().unwrap();
    let live = Live::new(LiveSettings {
        resolver: starttls_net::dns::ResolverSettings::default(),
        policy_host: PolicyHostSettings::default(),
        probe: Probe::default(),
    });
    let mut files = Files::new(live, &Settings::default().daemon, &place.path().join("resolv.conf"));
    // Certificates are another matter, and the system's may be missing.
    files.roots = Roots::Only(Vec::new());
    (place, files)
}

fn servers(files: &Files) -> Vec<String> {
    files.live.servers().iter().map(|server| server.ip().to_string()).collect()
}

#[tokio::test]
async fn fault_15_resolv_conf_that_comes_after_the_start_counts_and_so_does_each_change() {
    let (place, mut files) = files();
    files.look(Read::All).await;
    assert_eq!(servers(&files), ["127.0.0.1"]);
    assert!(!files.look(Read::Changed).await);

    let path = place.path().join("resolv.conf");
    fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
    assert!(files.look(Read::Changed).await);
    assert_eq!(servers(&files), ["192.0.2.1"]);

    // By a link into a directory that is there from now on.
    fs::create_dir(place.path().join("run")).unwrap();
    fs::write(place.path().join("run/stub.conf"), "nameserver 192.0.2.2\nnameserver 192.0.2.3\n").unwrap();
    fs::remove_file(&path).unwrap();
    symlink("run/stub.conf", &path).unwrap();
    assert!(files.look(Read::Changed).await);
    assert_eq!(servers(&files), ["192.0.2.2", "192.0.2.3"]);
    assert!(!files.look(Read::Changed).await);
}

#[tokio::test]
async fn fault_15_resolv_conf_that_goes_or_is_half_written_leaves_the_resolvers_before() {
    let (place, mut files) = files();
    let path = place.path().join("resolv.conf");
    fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
    files.look(Read::All).await;
    fs::remove_file(&path).unwrap();
    assert!(!files.look(Read::Changed).await);
    fs::write(&path, "names").unwrap();
    assert!(!files.look(Read::Changed).await);
    assert_eq!(servers(&files), ["192.0.2.1"]);
    fs::write(&path, "nameserver 192.0.2.9\n").unwrap();
    assert!(files.look(Read::Changed).await);
    assert_eq!(servers(&files), ["192.0.2.9"]);
}

#[tokio::test]
async fn fault_15_certificates_that_change_are_read_and_faulty_ones_are_not_taken() {
    use starttls_testkit::ca::Authority;
    let (place, mut files) = files();
    let path = place.path().join("ca.pem");
    fs::write(&path, Authority::new("One").unwrap().pem()).unwrap();
    files.roots = Roots::Only(vec![path.clone()]);
    files.live = Live::new(LiveSettings {
        resolver: starttls_net::dns::ResolverSettings::default(),
        policy_host: PolicyHostSettings { roots: files.roots.clone(), ..PolicyHostSettings::default() },
        probe: Probe::default(),
    });
    files.look(Read::All).await;
    assert!(!files.look(Read::Changed).await);
    fs::write(&path, Authority::new("Two").unwrap().pem() + "\n").unwrap();
    assert!(files.look(Read::Changed).await);
    fs::write(&path, "no certificate").unwrap();
    assert!(!files.look(Read::Changed).await);
    assert!(files.troubles.lock().unwrap()[ROOTS].is_some());
    fs::write(&path, Authority::new("Three").unwrap().pem() + "\n\n").unwrap();
    assert!(files.look(Read::Changed).await);
}

#[tokio::test]
async fn fault_5_certificates_that_cannot_be_read_are_a_trouble_until_they_are() {
    let place = starttls_testkit::world::directory().unwrap();
    let file = place.path().join("ca.pem");
    let roots = Roots::Only(vec![file.clone()]);
    let live = Live::new(LiveSettings {
        resolver: starttls_net::dns::ResolverSettings::default(),
        policy_host: PolicyHostSettings { roots: roots.clone(), ..PolicyHostSettings::default() },
        probe: Probe::default(),
    });
    let mut files = Files::new(live, &Settings::default().daemon, &place.path().join("resolv.conf"));
    files.roots = roots;
    let trouble = |files: &Files| files.troubles.lock().unwrap()[ROOTS].clone();
    files.look(Read::All).await;
    let words = trouble(&files).unwrap();
    assert!(words.contains("ca.pem") && words.contains("no policy host is trusted"), "{words}");

    fs::write(&file, starttls_testkit::ca::Authority::new("One").unwrap().pem()).unwrap();
    // What failed without them is to be asked anew.
    assert!(files.look(Read::Changed).await);
    assert_eq!(trouble(&files), None);

    fs::remove_file(&file).unwrap();
    assert!(!files.look(Read::Changed).await);
    let words = trouble(&files).unwrap();
    assert!(words.contains("those read before"), "{words}");
}

#[test]
fn fault_resolv_conf_that_leads_out_of_the_sandbox_is_not_blamed_on_its_permissions() {
    let place = starttls_testkit::world::directory().unwrap();
    let path = place.path().join("resolv.conf");
    symlink("/srv/resolver/resolv.conf", &path).unwrap();
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let words = cure(&path, &denied);
    assert!(words.contains("`/srv/resolver/resolv.conf`") && words.contains("sandbox"), "{words}");
    fs::remove_file(&path).unwrap();
    symlink("/run/resolver/resolv.conf", &path).unwrap();
    assert_eq!(cure(&path, &denied), "see to its permissions");
    assert_eq!(cure(&path, &std::io::Error::other("no answer")), "put the right file there");
}

/// Looks, and fails where that waits for a program that writes into one of these pipes.
async fn looked(files: &mut Files, pipes: &[&Path]) {
    let looked = tokio::time::timeout(Duration::from_secs(10), files.look(Read::Changed)).await;
    if looked.is_err() {
        // The thread that waits must end before the test can.
        for pipe in pipes {
            let _ = fs::OpenOptions::new().read(true).write(true).open(pipe);
        }
        panic!("a pipe is waited for");
    }
}

fn make_pipe(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
}

#[tokio::test]
async fn fault_resolv_conf_that_is_no_file_or_too_large_is_a_trouble_and_is_followed_on() {
    let (place, mut files) = files();
    let path = place.path().join("resolv.conf");
    fs::write(&path, "nameserver 192.0.2.1\n").unwrap();
    files.look(Read::All).await;
    let trouble = |files: &Files| files.troubles.lock().unwrap()[RESOLVERS].clone();

    fs::remove_file(&path).unwrap();
    make_pipe(&path);
    looked(&mut files, &[&path]).await;
    let words = trouble(&files).unwrap();
    assert!(words.contains("is not a regular file"), "{words}");

    fs::remove_file(&path).unwrap();
    fs::write(&path, "# filler\n".repeat(400_000) + "nameserver 192.0.2.7\n").unwrap();
    looked(&mut files, &[&path]).await;
    let words = trouble(&files).unwrap();
    assert!(words.contains("bytes"), "{words}");
    assert_eq!(servers(&files), ["192.0.2.1"]);

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    looked(&mut files, &[&path]).await;
    assert!(trouble(&files).unwrap().contains("is not a regular file"));

    fs::remove_dir(&path).unwrap();
    fs::write(&path, "nameserver 192.0.2.9\n").unwrap();
    looked(&mut files, &[&path]).await;
    assert_eq!((servers(&files), trouble(&files)), (vec!["192.0.2.9".to_owned()], None));
}

#[tokio::test]
async fn fault_certificates_that_are_no_file_are_a_trouble_and_are_followed_on() {
    let (place, mut files) = files();
    let path = place.path().join("ca.pem");
    fs::write(&path, starttls_testkit::ca::Authority::new("One").unwrap().pem()).unwrap();
    files.roots = Roots::Only(vec![path.clone()]);
    files.live = Live::new(LiveSettings {
        resolver: starttls_net::dns::ResolverSettings::default(),
        policy_host: PolicyHostSettings { roots: files.roots.clone(), ..PolicyHostSettings::default() },
        probe: Probe::default(),
    });
    files.look(Read::All).await;
    fs::remove_file(&path).unwrap();
    make_pipe(&path);
    looked(&mut files, &[&path]).await;
    assert!(files.troubles.lock().unwrap()[ROOTS].is_some());
}

#[tokio::test]
async fn fault_d3_ca_file_that_is_missing_at_the_start_leaves_the_authorities_of_the_system() {
    use starttls_testkit::ca::Authority;
    let place = tempfile::tempdir().unwrap();
    let (system, named) = (place.path().join("system.pem"), place.path().join("ca.pem"));
    fs::write(&system, Authority::new("System").unwrap().pem()).unwrap();
    let roots = Roots::Only(vec![system.clone(), named.clone()]);
    let live = Live::new(LiveSettings {
        resolver: starttls_net::dns::ResolverSettings::default(),
        policy_host: PolicyHostSettings {
            roots: roots.clone(),
            fallback: Some(Roots::Only(vec![system])),
            ..PolicyHostSettings::default()
        },
        probe: Probe::default(),
    });
    let mut files = Files::new(live, &Settings::default().daemon, &place.path().join("resolv.conf"));
    files.roots = roots;
    let trouble = |files: &Files| files.troubles.lock().unwrap()[ROOTS].clone();
    files.look(Read::All).await;
    let words = trouble(&files).unwrap();
    assert!(words.contains("ca.pem") && words.contains("the system's authorities alone"), "{words}");
    assert!(files.live.prepare().await.is_ok(), "nobody is trusted");

    // The file comes: the domains asked meanwhile are asked anew.
    fs::write(&named, Authority::new("Closed network").unwrap().pem()).unwrap();
    assert!(files.look(Read::Changed).await);
    assert_eq!(trouble(&files), None);
    fs::remove_file(&named).unwrap();
    assert!(!files.look(Read::Changed).await);
    assert!(trouble(&files).unwrap().contains("those read before"));
}
