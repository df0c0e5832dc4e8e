//! Compares a contract's source with the Solidity interface that it promises: functions with their mutability and returns,
//! errors, and events with what is indexed. Either side may not change alone.

use std::collections::BTreeSet;

use syn::{FnArg, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type};
use syn_solidity::Item as SolItem;

/// What a contract offers, one line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Abi {
    /// `name(types) mutability returns (types)`
    pub(crate) functions: BTreeSet<String>,
    /// `name(types)`
    pub(crate) signatures: BTreeSet<String>,
    /// `error Name(type name);`
    pub(crate) errors: BTreeSet<String>,
    /// `event Name(type indexed name);`
    pub(crate) events: BTreeSet<String>,
}

/// Reads a Solidity file with one interface.
pub(crate) fn solidity(text: &str) -> Abi {
    let mut abi = Abi::default();
    for item in sol_items(text.parse().expect("Solidity tokens")) {
        let SolItem::Contract(contract) = item else {
            continue;
        };
        for item in contract.body {
            abi.add(item);
        }
    }
    abi
}

/// Reads a contract's `lib.rs` for functions, and the `sol!` lists of other files for errors and events.
pub(crate) fn rust(lib: &str, lists: &[&str]) -> Abi {
    let mut abi = Abi::default();
    for item in syn::parse_file(lib).expect("Rust").items {
        if let Item::Impl(item) = item
            && item.attrs.iter().any(|attr| attr.path().is_ident("public"))
        {
            for item in item.items {
                if let ImplItem::Fn(function) = item {
                    abi.add_method(&function);
                }
            }
        }
    }
    for list in lists {
        for item in syn::parse_file(list).expect("Rust").items {
            if let Item::Macro(item) = item
                && item.mac.path.is_ident("sol")
            {
                for item in sol_items(item.mac.tokens) {
                    abi.add(item);
                }
            }
        }
    }
    abi
}

/// Each list is alphabetical, so that a reader finds what is there and sees what is not.
pub(crate) fn is_sorted(list: &str) -> bool {
    let names = |keyword: &str| -> Vec<String> {
        list.lines()
            .filter_map(|line| line.trim().strip_prefix(keyword))
            .filter_map(|rest| Some(rest.split_once('(')?.0.to_owned()))
            .collect()
    };
    names("error ").is_sorted() && names("event ").is_sorted()
}

fn sol_items(tokens: proc_macro2::TokenStream) -> Vec<SolItem> {
    syn_solidity::parse2(tokens).expect("Solidity").items
}

impl Abi {
    fn add(&mut self, item: SolItem) {
        match item {
            SolItem::Error(error) => {
                self.errors.insert(error.to_string());
            }
            SolItem::Event(event) => {
                self.events.insert(event.to_string());
            }
            SolItem::Function(function) => {
                let types = |list: &syn_solidity::ParameterList| -> Vec<String> {
                    list.iter()
                        .map(|parameter| parameter.ty.to_string())
                        .collect()
                };
                let mutability = function.attributes.mutability();
                let returns = function.returns.as_ref();
                self.add_function(
                    &function.name.as_ref().expect("a name").to_string(),
                    &types(&function.parameters),
                    mutability.map(|mutability| mutability.to_string()),
                    &returns
                        .map(|returns| types(&returns.returns))
                        .unwrap_or_default(),
                );
            }
            _ => {}
        }
    }

    fn add_method(&mut self, function: &syn::ImplItemFn) {
        let is = |name: &str| function.attrs.iter().any(|attr| attr.path().is_ident(name));
        if is("constructor") {
            return;
        }
        let mut arguments = Vec::new();
        let mut mutability = Some("pure".to_owned());
        for input in &function.sig.inputs {
            match input {
                FnArg::Receiver(this) => {
                    mutability = this.mutability.is_none().then(|| "view".to_owned());
                }
                FnArg::Typed(input) => arguments.push(solidity_type(&input.ty)),
            }
        }
        if is("payable") {
            mutability = Some("payable".to_owned());
        }
        let returns = match &function.sig.output {
            ReturnType::Default => Vec::new(),
            ReturnType::Type(_, ty) => solidity_types(ty),
        };
        let name =
            selector_name(function).unwrap_or_else(|| camel(&function.sig.ident.to_string()));
        self.add_function(&name, &arguments, mutability, &returns);
    }

    fn add_function(
        &mut self,
        name: &str,
        arguments: &[String],
        mutability: Option<String>,
        returns: &[String],
    ) {
        let signature = format!("{name}({})", arguments.join(","));
        let mutability = mutability.unwrap_or_default();
        let returns = returns.join(",");
        self.functions
            .insert(format!("{signature} {mutability} returns ({returns})"));
        self.signatures.insert(signature);
    }
}

/// The name in `#[selector(name = "...")]`.
fn selector_name(function: &syn::ImplItemFn) -> Option<String> {
    let mut name = None;
    let selectors = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("selector"));
    for selector in selectors {
        selector
            .parse_nested_meta(|meta| {
                let value: syn::LitStr = meta.value()?.parse()?;
                name = Some(value.value());
                Ok(())
            })
            .expect("selector(name = ...)");
    }
    name
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(1);
        name + &head.to_uppercase() + tail
    })
}

/// What a return type stands for: nothing, one type, or a flat list.
fn solidity_types(ty: &Type) -> Vec<String> {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().map(solidity_type).collect(),
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a type");
            match (&last.ident, argument(last)) {
                (name, Some(inner)) if name == "Result" => solidity_types(inner),
                _ => vec![solidity_type(ty)],
            }
        }
        _ => vec![solidity_type(ty)],
    }
}

fn solidity_type(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        panic!("no Solidity type");
    };
    let last = path.path.segments.last().expect("a type");
    let name = last.ident.to_string();
    let plain = match name.as_str() {
        "Vec" => return solidity_type(argument(last).expect("of something")) + "[]",
        "Address" => "address",
        "B256" => "bytes32",
        "Bytes" | "Payload" => "bytes",
        "I256" => "int256",
        "String" => "string",
        "U256" => "uint256",
        "bool" => "bool",
        "u8" => "uint8",
        "u16" => "uint16",
        "u32" => "uint32",
        "u64" => "uint64",
        "u128" => "uint128",
        _ => panic!("no Solidity type for {name}"),
    };
    plain.to_owned()
}

/// The first generic argument.
fn argument(segment: &syn::PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}
