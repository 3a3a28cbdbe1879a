//! What speaks against settings that are well-formed: files that are missing, secrets that others can read.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use starttls_sources::settings::{Copies, Place, SignedCopy, SourceSettings, Trust};

use super::Settings;

const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Looks at the files that settings name, and says what an operator should know, one sentence each.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let mut said = Vec::new();
    said.extend(state_dir(settings.state_dir()));
    if let Some(file) = &settings.file
        && let Some(text) = writable_by_others(file)
    {
        said.push(format!("{text}: whoever can change the settings decides what is enforced"));
    }
    if let Some(file) = &settings.update.ca_file.value {
        said.extend(missing("update.ca-file", file));
    }
    said.extend(super::audit_daemon::warnings(settings));
    for (index, source) in settings.lists.iter().enumerate() {
        list(&format!("list[{}]", index + 1), source, &mut said);
    }
    said
}

fn list(key: &str, source: &SourceSettings, said: &mut Vec<String>) {
    let name = &source.name;
    let mut look = |key: &str, file: &Path| {
        said.extend(missing(key, file));
        said.extend(writable_by_others(file));
    };
    let anchor = match &source.trust {
        Trust::Witnessed(_) => "root",
        _ => "certificate",
    };
    if let Some(file) = source.trust.anchor() {
        look(&format!("{key}.{anchor}"), file);
    }
    match &source.trust {
        Trust::Witnessed(witnessed) => {
            if let Place::Directory(directory) = &witnessed.place {
                look(&format!("{key}.directory"), directory);
            }
        }
        Trust::OpenPgp(openpgp) => match &openpgp.copies {
            Copies::File(SignedCopy::Clearsigned(file)) => look(&format!("{key}.file"), file),
            Copies::File(SignedCopy::Detached { list, signature }) => {
                look(&format!("{key}.file"), list);
                look(&format!("{key}.signature-file"), signature);
            }
            Copies::Urls(_) => {}
        },
        Trust::GitTag(_) => {}
        Trust::Unsigned(unsigned) => {
            look(&format!("{key}.file"), &unsigned.file);
            said.push(format!(
                "the list `{name}` is unsigned: whoever can change its file decides what is enforced"
            ));
        }
    }
}

fn state_dir(directory: &Path) -> Option<String> {
    let place = directory.display();
    match fs::metadata(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some(format!(
            "`state-dir`: {place} does not exist yet; create it with `install -d -m 750 {place}`"
        )),
        Err(error) => Some(format!("`state-dir`: {place} cannot be looked at: {error}")),
        Ok(metadata) if !metadata.is_dir() => Some(format!("`state-dir`: {place} is no directory")),
        Ok(_) => writable_by_others(directory)
            .map(|text| format!("`state-dir`: {text}: whoever can write there decides what is enforced")),
    }
}

pub(super) fn missing(key: &str, file: &Path) -> Option<String> {
    let place = file.display();
    match fs::metadata(file) {
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::NotFound => Some(format!("`{key}`: {place} is not there")),
        Err(error) => Some(format!("`{key}`: {place} cannot be looked at: {error}")),
    }
}

fn writable_by_others(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.mode();
    let is_open = mode & OTHERS_WRITE != 0 && mode & STICKY == 0;
    let place = path.display();
    is_open.then(|| format!("everybody on this machine can write {place} (`chmod o-w {place}`)"))
}

#[cfg(test)]
mod files_that_settings_name {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn are_looked_at_before_they_are_needed() {
        let home = starttls_testkit::world::directory().unwrap();
        fs::create_dir(home.path().join("state")).unwrap();
        fs::set_permissions(home.path().join("state"), fs::Permissions::from_mode(0o777)).unwrap();
        let text = r#"
            state-dir = "state"
            [[list]]
            name = "a"
            trust = "witnessed"
            root = "gone.note"
            urls = ["https://a.example/"]
            [[list]]
            name = "b"
            trust = "unsigned"
            file = "gone.json"
        "#;
        let said = warnings(&Settings::parse(text, home.path()).unwrap()).join("\n");
        for want in ["`state-dir`: everybody", "`list[1].root`", "`list[2].file`", "`b` is unsigned"] {
            assert!(said.contains(want), "{want} is not in:\n{said}");
        }
    }
}
