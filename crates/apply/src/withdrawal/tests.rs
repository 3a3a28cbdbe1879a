//! The withdrawal timer: there after activation, gone after removal, never read otherwise than meant.

use std::fs;

use super::*;

fn command() -> Command {
    let words = ["/usr/bin/starttls", "withdraw", "--record", "/etc/postfix/starttls"];
    Command::new(words.map(str::to_owned)).unwrap()
}

/// A `systemctl` that notes how it was called, and says that nothing is active before it was enabled.
fn systemd(holder: &Path) -> Scheduler {
    let (units, tools) = (holder.join("units"), holder.join("tools"));
    fs::create_dir_all(&units).unwrap();
    fs::create_dir_all(&tools).unwrap();
    let calls = holder.join("calls");
    let body = format!(
        "echo \"$@\" >> {calls}\n[ \"$1\" != is-active ] || grep -q ^enable {calls}",
        calls = calls.display()
    );
    crate::fake::script(&tools.join("systemctl"), &body);
    Scheduler::Systemd { units, commands: Commands::in_directory(tools) }
}

#[test]
fn systemd_hears_of_a_new_timer_once() {
    let holder = starttls_testkit::world::directory().unwrap();
    let scheduler = systemd(holder.path());
    assert_eq!(scheduler.install(NAME, &command()).unwrap(), Installed::Now);
    let service = fs::read_to_string(holder.path().join("units/starttls-withdraw.service")).unwrap();
    assert!(service.contains("ExecStart=/usr/bin/starttls withdraw --record /etc/postfix/starttls\n"));
    let timer = fs::read_to_string(holder.path().join("units/starttls-withdraw.timer")).unwrap();
    assert!(timer.contains("OnCalendar=*:0/15\n") && timer.contains("Persistent=true\n"));
    assert_eq!(scheduler.install(NAME, &command()).unwrap(), Installed::Before);
    let calls = fs::read_to_string(holder.path().join("calls")).unwrap();
    let timer = "starttls-withdraw.timer";
    assert_eq!(calls, format!("daemon-reload\nenable --now {timer}\nis-active --quiet {timer}\n"));
}

#[test]
fn systemd_forgets_a_removed_timer() {
    let holder = starttls_testkit::world::directory().unwrap();
    let scheduler = systemd(holder.path());
    scheduler.install(NAME, &command()).unwrap();
    scheduler.remove(NAME).unwrap();
    assert_eq!(fs::read_dir(holder.path().join("units")).unwrap().count(), 0);
    assert!(fs::read_to_string(holder.path().join("calls")).unwrap().contains("disable --now"));
    scheduler.remove(NAME).unwrap();
}

#[test]
fn cron_gets_a_table_that_it_reads() {
    let holder = starttls_testkit::world::directory().unwrap();
    let scheduler = Scheduler::Cron { tables: holder.path().to_owned() };
    assert_eq!(scheduler.install(NAME, &command()).unwrap(), Installed::Now);
    assert_eq!(scheduler.install(NAME, &command()).unwrap(), Installed::Before);
    let table = fs::read_to_string(holder.path().join("starttls-withdraw")).unwrap();
    assert!(table.ends_with("*/15 * * * * root /usr/bin/starttls withdraw --record /etc/postfix/starttls\n"));
    scheduler.remove(NAME).unwrap();
    assert_eq!(fs::read_dir(holder.path()).unwrap().count(), 0);
}

#[test]
fn words_that_a_scheduler_could_misread_are_refused() {
    for word in ["", "a b", "50%", "$HOME", "a;b", "a\nb", "\"a\"", "a\\b", "ä"] {
        let refused = Command::new(["/usr/bin/starttls".to_owned(), word.to_owned()]);
        assert!(matches!(refused, Err(TimerError::Word { .. })), "{word:?}");
    }
}

#[test]
fn machine_is_told_by_what_is_there() {
    let root = starttls_testkit::world::directory().unwrap();
    assert!(Scheduler::below(root.path()).is_none());
    fs::create_dir_all(root.path().join("etc/cron.d")).unwrap();
    assert_eq!(Scheduler::below(root.path()).unwrap().name(), "cron");
    fs::create_dir_all(root.path().join("run/systemd/system")).unwrap();
    assert_eq!(Scheduler::below(root.path()).unwrap().name(), "systemd");
}

#[test]
fn every_output_directory_has_a_timer_of_its_own() {
    assert_eq!(name_for(Path::new("/etc/postfix/starttls")), NAME);
    let [one, other] =
        ["/etc/postfix-out/starttls", "/etc/postfix-in/starttls"].map(|path| name_for(Path::new(path)));
    assert!(one != other && one.starts_with("starttls-withdraw-") && !one.contains('.'), "{one} {other}");
}

#[test]
fn fault_no_number_of_failed_runs_ends_the_timer() {
    let command = command();
    for unit in [super::systemd::service(&command), super::systemd::timer()] {
        let (head, _) = unit.split_once("\n\n").unwrap();
        assert!(head.contains("\nStartLimitIntervalSec=0"), "{unit}");
    }
}
