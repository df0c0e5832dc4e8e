//! EIP-712: the hash of typed data that is signed.

use std::collections::{BTreeMap, BTreeSet};

use alloy::dyn_abi::DynSolType;
use alloy_primitives::{B256, Bytes, keccak256};
use serde::Deserialize;
use serde_json::Value;

use super::error::RpcError;

/// The type of a domain.
const DOMAIN: &str = "EIP712Domain";

/// The fields that a domain may have, in order.
const DOMAIN_FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// Most types of one message: every one of them may name all others.
const TYPES_MAX: usize = 256;

/// Typed data as wallets are given it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypedData {
    types: BTreeMap<String, Vec<Field>>,
    primary_type: String,
    domain: Value,
    #[serde(default)]
    message: Value,
}

#[derive(Debug, Deserialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    ty: String,
}

impl TypedData {
    /// What is signed: `keccak256(0x1901 . hashStruct(domain) . hashStruct(message))`, without the last
    /// part if the message is the domain.
    ///
    /// # Errors
    /// [`RpcError::BadArguments`] for values that do not have their types, and types that are none.
    pub(super) fn hash(mut self) -> Result<B256, RpcError> {
        if self.types.len() > TYPES_MAX {
            return Err(bad(format!("more than {TYPES_MAX} types")));
        }
        if !self.types.contains_key(DOMAIN) {
            let fields = DOMAIN_FIELDS.iter();
            let present = fields.filter(|(name, _)| self.domain.get(name).is_some());
            let fields = present.map(|(name, ty)| Field {
                name: (*name).into(),
                ty: (*ty).into(),
            });
            self.types.insert(DOMAIN.into(), fields.collect());
        }
        let mut encoder = Encoder {
            types: &self.types,
            hashes: BTreeMap::new(),
        };
        let mut signed = vec![0x19, 0x01];
        signed.extend(encoder.structure(DOMAIN, &self.domain)?);
        if self.primary_type != DOMAIN {
            signed.extend(encoder.structure(&self.primary_type, &self.message)?);
        }
        Ok(keccak256(signed))
    }
}

struct Encoder<'a> {
    types: &'a BTreeMap<String, Vec<Field>>,
    /// `keccak256(encodeType(type))` of those that were needed.
    hashes: BTreeMap<&'a str, B256>,
}

impl<'a> Encoder<'a> {
    /// `hashStruct`: `keccak256(typeHash . fields)`
    fn structure(&mut self, name: &str, value: &Value) -> Result<B256, RpcError> {
        let unknown = || bad(format!("type {name} is not among the types"));
        let (name, fields) = self.types.get_key_value(name).ok_or_else(unknown)?;
        let mut encoded = self.type_hash(name)?.to_vec();
        for field in fields {
            let missing = || bad(format!("{name} has no {}", field.name));
            let value = value.get(&field.name).ok_or_else(missing)?;
            encoded.extend(self.value(&field.ty, value)?);
        }
        Ok(keccak256(encoded))
    }

    /// A value in one word: itself, or the hash of what is longer.
    fn value(&mut self, ty: &str, value: &Value) -> Result<B256, RpcError> {
        if let Some((item, len)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
            return self.array(item, len, value);
        }
        if self.types.contains_key(ty) {
            return self.structure(ty, value);
        }
        let wrong = || bad(format!("{value} is not of type {ty}"));
        let text = match value {
            Value::String(text) => text.clone(),
            // Any other number was rounded when it was read.
            Value::Number(number) if number.is_f64() => {
                return Err(bad(format!("{value} is not exact: give {ty} as a string")));
            }
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(wrong()),
        };
        match ty {
            "string" => Ok(keccak256(text)),
            "bytes" => Ok(keccak256(text.parse::<Bytes>().map_err(|_| wrong())?)),
            _ => {
                let unknown = |_| bad(format!("type {ty} is not known"));
                let parsed = DynSolType::parse(ty).map_err(unknown)?;
                // Units and exponents are no part of EIP-712.
                if matches!(parsed, DynSolType::Uint(_) | DynSolType::Int(_)) && !is_integer(&text)
                {
                    return Err(wrong());
                }
                let value = parsed.coerce_str(&text).map_err(|_| wrong())?;
                value.as_word().ok_or_else(wrong)
            }
        }
    }

