//! Reads which modules and crates a file names.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ItemMod, ItemUse, Macro, UseTree};

/// What a file names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names {
    /// Top-level modules of ours; `crate` for the whole crate under another
    /// name.
    pub(crate) ours: BTreeSet<String>,
    /// First names of all other paths: crates, and what is in scope.
    pub(crate) foreign: BTreeSet<String>,
}

/// Reads a file below `src`: imports, paths in code, and paths in the
/// arguments of macros.
pub(crate) fn names(path: &Path, text: &str) -> Names {
    let file = syn::parse_file(text).unwrap();
    let mut reader = Reader {
        module: module_path(path),
        names: Names::default(),
    };
    reader.visit_file(&file);
    reader.names
}

fn module_path(path: &Path) -> Vec<String> {
    let below = path.strip_prefix("src").unwrap().with_extension("");
    let parts = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = parts.collect();
    match parts.as_slice() {
        [root] if root == "lib" || root == "main" => Vec::new(),
        _ => parts,
    }
}

struct Reader {
    module: Vec<String>,
    names: Names,
}

impl Reader {
    fn note(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let absolute: Vec<String> = match first.as_str() {
            "crate" | "ai_gateway" => rest.to_vec(),
            "self" => self.module.iter().chain(rest).cloned().collect(),
            "super" => {
                let climbed = path.iter().take_while(|part| *part == "super").count();
                let kept = self.module.len().saturating_sub(climbed);
                let inside = self.module.iter().take(kept);
                inside.chain(path.iter().skip(climbed)).cloned().collect()
            }
            _ => {
                self.names.foreign.insert(first.clone());
                return;
            }
        };
        let top = absolute
            .into_iter()
            .next()
            .unwrap_or_else(|| "crate".to_owned());
        self.names.ours.insert(top);
    }

    fn note_tree(&mut self, tree: &UseTree, prefix: &[String]) {
        let joined = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.note_tree(&path.tree, &joined(path.ident.to_string())),
            UseTree::Name(name) => self.note(&joined(name.ident.to_string())),
            UseTree::Rename(name) => self.note(&joined(name.ident.to_string())),
            UseTree::Glob(_) => self.note(prefix),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_tree(tree, prefix);
                }
            }
        }
    }

    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Ident(name) => {
                    self.note_long(&path);
                    (path, colons) = (vec![name.to_string()], 0);
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.note_long(&path);
                    (path, colons) = (Vec::new(), 0);
                    self.note_tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.note_long(&path);
                    (path, colons) = (Vec::new(), 0);
                }
            }
        }
        self.note_long(&path);
    }

    /// Notes a path of several names; a single one is no path.
    fn note_long(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.note(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        self.note_long(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.note_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

#[test]
fn no_form_of_import_is_overlooked() {
    let text = r#"
        use crate::{alpha, beta::B};
        use super::{super::gamma::G, super::super::delta};
        use super::sibling::S;
        use {reqwest::Client, axum as server};
        const SITE: &str = "http://example.com"; use crate::epsilon::E;
        fn f() { crate::zeta::z(); let _ = format!("{}", crate::eta::h(&rmcp::X)); }
        mod tests { use super::*; use super::super::super::theta::T; }
    "#;

    let found = names(Path::new("src/http/chat.rs"), text);

    let ours = [
        "alpha", "beta", "delta", "epsilon", "eta", "gamma", "http", "theta", "zeta",
    ];
    assert_eq!(found.ours, ours.map(str::to_owned).into());
    assert_eq!(
        found.foreign,
        ["axum", "reqwest", "rmcp"].map(str::to_owned).into()
    );
}

#[test]
fn the_crate_under_another_name_is_an_import_of_all_of_it() {
    for text in ["use crate as root;", "use super as root;", "use super::*;"] {
        let found = names(Path::new("src/domain.rs"), text);

        assert!(found.ours.contains("crate"), "{text}");
    }
}
