//! What each version of Postfix is given for the same decisions, as plain text.
//!
//! `UPDATE_GOLDEN=1 cargo test -p starttls-mta` writes the files anew.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    let sha1 = Pin::parse_hash("sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo=").unwrap();
    vec![
        Case::new("any-depth.example", &["mx1.any-depth.example", ".mx.example.net"]),
        Case::new("anchors.example", &["mx.anchors.example"])
            .pinned(PinKind::TrustAnchor, vec![Pin::Key(key()), Pin::Sha256([7; 32])]),
        Case::new("dane.example", &[]).action(What::Dane),
        Case::new("dane-only.example", &[]).action(What::DaneOnly),
        Case::new("defer.example", &[]).action(What::Defer),
        Case::new("encrypt.example", &["mx.encrypt.example"]).tls_only(),
        Case::new("exact.example", &["mx1.exact.example", "mx2.exact.example", "mx1.exact.example"]),
        Case::new("exempt.example", &[]).action(What::Relaxed),
        Case::new("floorless.example", &["mx.floorless.example"]).min_tls(None),
        Case::new("leaf.example", &["mx.leaf.example"])
            .pinned(PinKind::Leaf, vec![Pin::Key(key()), Pin::Sha256([0xab; 32]), sha1]),
        Case::new("new-tls.example", &["mx.new-tls.example"]).min_tls(Some(TlsVersion::Tls13)),
        Case::new("old-tls.example", &["mx.old-tls.example"]).min_tls(Some(TlsVersion::Tls10)),
        Case::new("one-label.example", &["*.mx.example.net", ".mx.example.net", "*.mx.example.net"]),
        Case::new("opportunistic.example", &[]).action(What::Opportunistic),
        Case::new("override.example", &[]).origin(Origin::Override),
        Case::new("same-anchors.example", &["mx.same-anchors.example"])
            .pinned(PinKind::TrustAnchor, vec![Pin::Key(key())]),
        Case::new("sts.example", &["mx1.sts.example", "*.mx.example.net"]).origin(Origin::MtaSts),
        Case::new("testing.example", &["mx.testing.example"]).action(What::LogOnly),
    ]
}

/// Every file, then the counts, shortfalls and findings.
fn show(facts: &Facts) -> String {
    let (files, summary) = render(facts, &cases());
    let mut lines: Vec<String> =
        files.0.iter().map(|(file, content)| format!("==> {file}\n{content}")).collect();
    lines.push(format!(
        "==> summary\nenforced {}, log-only {}, none {}, unexpressed {}, lines {}",
        summary.enforced, summary.log_only, summary.none, summary.unexpressed, summary.lines
    ));
    for (code, shortfall) in &summary.shortfalls {
        let examples: Vec<_> = shortfall.examples.iter().map(Domain::as_str).collect();
        lines.push(format!("{} {code} {}: {}", shortfall.severity, shortfall.count, examples.join(" ")));
    }
    for finding in Postfix.renderer(facts).unwrap().advice().iter().chain(&summary.findings) {
        lines.push(format!("{} {} {}: {}", finding.severity, finding.code, finding.subject, finding.message));
    }
    lines.join("\n") + "\n"
}

fn compare(name: &str, facts: &Facts) {
    let path = format!("{}/tests/golden/postfix/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    hold(&path, &show(facts));
}

/// Compares with what was written before.
pub(super) fn hold(path: &str, got: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, got).unwrap();
    }
    let want = std::fs::read_to_string(path).unwrap_or_default();
    assert!(got == want, "this differs from {path}:\n{got}");
}

#[test]
fn postfix_3_3_has_no_server_name() {
    compare("3.3", &version("3.3.22"));
}

#[test]
fn postfix_3_5_has_exclusions() {
    compare("3.5", &version("3.5.25"));
}

#[test]
fn postfix_3_7_has_ranges() {
    compare("3.7", &version("3.7.11"));
}

#[test]
fn postfix_3_7_with_leaf_pins_and_no_level() {
    let facts = facts(
        &[("smtp_tls_security_level", "none"), ("smtp_tls_policy_maps", "hash:$config_directory/own")],
        &[("smtp_tls_fingerprint_digest", "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}")],
    );
    let facts = Facts { version: Some("3.7.11".into()), leaf_pins: LeafPins::Allow, ..facts };
    compare("3.7-leaf-pins", &Facts { table: Some("cdb".into()), ..facts });
}

#[test]
fn postfix_3_10_3_gets_no_mx_patterns() {
    compare("3.10.3", &version("3.10.3"));
}

#[test]
fn postfix_3_10_13_gets_mx_patterns_for_mta_sts() {
    compare("3.10.13", &version("3.10.13"));
}

#[test]
fn postfix_3_10_13_without_reports_gets_mx_patterns_for_lists() {
    let facts = facts(
        &[
            ("smtp_tlsrpt_enable", "no"),
            ("smtp_tls_security_level", "may"),
            ("smtp_tls_CAfile", "/etc/ssl/roots.pem"),
        ],
        &[("smtp_tls_enforce_sts_mx_patterns", "yes"), ("tls_required_enable", "yes")],
    );
    let facts = Facts { version: Some("3.10.13".into()), ..facts };
    compare("3.10.13-no-reports", &Facts { directory_in_chroot: Some("/starttls".into()), ..facts });
}