    fn array(&mut self, item: &str, len: &str, value: &Value) -> Result<B256, RpcError> {
        let items = value.as_array();
        let items = items.filter(|items| len.is_empty() || len.parse() == Ok(items.len()));
        let wrong = || bad(format!("{value} is not of type {item}[{len}]"));
        let mut encoded = Vec::new();
        for value in items.ok_or_else(wrong)? {
            encoded.extend(self.value(item, value)?);
        }
        Ok(keccak256(encoded))
    }

    fn type_hash(&mut self, name: &'a str) -> Result<B256, RpcError> {
        if let Some(hash) = self.hashes.get(name) {
            return Ok(*hash);
        }
        let hash = keccak256(self.encode_type(name));
        self.hashes.insert(name, hash);
        Ok(hash)
    }

    /// `encodeType`: the type, then those that it needs, by name.
    fn encode_type(&self, name: &'a str) -> String {
        let mut needed = BTreeSet::new();
        let mut next = vec![name];
        while let Some(name) = next.pop() {
            for field in self.types.get(name).into_iter().flatten() {
                let item = field.ty.split('[').next().unwrap_or_default();
                if item != name && self.types.contains_key(item) && needed.insert(item) {
                    next.push(item);
                }
            }
        }
        needed.remove(name);
        let all = std::iter::once(name).chain(needed);
        all.map(|name| {
            let fields = self.types.get(name).into_iter().flatten();
            let fields = fields.map(|field| format!("{} {}", field.ty, field.name));
            format!("{name}({})", fields.collect::<Vec<_>>().join(","))
        })
        .collect()
    }
}

/// Whether the text is decimal digits, or hexadecimal ones after `0x`, maybe with a minus.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.strip_prefix("0x") {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()),
    }
}

fn bad(reason: String) -> RpcError {
    RpcError::BadArguments(format!("typed data: {reason}"))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;
    use serde_json::json;

    use super::*;

    fn mail() -> Value {
        json!({
            "types": {
                "EIP712Domain": [
                    { "name": "name", "type": "string" },
                    { "name": "version", "type": "string" },
                    { "name": "chainId", "type": "uint256" },
                    { "name": "verifyingContract", "type": "address" },
                ],
                "Person": [
                    { "name": "name", "type": "string" },
                    { "name": "wallet", "type": "address" },
                ],
                "Mail": [
                    { "name": "from", "type": "Person" },
                    { "name": "to", "type": "Person" },
                    { "name": "contents", "type": "string" },
                ],
            },
            "primaryType": "Mail",
            "domain": {
                "name": "Ether Mail",
                "version": "1",
                "chainId": 1,
                "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
            },
            "message": {
                "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
                "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
                "contents": "Hello, Bob!",
            },
        })
    }

    fn hash(data: Value) -> Result<B256, String> {
        let data: TypedData = serde_json::from_value(data).unwrap();
        data.hash().map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_of_the_standard_has_its_hash() {
        let expected = b256!("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
        assert_eq!(hash(mail()), Ok(expected));
        let mut data = mail();
        data["types"].as_object_mut().unwrap().remove(DOMAIN);
        assert_eq!(hash(data), Ok(expected));
        let mut domain = mail();
        domain["primaryType"] = json!(DOMAIN);
        assert!(hash(domain).is_ok_and(|hash| hash != expected));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (path, value, reason) in [
            (
                "/primaryType",
                json!("Male"),
                "type Male is not among the types",
            ),
            (
                "/message/to/wallet",
                json!("0x12"),
                "\"0x12\" is not of type address",
            ),
            (
                "/message/to",
                json!({ "name": "Bob" }),
                "Person has no wallet",
            ),
            ("/message/contents", json!([1]), "[1] is not of type string"),
            (
                "/types/Mail/2/type",
                json!("text"),
                "type text is not known",
            ),
            (
                "/types/Mail/2/type",
                json!("string[2]"),
                "is not of type string[2]",
            ),
            ("/domain/chainId", json!(-1), "-1 is not of type uint256"),
        ] {
            let mut data = mail();
            *data.pointer_mut(path).unwrap() = value;
            let message = hash(data).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}
