//! `starttls`: makes mail between servers impossible to downgrade.

fn main() {}
