//! The JSON Schema of version 1 names exactly the members and words that the reader accepts and the writer writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a schema that cannot be walked is a failed test")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};
use starttls_policy::{Mode, PinKind, Requirement, TlsVersion, read, write};

fn example(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)).unwrap()
}

fn schema() -> Value {
    serde_json::from_slice(&example("policy-list-1.schema.json")).unwrap()
}

/// What a `$ref` leads to, or the schema itself.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// Values that the schema says are right.
fn samples(root: &Value, schema: &Value) -> Vec<Value> {
    let schema = resolved(root, schema);
    let items = || samples(root, &schema["items"]);
    match (&schema["const"], &schema["enum"], &schema["examples"]) {
        (Value::Null, Value::Null, Value::Null) if schema["type"] == "array" => {
            items().into_iter().map(|item| json!([item])).collect()
        }
        (Value::Null, Value::Null, Value::Null) => [json!({})].into(),
        (Value::Null, Value::Null, Value::Array(values)) | (Value::Null, Value::Array(values), _) => {
            values.clone()
        }
        (only, ..) => [only.clone()].into(),
    }
}

fn properties<'s>(root: &'s Value, place: &str) -> &'s Map<String, Value> {
    root.pointer(place).unwrap()["properties"].as_object().unwrap()
}

const PLACES: [&str; 4] = ["", "/definitions/pinset", "/definitions/policy", "/definitions/reference"];

/// A list in which the object at a place of the schema has exactly these members beside what it cannot do without.
fn list_with(place: &str, members: &Value) -> Value {
    let hashes = [
        "sha256/SVsVq7/AGUqM+w/4Fqxn+OgdmHvyTbhfwj4CUrHgIow=",
        "sha256/9gOxzsrf8jcx3uz6qj7XI1yWcMydvmujyat6a8NtFeM=",
    ];
    let key = "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=";
    let mut list = json!({
        "version": "1", "author": "A", "serial": 1, "timestamp": 1, "expires": 4_000_000_000_u64,
        "pinsets": { "example-roots": { "kind": "leaf", "static_spki_hashes": hashes } },
        "providers": { "example-roots": { "mode": "testing", "mx": ["mx.example.org"] } },
        "policies": {}
    });
    let (at, mut object) = match place {
        "" => ("", list.clone()),
        "/definitions/pinset" => {
            ("/pinsets", json!({ "kind": "leaf", "static_spki_hashes": hashes, "spki": [key] }))
        }
        "/definitions/policy" => ("/policies", json!({ "mode": "testing", "mx": ["mx.example.org"] })),
        "/definitions/reference" => ("/policies", json!({ "provider": "example-roots" })),
        other => panic!("no place {other}"),
    };
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    match list.pointer_mut(at).unwrap() {
        whole if at.is_empty() => *whole = object,
        section => section["a.example"] = object,
    }
    list
}

fn reads(list: &Value) -> Result<(), String> {
    read::list(list.to_string().as_bytes()).map(|_| ()).map_err(|error| format!("{error} at {}", error.path))
}

#[test]
fn every_member_and_word_of_the_schema_is_accepted() {
    let root = schema();
    for place in PLACES {
        for (name, member) in properties(&root, place) {
            // A list's own beginning and end must fit together; everything else stands alone.
            for value in samples(&root, member).into_iter().filter(|_| name != "timestamp") {
                let list = list_with(place, &json!({ name: value }));
                assert_eq!(reads(&list), Ok(()), "{place} {name}: {value}");
            }
        }
        assert_eq!(reads(&list_with(place, &json!({ "x-anything": [null] }))), Ok(()), "{place}");
    }
}

#[test]
fn no_other_member_is() {
    let root = schema();
    let good = |name: &str| {
        let known = PLACES.iter().find_map(|place| properties(&root, place).get(name));
        known.map_or(Value::Null, |member| samples(&root, member).remove(0))
    };
    let all: BTreeSet<&String> = PLACES.iter().flat_map(|place| properties(&root, place).keys()).collect();
    for place in PLACES {
        let known = properties(&root, place);
        let strange = all.iter().copied().filter(|name| !known.contains_key(*name));
        for name in strange.map(String::as_str).chain(["comment", "mxs", "report", "X-a"]) {
            let error = reads(&list_with(place, &json!({ name: good(name) }))).expect_err(name);
            assert!(error.contains("is not known in") || error.contains("takes its whole policy"), "{error}");
        }
    }
}

#[test]
fn what_it_requires_is_missed() {
    let root = schema();
    for place in PLACES {
        let object = root.pointer(place).unwrap();
        for name in object["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()) {
            let mut list = list_with(place, &json!({}));
            let at = match place {
                "" => "",
                "/definitions/pinset" => "/pinsets/a.example",
                _ => "/policies/a.example",
            };
            list.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            assert!(reads(&list).is_err(), "{place} does not need {name}");
        }
    }
}

#[test]
fn its_words_are_the_words_of_the_code() {
    let root = schema();
    let words = |place: &str, name: &str| -> BTreeSet<String> {
        let words = properties(&root, place)[name]["enum"].as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().into()).collect()
    };
    let code = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(words("/definitions/policy", "mode"), code(&Mode::ALL.map(Mode::name)));
    assert_eq!(words("/definitions/policy", "min-tls-version"), code(&TlsVersion::ALL.map(TlsVersion::name)));
    assert_eq!(
        words("/definitions/policy", "require"),
        code(&[Requirement::Tls.name(), Requirement::Certificate.name()])
    );
    assert_eq!(
        words("/definitions/pinset", "kind"),
        code(&[PinKind::TrustAnchor.name(), PinKind::Leaf.name()])
    );
}

#[test]
fn it_names_every_member_of_the_example_list() {
    let root = schema();
    let mut text = String::new();
    write::one(&read::list(&example("policy-list.json")).unwrap(), &mut text).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    let mut unused: BTreeSet<String> =
        PLACES.iter().flat_map(|place| properties(&root, place).keys().cloned()).collect();
    let mut check = |place: &str, object: &Value| {
        for name in object.as_object().unwrap().keys().filter(|name| !name.starts_with("x-")) {
            assert!(properties(&root, place).contains_key(name), "{place} has no {name}");
            unused.remove(name);
        }
    };
    check("", &list);
    let sections = [("pinsets", "pinset"), ("providers", "policy"), ("policies", "policy")];
    for (section, kind) in sections {
        for object in list[section].as_object().unwrap().values() {
            let kind = if object["provider"].is_string() { "reference" } else { kind };
            check(&format!("/definitions/{kind}"), object);
        }
    }
    assert!(unused.is_empty(), "the example list shows no {unused:?}");
}
