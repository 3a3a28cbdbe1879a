//! A document that was made: written for signing, and shown.

use std::path::Path;

use serde_json::json;
use starttls_policy::printable;
use starttls_publish::signing::Explained;
use starttls_trust::Document;

use crate::exit::Exit;
use crate::output::{self, Format, facts};

/// Writes a document that nobody has signed yet to a new file, and shows what it says.
pub(super) fn write(
    path: &Path,
    document: &Document,
    explained: &Explained,
    format: Format,
) -> anyhow::Result<Exit> {
    starttls_publish::note_file::write_new(path, document)?;
    show(path, document, explained, format)?;
    if format == Format::Text {
        anstream::eprintln!(
            "wrote {}, not signed yet: `starttls list sign` it",
            printable(&path.to_string_lossy())
        );
    }
    Ok(Exit::Done)
}

/// Shows what a document says.
pub(super) fn show(
    path: &Path,
    document: &Document,
    explained: &Explained,
    format: Format,
) -> anyhow::Result<()> {
    match format {
        Format::Text => {
            let mut out = anstream::stdout().lock();
            facts::print(&mut out, &explained.title, &explained.facts)?;
        }
        Format::Json => output::print_json(&json!({
            "file": path.to_string_lossy(),
            "type": document.type_name(),
            "sha256": document.digest(),
            "document": document,
        }))?,
    }
    Ok(())
}
