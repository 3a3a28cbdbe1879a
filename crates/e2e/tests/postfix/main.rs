//! Postfix, in each version that Debian has, as the sender: what reaches whom with and without our configuration.
//!
//! Each claim is a file with one function that runs on a [`stage::Stage`]; here they are made tests, once per suite.

mod activation;
mod attributes;
mod client;
mod deactivation;
mod expiry;
mod generation;
mod header;
mod indirect;
mod level;
mod parent;
mod policies;
mod reload;
mod route;
mod shadow;
mod stage;
mod tables;
mod uses;

/// Makes a test of each claim, for the Postfix in the tree of this name.
macro_rules! suite {
    ($tree:ident) => {
        mod $tree {
            use anyhow::Result;

            claims! {
                $tree:
                policies_are_enforced_and_testing_ones_only_show = crate::policies::claim,
                attributes_for_mx_patterns_act_as_this_version_does = crate::attributes::claim,
                compiled_tables_protect_like_text = crate::tables::claim,
                header_of_an_author_is_in_vain_where_we_say_so = crate::header::claim,
                activation_that_would_stop_mail_is_refused = crate::activation::claim,
                testing_is_never_weaker_than_the_operators_own_level = crate::level::claim,
                tables_of_the_operator_are_asked_first_and_come_back = crate::shadow::claim,
                fault_entry_of_the_operator_for_a_domain_above_is_never_weakened = crate::parent::claim,
                activation_that_mail_would_go_past_is_refused = crate::route::claim,
                generation_that_is_newer_counts_at_once = crate::generation::claim,
                reload_that_fails_brings_everything_back = crate::reload::claim,
                list_that_has_expired_leaves_the_policy_in_force = crate::expiry::claim,
                settings_of_the_client_alone_are_never_weakened = crate::client::claim,
                settings_that_others_give_are_never_weakened = crate::indirect::claim,
                fault_deactivation_deletes_nothing_that_is_used_and_restores_every_byte = crate::uses::claim,
                deactivation_while_mail_flows_loses_none = crate::deactivation::claim,
            }
        }
    };
}

macro_rules! claims {
    ($tree:ident: $($test:ident = $claim:path,)*) => {
        $(
            #[test]
            #[ignore = "needs unpacked servers: run `./test e2e`"]
            fn $test() -> Result<()> {
                crate::stage::play(concat!(stringify!($tree), "::", stringify!($test)), stringify!($tree), $claim)
            }
        )*
    };
}

suite!(bookworm);
suite!(backports);
suite!(trixie);
suite!(sid);
