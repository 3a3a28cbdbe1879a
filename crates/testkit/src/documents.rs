//! Blocks of text in the project's pages that people paste: configuration and commands.
//!
//! A fenced block says by the words behind its fence which program reads it: the language, and the file where it belongs, as in
//! `ini main.cf`. An indented block holds commands for a shell.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// One block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The page, relative to the project.
    pub page: PathBuf,
    /// The line of its first text, from 1.
    pub line: usize,
    /// The words behind the fence; `sh` for an indented block.
    pub kind: String,
    /// Its lines, each ended.
    pub text: String,
}

/// The project's directory.
pub fn project() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every Markdown page of the project, relative to it, in order of names.
///
/// # Errors
/// When a directory cannot be read.
pub fn pages() -> Result<Vec<PathBuf>> {
    let root = project();
    let mut pages = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let is_ours = !name.to_string_lossy().starts_with('.') && name != "target";
            if entry.file_type()?.is_dir() && is_ours {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path.strip_prefix(&root)?.to_owned());
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// Every block of every page.
///
/// # Errors
/// When a page cannot be read, or a fence is never closed.
pub fn blocks() -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for page in pages()? {
        let text = fs::read_to_string(project().join(&page)).with_context(|| page.display().to_string())?;
        blocks.extend(blocks_of(&page, &text)?);
    }
    Ok(blocks)
}

/// The blocks of one page.
///
/// # Errors
/// When a fence is never closed.
pub fn blocks_of(page: &Path, text: &str) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut fenced, mut indented): (Option<Block>, Option<Block>) = (None, None);
    let mut is_after_blank = true;
    for (line, number) in text.lines().zip(1..) {
        let block = |kind: &str, line| Block {
            page: page.to_owned(),
            line,
            kind: kind.to_owned(),
            text: String::new(),
        };
        if let Some(mut open) = fenced.take() {
            if line.trim() == "```" {
                blocks.push(open);
            } else {
                open.text.push_str(line);
                open.text.push('\n');
                fenced = Some(open);
            }
            continue;
        }
        let is_code = line.starts_with("    ") && (is_after_blank || indented.is_some());
        if is_code {
            let open = indented.get_or_insert_with(|| block("sh", number));
            open.text.push_str(line.trim_start());
            open.text.push('\n');
        } else {
            blocks.extend(indented.take());
        }
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            fenced = Some(block(kind.trim(), number + 1));
        }
        is_after_blank = line.trim().is_empty();
    }
    if let Some(open) = fenced {
        bail!("{}:{}: the fence is never closed", page.display(), open.line);
    }
    blocks.extend(indented);
    Ok(blocks)
}

/// The values of a main.cf that stand between backticks in running text or in tables, as `name = value`.
///
/// # Errors
/// When a page cannot be read.
pub fn inline_settings() -> Result<Vec<Block>> {
    let mut found = Vec::new();
    for page in pages()? {
        let text = fs::read_to_string(project().join(&page))?;
        for (line, number) in text.lines().zip(1..) {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.filter(|span| is_setting(span)).map(|span| Block {
                page: page.clone(),
                line: number,
                kind: "ini main.cf".into(),
                text: format!("{span}\n"),
            }));
        }
    }
    Ok(found)
}

/// `name = value` with a whole value; quotation marks belong to other files.
fn is_setting(span: &str) -> bool {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9'));
    let pair = span.split_once(" = ");
    pair.is_some_and(|(name, value)| is_name(name) && name.contains('_') && !value.contains(['"', '…']))
}

#[cfg(test)]
mod pages_are_read {
    use super::*;

    #[test]
    fn block_by_block_with_kind_and_line() {
        let text = "Words:\n\n    starttls status\n    starttls update\n\n- a list\n    goes on\n\n```ini main.cf\na = b\n```\n";
        let found = blocks_of(Path::new("x.md"), text).unwrap();
        let shown: Vec<_> =
            found.iter().map(|block| (block.kind.as_str(), block.line, block.text.as_str())).collect();
        assert_eq!(shown, [("sh", 3, "starttls status\nstarttls update\n"), ("ini main.cf", 10, "a = b\n")]);
        assert!(blocks_of(Path::new("x.md"), "```sh\n").is_err());
    }
}
