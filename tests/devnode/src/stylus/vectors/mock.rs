//! The EVM that the vectors were computed against: small, fixed answers.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};

use super::format::{Settings, Words};
use crate::stylus::{
    CallKind, CreateKind, EvmData, FlushOutcome, Reply, Request, Rules, memory::page_price,
};

const CONTRACT: Address = Address::repeat_byte(0x11);
const SENDER: Address = Address::repeat_byte(0x22);
const ORIGIN: Address = Address::repeat_byte(0x33);
/// {wei}
const VALUE: u64 = 1_000_000_000_000_000_000;
/// {gas} Base price of a creation.
const CREATE_GAS: u64 = 32_000;

/// The mock and all that a program has done to it.
#[derive(Debug)]
pub(super) struct Mock {
    pub(super) rules: Rules,
    is_static: bool,
    msg_value: U256,
    reentrant: u32,
    pub(super) state: State,
    pub(super) logs: Vec<(Vec<B256>, Bytes)>,
    pub(super) creates: usize,
    pub(super) pages_open: u16,
    pub(super) pages_ever: u16,
    warm_accounts: BTreeSet<Address>,
    warm_slots: BTreeSet<B256>,
}

/// What lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) storage: Words,
    pub(super) transient: Words,
}

impl Mock {
    pub(super) fn new(settings: &Settings, rules: Rules) -> Self {
        let open = settings.pages_open_before;
        Self {
            rules,
            is_static: settings.is_static,
            msg_value: settings.msg_value.unwrap_or(U256::from(VALUE)),
            reentrant: settings.reentrant,
            state: State {
                storage: settings.storage.clone(),
                transient: settings.transient.clone(),
            },
            logs: Vec::new(),
            creates: 0,
            pages_open: open,
            pages_ever: settings.pages_ever_before.unwrap_or(open),
            warm_accounts: [CONTRACT, ORIGIN].into(),
            warm_slots: BTreeSet::new(),
        }
    }

    pub(super) fn evm_data(&self) -> EvmData {
        EvmData {
            contract_address: CONTRACT,
            msg_sender: SENDER,
            msg_value: self.msg_value,
            tx_origin: ORIGIN,
            tx_gas_price: U256::from(100_000_001),
            block_basefee: U256::from(100_000_000),
            block_coinbase: address!("0xa4b000000000000000000073657175656e636572"),
            block_gas_limit: 1 << 50,
            block_number: 20_000_001,
            block_timestamp: 1_760_000_000,
            chain_id: 412_346,
            reentrant: self.reentrant,
        }
    }

    /// {gas} Opens pages and says what that costs.
    pub(super) fn open_pages(&mut self, pages: u16) -> u64 {
        let gas = page_price(&self.rules, pages, self.pages_open, self.pages_ever);
        self.pages_open = self.pages_open.saturating_add(pages);
        self.pages_ever = self.pages_ever.max(self.pages_open);
        gas
    }

