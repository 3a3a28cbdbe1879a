//! Submission to commands and servers that take the mail, and to those that do not.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use starttls_net::submit::{Mail, Route, Sendmail, Smtp, Stamp, SubmitError};
use tempfile::TempDir;

/// What tests wait for.
const SHORT: Duration = Duration::from_millis(300);

/// Long enough for any machine; no test waits for it.
const LONG: Duration = Duration::from_secs(20);

fn mail() -> Mail {
    let to = ["postmaster@example.org", "second@example.org"].map(|text| text.parse().unwrap()).to_vec();
    let stamp = Stamp { date: SystemTime::UNIX_EPOCH, token: 1 };
    Mail::new("starttls@mx.example.org".parse().unwrap(), to, "The list has ended", "one\n.\n.two\n", stamp)
        .unwrap()
}

/// A sendmail that is this shell script; `$dir` is its directory.
fn command(script: &str, deadline: Duration) -> (TempDir, Route) {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("sendmail");
    fs::write(&program, format!("#!/bin/sh\ndir={}\n{script}\n", directory.path().display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (directory, Route::Sendmail(Sendmail { program, deadline }))
}

#[test]
fn command_gets_sender_recipients_and_the_mail_with_unix_line_ends() {
    let (directory, route) = command("printf '%s\\n' \"$@\" >$dir/arguments; cat >$dir/mail", LONG);
    route.submit(&mail()).unwrap();
    let arguments = fs::read_to_string(directory.path().join("arguments")).unwrap();
    assert_eq!(
        arguments,
        "-oi\n-f\nstarttls@mx.example.org\n--\npostmaster@example.org\nsecond@example.org\n"
    );
    let text = fs::read_to_string(directory.path().join("mail")).unwrap();
    assert!(!text.contains('\r') && text.ends_with("\n\none\n.\n.two\n"), "{text}");
}

#[test]
fn exit_code_of_the_command_is_told_and_nothing_it_says() {
    let (_directory, route) = command("cat >/dev/null; echo \"$@\" >&2; exit 75", LONG);
    let error = route.submit(&mail()).unwrap_err();
    assert!(matches!(error, SubmitError::CommandFailed { code: Some(75), .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("(exit code 75: try again later); see the mail server's log"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("example.org"));
}

#[test]
fn command_that_hangs_is_killed() {
    let (directory, route) = command("echo $$ >$dir/id; exec sleep 60", SHORT);
    let error = route.submit(&mail()).unwrap_err();
    assert!(matches!(error, SubmitError::DeadlinePassed { .. }), "{error:?}");
    assert!(directory.path().exists());
}

#[test]
fn command_that_reads_nothing_and_fails_is_told_by_its_exit_code() {
    let (_directory, route) = command("exit 64", LONG);
    assert!(matches!(route.submit(&mail()).unwrap_err(), SubmitError::CommandFailed { code: Some(64), .. }));
}

#[test]
fn missing_command_is_named_with_the_cure() {
    let program = PathBuf::from("/nonexistent/sendmail");
    let error = Route::Sendmail(Sendmail { program, deadline: LONG }).submit(&mail()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no command `/nonexistent/sendmail`; install a mail server, or submit by SMTP"
    );
}

/// An SMTP server for one session, which answers by the first word of each line; what it heard is returned.
fn server(reply: impl Fn(&str) -> &'static str + Send + 'static) -> (Route, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let (mut lines, mut out, mut heard) =
            (BufReader::new(stream.try_clone().unwrap()), stream, String::new());
        let _ = out.write_all(reply("").as_bytes());
        let mut in_data = false;
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
            heard.push_str(&line);
            let word =
                if in_data { line.trim_end() } else { line.split_whitespace().next().unwrap_or_default() };
            let answer = match (in_data, word) {
                (true, ".") => reply("."),
                (true, _) => "",
                (false, word) => reply(word),
            };
            in_data = if in_data { word != "." } else { answer.starts_with("354") };
            let _ = out.write_all(answer.as_bytes());
            line.clear();
        }
        heard
    });
    let smtp = Smtp { host: "127.0.0.1".into(), port, deadline: LONG, ..Smtp::default() };
    (Route::Smtp(smtp), thread)
}

fn good(word: &str) -> &'static str {
    match word {
        "" => "220 mx.example.org ESMTP\r\n",
        "DATA" => "354 go on\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "250 fine\r\n",
    }
}

#[test]
fn server_on_this_machine_gets_the_mail_in_cleartext() {
    let (route, heard) = server(good);
    route.submit(&mail()).unwrap();
    let heard = heard.join().unwrap();
    assert!(heard.starts_with("EHLO [127.0.0.1]\r\nMAIL FROM:<starttls@mx.example.org>\r\n"), "{heard}");
    assert!(
        heard.contains("RCPT TO:<postmaster@example.org>\r\nRCPT TO:<second@example.org>\r\nDATA\r\n"),
        "{heard}"
    );
    assert!(heard.contains("\r\n\r\none\r\n..\r\n..two\r\n"), "a line with a dot is no end: {heard}");
    assert!(heard.ends_with("\r\n.\r\nQUIT\r\n"), "{heard}");
}

#[test]
fn refusal_is_told_by_its_code_without_the_servers_words() {
    for step in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let refuse = move |word: &str| {
            if word == step { "550 5.1.1 <postmaster@example.org> unknown\r\n" } else { good(word) }
        };
        let (route, heard) = server(refuse);
        let error = route.submit(&mail()).unwrap_err();
        assert!(matches!(error, SubmitError::Refused { code: 550, .. }), "{step}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("example.org"), "{error:?}");
        heard.join().unwrap();
    }
}

#[test]
fn server_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let smtp = Smtp { host: "127.0.0.1".into(), port, deadline: SHORT, ..Smtp::default() };
    let error = Route::Smtp(smtp).submit(&mail()).unwrap_err();
    assert!(matches!(error, SubmitError::DeadlinePassed { .. }), "{error:?}");
}

#[test]
fn server_that_talks_without_end_or_no_smtp_is_given_up() {
    for words in [
        format!("220-{}\r\n", "and so on ".repeat(50)).repeat(2_000),
        "\0\0\0\0\r\n".to_owned(),
        String::new(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let talking = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(words.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let smtp = Smtp { host: "127.0.0.1".into(), port, deadline: LONG, ..Smtp::default() };
        let error = Route::Smtp(smtp).submit(&mail()).unwrap_err();
        assert!(matches!(error, SubmitError::Broken { .. }), "{error:?}");
        talking.join().unwrap();
    }
}

#[test]
fn host_where_nobody_listens_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = Smtp { host: "127.0.0.1".into(), port, deadline: LONG, ..Smtp::default() };
    match Route::Smtp(smtp).submit(&mail()) {
        Err(error @ SubmitError::Connect { .. }) => {
            assert_eq!(error.to_string(), format!("cannot connect to `127.0.0.1` port {port}"));
        }
        other => panic!("{other:?}"),
    }
}
