//! DANE, row by row of the table.

use super::*;

#[test]
fn holds_row_by_row() {
    let none = || StsEvidence::Absent { seen: now() };
    for (mx, hosts, sts, entry, want) in [
        (Secure, &[Usable, Usable][..], none(), None, "dane-only"),
        (Secure, &[Usable, Usable], none(), Some(ENFORCE), "dane-only"),
        (Secure, &[Usable, Absent], none(), None, "dane"),
        (Secure, &[Usable, Absent], none(), Some(TESTING), "dane"),
        (Secure, &[Usable, Absent], none(), Some(ENFORCE), "dane-only"),
        (Secure, &[Usable, Absent], found(Mode::Enforce), None, "dane-only"),
        (Secure, &[Usable, Unusable], none(), None, "dane"),
        (Secure, &[Unusable, Absent], none(), None, "dane"),
        (Secure, &[Unusable], none(), Some(ENFORCE), "require"),
        (Secure, &[Unusable], found(Mode::Enforce), None, "require"),
        (Insecure, &[Usable], none(), None, "dane"),
        (Insecure, &[Usable], none(), Some(ENFORCE), "require"),
        (Insecure, &[Usable], found(Mode::Enforce), Some(TESTING), "require"),
        (Insecure, &[Absent, Absent], none(), None, "opportunistic"),
        (Secure, &[Absent], none(), None, "opportunistic"),
        (Secure, &[Absent], none(), Some(ENFORCE), "require"),
        (Secure, &[Absent], none(), Some(TESTING), "log-only"),
        (Secure, &[], none(), Some(ENFORCE), "require"),
    ] {
        let dane = dane(mx, hosts);
        assert_eq!(decided(&Case { dane, sts, ..case(entry) }).0, want, "{mx} {hosts:?} {entry:?}");
    }
}

#[test]
fn takes_what_is_inconclusive_for_present() {
    for (mx, hosts, entry, want) in [
        (Secure, &[Inconclusive][..], None, "dane-only"),
        (Secure, &[Inconclusive, Absent], None, "dane"),
        (Secure, &[Inconclusive, Absent], Some(ENFORCE), "dane-only"),
        (Insecure, &[Inconclusive], None, "dane"),
    ] {
        assert_eq!(decided(&Case { dane: dane(mx, hosts), ..case(entry) }).0, want, "{mx} {hosts:?}");
    }
    let cause = Cause::Bogus;
    let bogus = Case { dane: DaneEvidence::MxInconclusive { cause }, ..case(Some(ENFORCE)) };
    assert_eq!(decided(&bogus).0, "defer");
}