    pub(super) fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::StorageLoad { key } => {
                let gas = if self.warm_slots.insert(key) {
                    2_100
                } else {
                    100
                };
                Reply::Value {
                    value: word(&self.state.storage, key),
                    gas,
                }
            }
            Request::StorageFlush {
                entries,
                gas_budget,
            } => self.flush(&entries, gas_budget),
            Request::TransientLoad { key } => Reply::Value {
                value: word(&self.state.transient, key),
                gas: 0,
            },
            Request::TransientStore { .. } | Request::Log { .. } | Request::Create { .. }
                if self.is_static =>
            {
                Reply::Refused
            }
            Request::TransientStore { key, value } => {
                self.state.transient.insert(key, value);
                Reply::Done { gas: 0 }
            }
            Request::Log { topics, data } => {
                self.logs.push((topics, data));
                Reply::Done { gas: 0 }
            }
            Request::Create {
                kind,
                code,
                gas_left,
                ..
            } => self.create(kind, &code, gas_left),
            Request::Call {
                kind,
                to,
                value,
                data,
                gas_left,
                gas_req,
            } => self.call(kind, to, value, data, gas_left, gas_req),
            Request::AccountBalance { address } => {
                let value = B256::left_padding_from(address.as_slice());
                Reply::Value {
                    value,
                    gas: self.touch(address),
                }
            }
            Request::AccountCode { address, .. } => Reply::Code {
                code: code(address),
                gas: self.touch(address) + 700,
            },
            Request::AccountCodeHash { address } => {
                let code = code(address);
                let value = if code.is_empty() {
                    B256::ZERO
                } else {
                    keccak256(&code)
                };
                Reply::Value {
                    value,
                    gas: self.touch(address),
                }
            }
            Request::AddPages { pages } => Reply::Done {
                gas: self.open_pages(pages),
            },
        }
    }

    fn touch(&mut self, address: Address) -> u64 {
        if self.warm_accounts.insert(address) {
            2_600
        } else {
            100
        }
    }

    /// All or nothing; slots become warm only if written.
    fn flush(&mut self, entries: &[(B256, B256)], gas_budget: u64) -> Reply {
        if self.is_static {
            return Reply::Flush {
                outcome: FlushOutcome::WriteProtected,
                gas: 0,
            };
        }
        let mut gas = 0;
        for (key, value) in entries {
            let current = word(&self.state.storage, *key);
            gas += if self.warm_slots.contains(key) {
                0
            } else {
                2_100
            };
            gas += match current {
                current if current == *value => 100,
                B256::ZERO => 20_000,
                _ => 2_900,
            };
        }
        if gas >= gas_budget {
            return Reply::Flush {
                outcome: FlushOutcome::OutOfGas,
                gas: gas_budget,
            };
        }
        self.warm_slots.extend(entries.iter().map(|(key, _)| *key));
        self.state.storage.extend(entries.iter().copied());
        Reply::Flush {
            outcome: FlushOutcome::Written,
            gas,
        }
    }

    /// The last byte of the target decides.
    fn call(
        &self,
        kind: CallKind,
        to: Address,
        value: U256,
        data: Bytes,
        gas_left: u64,
        gas_req: u64,
    ) -> Reply {
        let mut gas = 0;
        if kind == CallKind::Call && !value.is_zero() {
            if self.is_static {
                return Reply::Call {
                    success: false,
                    return_data: Bytes::new(),
                    gas: 0,
                };
            }
            gas += 9_000;
        }
        let (success, return_data, price) = match to[19] {
            1 => {
                let price = 3_000 + data.len() as u64;
                (true, data, price)
            }
            2 => (false, data.iter().rev().copied().collect(), 3_000),
            3 => (false, Bytes::new(), gas_req),
            4 => (true, echo(kind, to, value, &data, gas_left, gas_req), 3_000),
            5 => (true, Bytes::new(), gas_left + 1),
            6 => (
                true,
                (0..1_000_u32).map(|i| (i % 251) as u8).collect(),
                3_000,
            ),
            _ => (true, Bytes::new(), 2_600),
        };
        gas += price;
        Reply::Call {
            success,
            return_data,
            gas,
        }
    }

    fn create(&mut self, kind: CreateKind, code: &[u8], gas_left: u64) -> Reply {
        if gas_left < CREATE_GAS {
            return Reply::Refused;
        }
        self.creates += 1;
        if let [0xfd, revert_data @ ..] = code {
            let return_data = Bytes::copy_from_slice(revert_data);
            return Reply::Create {
                address: None,
                return_data,
                gas: CREATE_GAS + 200,
            };
        }
        let address = match kind {
            CreateKind::Create1 => Address::repeat_byte(0xc1),
            CreateKind::Create2 { salt } => Address::from_slice(&salt[..20]),
        };
        let gas = CREATE_GAS + code.len() as u64;
        Reply::Create {
            address: Some(address),
            return_data: Bytes::new(),
            gas,
        }
    }
}

/// Everything that the mock was told of the call.
fn echo(
    kind: CallKind,
    to: Address,
    value: U256,
    data: &[u8],
    gas_left: u64,
    gas_req: u64,
) -> Bytes {
    let kind = match kind {
        CallKind::Call => 0,
        CallKind::Delegate => 1,
        CallKind::Static => 2,
    };
    let value = value.to_be_bytes::<32>();
    let gas = [gas_left.to_be_bytes(), gas_req.to_be_bytes()].concat();
    [to.as_slice(), &value, &gas, &[kind], data].concat().into()
}

fn word(words: &Words, key: B256) -> B256 {
    words.get(&key).copied().unwrap_or_default()
}

fn code(address: Address) -> Bytes {
    let last = u32::from(address[19]);
    (0..8 * last).map(|i| ((last + i) % 256) as u8).collect()
}
