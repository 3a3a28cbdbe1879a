//! Domains, MX patterns, policy lists and the decision what each recipient domain demands.
