//! No circles between sibling modules: of two modules in one folder at most one knows the other, through however many between.
//!
//! A module that needs its parent's items, or a parent that calls its children, is no circle. Test code is not looked at.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// The path of a module in its crate; empty for the crate's root.
type Module = Vec<String>;

/// Circles that are still there, by crate and modules; a circle that is gone leaves this list.
const KNOWN: &[(&str, &[&str])] = &[
    ("apply", &["generations::draft", "generations::ready"]),
    ("apply", &["postfix::activate", "postfix::effect", "postfix::undo"]),
    ("apply", &["postfix::plan", "postfix::preflight"]),
    ("apply", &["postfix::scan", "postfix::uses"]),
    ("apply", &["postfix::taking_out", "postfix::withdrawal"]),
    ("daemon", &["engine", "operations"]),
    ("daemon", &["engine::protected", "engine::validation"]),
    ("daemon", &["learned::names", "learned::own", "learned::presence"]),
    ("e2e", &["cases", "outcome"]),
    ("e2e", &["dns", "names", "policy_host"]),
    ("starttls", &["choices", "settings"]),
    ("starttls", &["cli", "commands", "exit", "withdrawal"]),
    ("starttls", &["compiled", "lists", "output"]),
    ("starttls", &["generation", "target", "validity"]),
    ("starttls", &["settings::audit", "settings::audit_daemon"]),
    ("starttls", &["settings::role", "settings::table"]),
    ("starttls", &["update::dropped", "update::exchange", "update::force"]),
];

/// One module's items, without those of its children.
struct Source {
    file: syn::File,
    module: Module,
}

/// The modules of a crate: those that are declared outside test code.
fn modules(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    for name in ["lib.rs", "main.rs"] {
        let path = root.join(name);
        if path.is_file() {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            collect(file, Module::new(), root, &mut found);
        }
    }
    found
}

fn collect(file: syn::File, module: Module, folder: &Path, found: &mut Vec<Source>) {
    for item in &file.items {
        let syn::Item::Mod(item) = item else { continue };
        if item.content.is_some() || is_for_tests(&item.attrs) {
            continue;
        }
        let name = item.ident.to_string();
        let below = folder.join(&name);
        let path = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
        let path: &PathBuf = path.iter().find(|path| path.is_file()).unwrap();
        let child = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        collect(child, [&module[..], &[name]].concat(), &below, found);
    }
    found.push(Source { file, module });
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// The paths that a module names.
#[derive(Default)]
struct Paths {
    /// As they are written.
    all: BTreeSet<Vec<String>>,
    /// Names that a `use` brings into the module, with the path behind each.
    names: BTreeMap<String, Vec<String>>,
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        // A re-export is an edge of those who use it, not of the parent that makes it.
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        if !is_for_tests(&item.attrs) {
            self.tree(&item.tree, Vec::new(), is_private);
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.all.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'a syn::Macro) {
        // Arguments of `format!` and the like; what does not parse as expressions names nothing that is missed elsewhere.
        let parser = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = item.parse_body_with(parser) {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
    }
}

impl Paths {
    fn of(file: &syn::File) -> Self {
        let mut paths = Self::default();
        paths.visit_file(file);
        paths
    }

    fn tree(&mut self, tree: &syn::UseTree, mut before: Vec<String>, is_private: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before, is_private);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, before.clone(), is_private));
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.named(name.clone(), before, name, is_private);
            }
            syn::UseTree::Rename(rename) => {
                self.named(rename.ident.to_string(), before, rename.rename.to_string(), is_private);
            }
            syn::UseTree::Glob(_) => {
                if is_private {
                    self.all.insert(before);
                }
            }
        }
    }

    fn named(&mut self, name: String, mut path: Vec<String>, known_as: String, is_private: bool) {
        if name != "self" {
            path.push(name);
        }
        if is_private {
            self.all.insert(path.clone());
        }
        self.names.insert(known_as, path);
    }
}

/// The modules of one crate with what each of them names.
struct Tree {
    paths: BTreeMap<Module, Paths>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let paths = modules(root).into_iter().map(|source| (source.module, Paths::of(&source.file)));
        Self { paths: paths.collect() }
    }

    /// The module that holds what a path leads to, seen from a module; re-exports are followed.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            name => {
                let child = [&from[..], &[name.to_owned()]].concat();
                if !self.paths.contains_key(&child) {
                    return None;
                }
                child
            }
        };
        while let [next, after @ ..] = rest {
            if next == "super" {
                at.pop()?;
                rest = after;
                continue;
            }
            let child = [&at[..], std::slice::from_ref(next)].concat();
            if self.paths.contains_key(&child) {
                at = child;
                rest = after;
                continue;
            }
            let behind = self.paths.get(&at)?.names.get(next).filter(|_| depth < 8);
            return Some(behind.and_then(|behind| self.resolve(&at, behind, depth + 1)).unwrap_or(at));
        }
        Some(at)
    }

    /// For each module the siblings that it, or a module in it, names.
    fn edges(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, paths) in &self.paths {
            for to in paths.all.iter().filter_map(|path| self.resolve(from, path, 0)) {
                let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if common < from.len() && common < to.len() {
                    edges.entry(from[..=common].to_vec()).or_default().insert(to[..=common].to_vec());
                }
            }
        }
        edges
    }
}

/// Everything that can be reached from a module.
fn reachable(from: &Module, edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for to in edges.get(next).into_iter().flatten() {
            if found.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    found
}

/// The groups of siblings that know one another, in a circle.
fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        edges.keys().map(|module| (module, reachable(module, edges))).collect();
    let mutual = |one: &Module, other: &Module| {
        reach.get(one).is_some_and(|to| to.contains(other))
            && reach.get(other).is_some_and(|to| to.contains(one))
    };
    let group = |module: &Module| edges.keys().filter(|other| mutual(module, other)).cloned().collect();
    edges.keys().map(group).filter(|group: &BTreeSet<Module>| group.len() > 1).collect()
}

#[test]
fn circles_between_sibling_modules_are_no_new_ones() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(crates).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for circle in circles(&Tree::of(&path.join("src")).edges()) {
            let modules: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            found.insert((name.clone(), modules));
        }
    }
    let known: BTreeSet<(String, Vec<String>)> = KNOWN
        .iter()
        .map(|(name, modules)| {
            ((*name).to_owned(), modules.iter().map(|&module| module.to_owned()).collect())
        })
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    assert!(new.is_empty(), "new circles, to be untied: {new:#?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "circles that are gone, to be taken from KNOWN: {gone:#?}");
}

#[test]
fn circles_are_found_through_other_modules_and_re_exports() {
    let parse = |text: &str| Paths::of(&syn::parse_str(text).unwrap());
    let module = |name: &str| vec![name.to_owned()];
    let tree = |third: &str| Tree {
        paths: BTreeMap::from([
            (Module::new(), parse("mod a; mod b; mod c; pub use c::Third;")),
            (module("a"), parse("use crate::b::Second; #[cfg(test)] mod tests { use crate::c; }")),
            (module("b"), parse("fn b() -> super::Third { todo!() }")),
            (module("c"), parse(third)),
        ]),
    };
    assert!(circles(&tree("pub struct Third;").edges()).is_empty());
    let circle = circles(&tree("fn c() { println!(\"{}\", crate::a::FIRST) }").edges());
    assert_eq!(circle, BTreeSet::from([BTreeSet::from(["a", "b", "c"].map(module))]));
}
