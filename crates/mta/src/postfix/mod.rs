//! Postfix: `smtp_tls_policy_maps` and what goes with it.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; TLS_README.

mod version;

pub use version::Version;

/// Postfix, from 2.11 on.
pub struct Postfix;

impl crate::Mta for Postfix {
    fn name(&self) -> &'static str {
        "postfix"
    }

    fn title(&self) -> &'static str {
        "Postfix"
    }

    fn renderer(
        &self,
        _facts: &crate::Facts,
    ) -> Result<alloc::boxed::Box<dyn crate::Renderer>, starttls_policy::Finding> {
        Err(starttls_policy::Finding::error("postfix.unwritten", "", "not written yet"))
    }

    fn check(&self, _file: &str, _text: &str) -> Result<(), (usize, alloc::string::String)> {
        Ok(())
    }
}
