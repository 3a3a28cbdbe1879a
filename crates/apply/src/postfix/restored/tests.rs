//! Parameters come back to the byte.

use proptest::prelude::*;

use super::*;

/// What `postconf -e` makes of a text: every definition becomes one line, comments between its lines stay; a parameter
/// that is not there comes last.
fn edited(text: &str, name: &str, value: &str) -> String {
    let own: Vec<LogicalLine> = logical(text.as_bytes())
        .into_iter()
        .filter(|line| line.parameter().is_some_and(|(found, _)| found == name))
        .collect();
    let mut edited = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if own.iter().any(|own| own.lines.first() == Some(&number)) {
            edited.extend([name, " = ", value, "\n"]);
        } else if !own.iter().any(|own| own.lines.contains(&number)) {
            edited += line;
        }
    }
    if own.is_empty() {
        edited.extend([name, " = ", value, "\n"]);
    }
    edited
}

fn back(before: &str, now: &str, names: &[&str]) -> String {
    let names = names.iter().copied().collect();
    String::from_utf8(restored(before.as_bytes(), now.as_bytes(), &names)).unwrap()
}

/// Every shape of a parameter in main.cf.
const SHAPES: [&str; 11] = [
    "",
    "maps =\n",
    "maps=\n",
    "maps = hash:/a\n",
    "maps=hash:/a   ,  hash:/b  \n",
    "maps = $other\n",
    "maps =\n  hash:/a,\n\thash:/b\n",
    "maps =\n  hash:/a,\n# between\n\n  # indented\n\thash:/b\n",
    "maps = hash:/1\nmaps = hash:/2\n  hash:/3\n",
    "maps = hash:/1\nx = y\nmaps = hash:/2\n",
    "maps = inline:{ a=b,\n  c=d }\n",
];

#[test]
fn fault_every_shape_of_a_parameter_comes_back_to_the_byte() {
    for shape in SHAPES {
        for (above, below) in
            [("", ""), ("a = 1\n", "b = 2\n"), ("# a\n\na =\n  1\n", "# b\n  # c\nb = 2\n 3\n")]
        {
            let before = format!("{above}{shape}{below}");
            let now = edited(&edited(&before, "maps", "ours"), "dns", "on");
            assert_eq!(back(&before, &now, &["maps", "dns"]), before, "{now}");
        }
    }
}

#[test]
fn fault_what_others_change_meanwhile_stays() {
    for shape in SHAPES {
        let before = format!("a = 1\n# c\n{shape}b = 2\nz = 3\n");
        let now = edited(&before, "maps", "ours");
        for (from, to) in [
            ("a = 1\n", ""),
            ("a = 1\n", "a = 1\n  2\n"),
            ("a = 1\n", "new = 0\na = 1\n"),
            ("# c\n", ""),
            ("# c\n", "# other\nnew = 0\n"),
            ("b = 2\n", "b =\n# x\n  4\n"),
            ("z = 3\n", "new = 0\nz = 3\n# end\n"),
        ] {
            assert!(now.contains(from));
            let expected = before.replacen(from, to, 1);
            assert_eq!(back(&before, &now.replacen(from, to, 1), &["maps"]), expected, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn values_are_never_torn_apart() {
    let before = "a = 1\nmaps =\n  x\n# c\n  y\nb = 2\n";
    for now in [
        "a = 1\n  2\nb = 2\nmaps = ours\n",
        "a = 1\n\n  2\nmaps = ours\n# c\nnew = 1\n",
        "maps = ours\n# d\nnew =\n  1\n# c\n  2\n",
        "a = 0\nmaps = ours\nnew = 1\n# c\n  2\n",
    ] {
        let text = back(before, now, &["maps"]);
        let parameters = |text: &str, name: &str| -> Vec<(String, String)> {
            let lines = logical(text.as_bytes());
            let pairs = lines.iter().filter_map(LogicalLine::parameter);
            let others = pairs.filter(|(found, _)| *found != name);
            others.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        assert_eq!(parameters(&text, "maps"), parameters(now, "maps"), "{text}");
        assert!(
            logical(text.as_bytes()).iter().any(|line| line.parameter() == Some(("maps", "x y"))),
            "{text}"
        );
    }
}

#[test]
fn lines_without_an_end_get_one_where_something_follows() {
    assert_eq!(back("a = 1\nmaps = x", "a = 1\nmaps = ours\n", &["maps"]), "a = 1\nmaps = x");
    assert_eq!(back("a = 1\nmaps = x", "a = 1\nmaps = ours\nb = 2\n", &["maps"]), "a = 1\nmaps = x\nb = 2\n");
}

/// Texts of main.cf; `p` and `q` are parameters of ours.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[pqabc] ?= ?[xy]{0,3}\n",
        "[pq] =\n",
        "[ \t][xy]{1,3}\n",
        "#[ xy]{0,3}\n",
        "[ \t]# z\n",
        Just("\n".to_owned()),
        Just("  \n".to_owned()),
    ];
    proptest::collection::vec(line, 0..14).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn fault_any_text_comes_back_to_the_byte(text in texts()) {
        // A continuation of nothing is no main.cf.
        let before = format!("myhostname = a.test\n{text}");
        let now = edited(&edited(&before, "p", "ours"), "q", "on");
        prop_assert_eq!(back(&before, &now, &["p", "q"]), before);
    }

    #[test]
    fn other_parameters_never_change(before in texts(), now in texts()) {
        let (before, now) = (format!("m = 1\n{before}"), format!("m = 1\n{now}"));
        let text = back(&before, &now, &["p"]);
        let parameters = |text: &str, ours: bool| -> Vec<(String, String)> {
            let lines = logical(text.as_bytes());
            let pairs = lines.iter().filter_map(LogicalLine::parameter);
            let pairs = pairs.filter(|(name, _)| (*name == "p") == ours);
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        prop_assert_eq!(parameters(&text, false), parameters(&now, false));
        let mut ours = [parameters(&text, true), parameters(&before, true)];
        for list in &mut ours {
            list.sort();
        }
        prop_assert_eq!(&ours[0], &ours[1]);
    }

    #[test]
    fn any_bytes_are_read_without_panic(before in any::<Vec<u8>>(), now in any::<Vec<u8>>()) {
        let _ = restored(&before, &now, &["p"].into());
    }
}
