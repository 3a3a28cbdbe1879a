//! The policy daemon beside Postfix, in each version that Debian has: what reaches whom with and without its answers, and
//! what it does while everything around it fails.
//!
//! Each claim is a file with a [`stage::Claim`]; here they are made tests, once per suite.

mod activation;
mod chaos;
mod dane;
mod keys;
mod mta_sts;
mod operations;
mod policies;
mod reports;
mod stage;
mod sts_map;

/// Makes a test of each claim, for the Postfix in the tree of this name; behind it, what this one alone can do.
macro_rules! suite {
    ($tree:ident $(, $test:ident = $claim:path)*) => {
        mod $tree {
            use anyhow::Result;

            claims! {
                $tree, $tree:
                policies_of_lists_are_enforced_as_by_tables = crate::policies::CLAIM,
                dane_is_answered_alone_and_beside_others = crate::dane::CLAIM,
                mta_sts_is_found_and_enforced_and_nobody_is_held_up = crate::mta_sts::CLAIM,
                every_form_of_next_hop_is_answered = crate::keys::CLAIM,
                $($test = $claim,)*
            }
        }
    };
}

macro_rules! claims {
    ($module:ident, $tree:ident: $($test:ident = $claim:path,)*) => {
        $(
            #[test]
            #[ignore = "needs unpacked servers: run `./test e2e`"]
            fn $test() -> Result<()> {
                crate::stage::play(concat!(stringify!($module), "::", stringify!($test)), stringify!($tree), $claim)
            }
        )*
    };
}

/// The same for the Postfix of bookworm alone, which has what lets time pass.
mod failures {
    use anyhow::Result;

    claims! {
        failures, bookworm:
        resolver_that_dies_stops_nobody_who_is_known = crate::chaos::killed::CLAIM,
        resolver_that_does_not_validate_switches_dane_off_loudly = crate::chaos::careless::CLAIM,
        fault_15_resolvers_that_the_system_names_are_followed_and_fault_16_none_that_answers_is_seen =
            crate::chaos::resolv_conf::CLAIM,
        resolver_that_is_slow_slows_down_nobody_who_is_known = crate::chaos::slow::CLAIM,
        policy_hosts_that_hang_are_waited_for_by_nobody_else = crate::chaos::hanging::CLAIM,
        policies_outlast_a_daemon_that_is_killed = crate::chaos::crash::CLAIM,
        clients_that_say_nothing_keep_nobody_out = crate::chaos::crowd::CLAIM,
        records_whose_signature_is_damaged_let_mail_wait_until_it_is_whole = crate::dane::damaged::CLAIM,
        clock_that_jumps_takes_no_protection_away = crate::chaos::jump::CLAIM,
        policies_outlast_record_and_host_until_their_end = crate::chaos::time::CLAIM,
    }
}

mod operation {
    use anyhow::Result;

    claims! {
        operation, bookworm:
        operators_see_what_is_so_and_can_change_it = crate::operations::CLAIM,
    }
}

mod postgres {
    use anyhow::Result;

    claims! {
        postgres, bookworm:
        what_one_daemon_learnt_protects_through_another = crate::chaos::shared::CLAIM,
        shared_store_is_reached_over_tls_that_is_verified_or_not_at_all = crate::chaos::encrypted::CLAIM,
    }
}

mod sendmail {
    use anyhow::Result;

    claims! {
        sendmail, bookworm:
        sts_map_is_answered_and_enforced = crate::sts_map::CLAIM,
    }
}

mod systemd {
    use anyhow::Result;

    claims! {
        systemd, bookworm:
        sockets_are_handed_over_and_each_turn_is_told = crate::activation::CLAIM,
    }
}

suite!(bookworm);
suite!(backports);
suite!(trixie, collector_is_told_of_mta_sts_policies = crate::reports::CLAIM);
suite!(sid, collector_is_told_of_mta_sts_policies = crate::reports::CLAIM);
