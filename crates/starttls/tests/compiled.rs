//! A compiled list says what its list says, and one that is not whole says nothing at all.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

const LIST: &str = include_str!("lists/small.json");
const OVERLAY: &str = include_str!("lists/overlay.json");

struct Place(TempDir);

impl Place {
    /// A directory with a list, an overlay, and both compiled.
    fn new() -> Self {
        let place = Self(starttls_testkit::world::directory().unwrap());
        for (name, text) in [("list", LIST), ("overlay", OVERLAY)] {
            fs::write(place.path(&format!("{name}.json")), text).unwrap();
            let (list, index) = (format!("{name}.json"), format!("{name}.index"));
            assert!(place.run(&["list", "compile", &list, "--output", &index]).status.success());
        }
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"));
        command.args(arguments).current_dir(self.0.path()).env("NO_COLOR", "1").output().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FILES: [&str; 4] = ["list.index", "list.json", "overlay.index", "overlay.json"];

#[test]
fn gives_the_same_mail_servers_text_as_its_list() {
    let place = Place::new();
    let generated = |base: &str, overlay: &str| {
        let lists = ["--list", base, "--list", overlay];
        let output =
            place.run(&[&["generate", "--mta", "postfix", "--mta-version", "3.11"], &lists[..]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        // The words on stderr name the files.
        output.stdout
    };
    let want = generated("list.json", "overlay.json");
    assert!(want.len() > 200);
    for (base, overlay) in
        [("list.index", "overlay.index"), ("list.index", "overlay.json"), ("list.json", "overlay.index")]
    {
        assert_eq!(text(&generated(base, overlay)), text(&want), "{base} {overlay}");
    }
}

#[test]
fn answers_for_every_domain_as_its_list_does() {
    let place = Place::new();
    for domain in ["gone", "one", "own", "two", "watched", "weak", "stranger"] {
        let domain = format!("{domain}.example");
        for command in ["query", "why"] {
            let said = |list: &str| {
                let output = place.run(&[command, &domain, "--list", list]);
                text(&output.stdout).replace(list, "LIST")
            };
            let without_the_clock = |text: String| text.split("to relax it").next().unwrap().to_owned();
            assert_eq!(
                without_the_clock(said("list.index")),
                without_the_clock(said("list.json")),
                "{domain}"
            );
        }
    }
}

/// The format is a promise: another program may have made the file, or read it.
#[test]
fn has_the_bytes_that_its_format_says() {
    let place = Place::new();
    let made = fs::read(place.path("list.index")).unwrap();
    assert!(made == include_bytes!("lists/small.index"), "the format changed: give it another number");
    let said = place.run(&["list", "compile", "list.json", "--output", "list.index"]);
    assert_eq!(
        text(&said.stdout),
        format!(
            "list.index: 6 domains in {} bytes; serial 42, ends 2099-12-31T00:00:00Z\n",
            include_bytes!("lists/small.index").len()
        )
    );
    let json = place.run(&["list", "compile", "list.json", "--output", "list.index", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json["domains"].as_u64(), json["serial"].as_u64()), (Some(6), Some(42)));
    assert_eq!(json["list_sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn is_readable_by_all_and_leaves_nothing_beside_it() {
    let place = Place::new();
    assert_eq!(place.names(), FILES);
    let mode = fs::metadata(place.path("list.index")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn is_replaced_whole_or_not_at_all() {
    let place = Place::new();
    let before = fs::read(place.path("list.index")).unwrap();
    fs::write(place.path("broken.json"), &LIST[..LIST.len() / 2]).unwrap();
    let output = place.run(&["list", "compile", "broken.json", "--output", "list.index"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: broken.json:"), "{}", text(&output.stderr));
    assert_eq!(fs::read(place.path("list.index")).unwrap(), before);
    fs::remove_file(place.path("broken.json")).unwrap();
    assert_eq!(place.names(), FILES);
    assert!(place.run(&["list", "compile", "overlay.json", "--output", "list.index"]).status.success());
    assert_eq!(fs::read(place.path("list.index")).unwrap(), fs::read(place.path("overlay.index")).unwrap());
}

#[test]
fn takes_no_other_files_place() {
    let place = Place::new();
    let output = place.run(&["list", "compile", "list.json", "--output", "list.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is no compiled list; remove it"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(place.path("list.json")).unwrap(), LIST);
}

#[test]
fn is_made_of_any_dialect_and_any_order() {
    let place = Place::new();
    for (name, text) in [
        ("2014.json", include_str!("lists/2014.json")),
        ("eff.json", include_str!("lists/eff.json")),
        ("commented.json", &format!("// a comment\n{LIST}")),
    ] {
        fs::write(place.path(name), text).unwrap();
        assert!(place.run(&["list", "compile", name, "--output", "made.index"]).status.success(), "{name}");
        let lines = |list: &str| {
            let list = ["--allow-expired", "--list", list];
            place.run(&[&["generate", "--mta", "postfix", "--mta-version", "3.7"], &list[..]].concat()).stdout
        };
        let (made, read) = (lines("made.index"), lines(name));
        assert_eq!(table_lines(&made), table_lines(&read), "{name}");
    }
}

/// The table itself, without the remarks around it.
fn table_lines(bytes: &[u8]) -> Vec<String> {
    text(bytes).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn that_is_not_whole_is_refused_with_the_cure() {
    let place = Place::new();
    let whole = fs::read(place.path("list.index")).unwrap();
    let mut newer = whole.clone();
    newer[8] = 9;
    let mut head = whole.clone();
    head[40] ^= 1;
    let mut name = whole.clone();
    name[162] ^= 1;
    for (bytes, words) in [
        (&whole[..whole.len() - 1], "should have"),
        (&whole[..20], "should have"),
        (&newer, "has format 9"),
        (&head, "damaged (header"),
        (&name, "damaged (names"),
    ] {
        fs::write(place.path("bad.index"), bytes).unwrap();
        let output =
            place.run(&["generate", "--mta", "postfix", "--mta-version", "3.7", "--list", "bad.index"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.contains("compile the list again"), "{said}");
    }
    fs::write(place.path("bad.index"), &name).unwrap();
    let output = place.run(&["query", "gone.example", "--list", "bad.index"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    assert_eq!(
        text(&output.stderr),
        "error: bad.index: the index is damaged (names 0); compile the list again\n"
    );
    fs::write(place.path("bad.index"), &whole[..4]).unwrap();
    assert_eq!(place.run(&["query", "gone.example", "--list", "bad.index"]).status.code(), Some(1));
}

#[test]
fn can_be_asked_while_it_is_replaced() {
    let place = Place::new();
    let index = Path::new("list.index");
    for _ in 0..5 {
        assert!(
            place
                .run(&["list", "compile", "list.json", "--output", &index.display().to_string()])
                .status
                .success()
        );
        assert!(place.run(&["query", "one.example", "--list", "list.index"]).status.success());
    }
}
