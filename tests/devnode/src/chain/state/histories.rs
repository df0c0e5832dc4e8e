//! Random histories against a model that keeps every state whole.

use std::collections::{BTreeMap, BTreeSet};

use alloy_consensus::Header;
use proptest::prelude::*;
use revm::state::{Account as EvmAccount, AccountInfo, EvmState, EvmStorageSlot, TransactionId};

use super::{trie::model, view::View, *};
use crate::chain::blocks::{block::Block, history::History};

const ACCOUNTS: [Address; 3] = [
    Address::repeat_byte(1),
    Address::repeat_byte(2),
    Address::repeat_byte(3),
];
const SLOTS: u64 = 4;

/// What a transaction does to an account.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is read only.
    Stays,
    Changes,
    Created,
    Destroyed,
}

/// An account in the journal of a transaction.
#[derive(Clone, Debug)]
struct Touched {
    fate: Fate,
    wei: u64,
    slots: BTreeMap<u64, u64>,
}

#[derive(Clone, Debug)]
enum Action {
    SetBalance(usize, u64),
    SetSlot(usize, u64, u64),
    Create(usize),
    Destroy(usize),
    /// Ends a transaction.
    Commit(BTreeMap<usize, Touched>),
    /// Remembers the state and asks for its root, as a block does.
    Mark,
    /// Goes back to one of the marks.
    Revert(prop::sample::Index),
    /// Goes back to one of the marks, on to something else, and to where it was.
    Detour(prop::sample::Index, usize, u64),
}

fn touched() -> impl Strategy<Value = Touched> {
    let fate = prop_oneof![
        1 => Just(Fate::Stays),
        3 => Just(Fate::Changes),
        1 => Just(Fate::Created),
        1 => Just(Fate::Destroyed),
    ];
    let slots = prop::collection::btree_map(0..SLOTS, 0..4_u64, 0..3);
    (fate, 0..4_u64, slots).prop_map(|(fate, wei, slots)| Touched { fate, wei, slots })
}

fn action() -> impl Strategy<Value = Action> {
    let account = 0..ACCOUNTS.len();
    let journal = prop::collection::btree_map(account.clone(), touched(), 1..3);
    prop_oneof![
        3 => (account.clone(), 0..4_u64).prop_map(|(account, wei)| Action::SetBalance(account, wei)),
        8 => (account.clone(), 0..SLOTS, 0..4_u64)
            .prop_map(|(account, slot, value)| Action::SetSlot(account, slot, value)),
        1 => account.clone().prop_map(Action::Create),
        1 => account.prop_map(Action::Destroy),
        4 => journal.prop_map(Action::Commit),
        3 => Just(Action::Mark),
        1 => any::<prop::sample::Index>().prop_map(Action::Revert),
        2 => (any::<prop::sample::Index>(), 0..ACCOUNTS.len(), 0..SLOTS)
            .prop_map(|(mark, account, slot)| Action::Detour(mark, account, slot)),
    ]
}

/// Values that were set here, over those of an origin.
#[derive(Clone, Debug, Default)]
struct Model {
    balances: BTreeMap<Address, u64>,
    slots: BTreeMap<(Address, u64), u64>,
    detached: BTreeSet<Address>,
    has_origin: bool,
}

/// What the origin holds: a balance of the first account, and every slot of the first two.
fn balance_below(address: Address) -> u64 {
    if address == ACCOUNTS[0] { 100 } else { 0 }
}

fn slot_below(address: Address, slot: u64) -> u64 {
    if address == ACCOUNTS[2] { 0 } else { slot + 10 }
}

fn origin() -> Arc<Pin> {
    let balances = ACCOUNTS.map(|address| (address, U256::from(balance_below(address))));
    let slots: Vec<_> = ACCOUNTS
        .iter()
        .flat_map(|address| (0..SLOTS).map(move |slot| (*address, slot)))
        .map(|(address, slot)| {
            let value = slot_below(address, slot);
            (address, U256::from(slot), U256::from(value))
        })
        .collect();
    Pin::holding(&balances, &slots)
}

impl Model {
    fn balance(&self, address: Address) -> u64 {
        match self.balances.get(&address) {
            Some(balance) => *balance,
            None if self.has_origin => balance_below(address),
            None => 0,
        }
    }

    fn slot(&self, address: Address, slot: u64) -> u64 {
        match self.slots.get(&(address, slot)) {
            Some(value) => *value,
            None if self.has_origin && !self.detached.contains(&address) => {
                slot_below(address, slot)
            }
            None => 0,
        }
    }

    /// Zero over an origin.
    fn root(&self) -> B256 {
        if self.has_origin {
            return B256::ZERO;
        }
        model::root(ACCOUNTS.iter().map(|address| {
            let slots = (0..SLOTS).map(|slot| (slot, self.slot(*address, slot)));
            let slots = slots.filter(|(_, value)| *value > 0);
            let words = slots.map(|(slot, value)| (U256::from(slot), U256::from(value)));
            (
                *address,
                U256::from(self.balance(*address)),
                words.collect(),
            )
        }))
    }

    /// A journal of EVM form with the values before it.
    fn journal(&self, touched: &BTreeMap<usize, Touched>) -> EvmState {
        let entry = |(account, touched): (&usize, &Touched)| {
            let address = ACCOUNTS[*account];
            let slots = touched.slots.iter().map(|(slot, value)| {
                let before = match touched.fate {
                    Fate::Created => 0,
                    _ => self.slot(address, *slot),
                };
                let (before, after) = (U256::from(before), U256::from(*value));
                let slot = U256::from(*slot);
                let changed = EvmStorageSlot::new_changed(before, after, TransactionId::ZERO);
                (slot, changed)
            });
            let account = EvmAccount::default()
                .with_info(AccountInfo::from_balance(U256::from(touched.wei)))
                .with_storage(slots);
            let account = match touched.fate {
                Fate::Stays => account,
                Fate::Changes => account.with_touched_mark(),
                Fate::Created => account.with_touched_mark().with_created_mark(),
                Fate::Destroyed => account.with_touched_mark().with_selfdestruct_mark(),
            };
            (address, account)
        };
        touched.iter().map(entry).collect()
    }

    fn end(&mut self, touched: &BTreeMap<usize, Touched>) {
        for (account, touched) in touched {
            let address = ACCOUNTS[*account];
            if let Fate::Created | Fate::Destroyed = touched.fate {
                self.empty(address);
            }
            match touched.fate {
                Fate::Stays => {}
                Fate::Destroyed => {
                    self.balances.insert(address, 0);
                }
                Fate::Changes | Fate::Created => {
                    self.balances.insert(address, touched.wei);
                    let slots = touched.slots.iter();
                    self.slots
                        .extend(slots.map(|(slot, value)| ((address, *slot), *value)));
                }
            }
        }
    }

    fn empty(&mut self, address: Address) {
        self.slots.retain(|(owner, _), _| *owner != address);
        self.detached.insert(address);
    }
}

fn basic(wei: u64) -> Option<Basic> {
    (wei > 0).then(|| Basic {
        balance: U256::from(wei),
        ..Basic::default()
    })
}

fn act(state: &mut State, model: &mut Model, marks: &mut Vec<(Position, Model)>, action: Action) {
    match action {
        Action::SetBalance(account, wei) => {
            let address = ACCOUNTS[account];
            state.set_basic(address, basic(wei)).unwrap();
            model.balances.insert(address, wei);
        }
        Action::SetSlot(account, slot, value) => {
            let address = ACCOUNTS[account];
            let word = U256::from(value);
            state.set_slot(address, U256::from(slot), word).unwrap();
            model.slots.insert((address, slot), value);
        }
        Action::Create(account) => {
            state.detach(ACCOUNTS[account]);
            model.empty(ACCOUNTS[account]);
        }
        Action::Destroy(account) => {
            state.detach(ACCOUNTS[account]);
            state.set_basic(ACCOUNTS[account], None).unwrap();
            model.empty(ACCOUNTS[account]);
            model.balances.insert(ACCOUNTS[account], 0);
        }
        Action::Commit(touched) => {
            state.commit(model.journal(&touched)).unwrap();
            model.end(&touched);
        }
        Action::Mark => {
            assert_eq!(state.root(), model.root());
            marks.push((state.position(), model.clone()));
        }
        Action::Revert(index) => {
            let kept = index.index(marks.len()) + 1;
            marks.truncate(kept);
            let (position, then) = marks[kept - 1].clone();
            state.revert_to(position);
            *model = then;
        }
        Action::Detour(index, account, slot) => {
            let (position, _) = marks[index.index(marks.len())];
            let before = state.position();
            let undone = state.undo_to(position);
            let address = ACCOUNTS[account];
            state
                .set_slot(address, U256::from(slot), U256::from(77))
                .unwrap();
            state.detach(address);
            state.set_basic(address, basic(77)).unwrap();
            state.revert_to(position);
            state.redo(undone);
            assert_eq!(state.position(), before);
        }
    }
}

/// Every value at a position, one by one and listed.
fn check(state: &State, history: &History, position: Position, model: &Model) {
    let view = View::past(state, history, position);
    let root = view.root(|| Ok::<_, StateError>(())).unwrap();
    assert_eq!(root, model.root(), "at {position}");
    for address in ACCOUNTS {
        let wei = model.balance(address);
        assert_eq!(
            view.account(&address).unwrap(),
            basic(wei),
            "{address} at {position}"
        );
        for slot in 0..SLOTS {
            let (key, value) = (U256::from(slot), U256::from(model.slot(address, slot)));
            let read = view.slot(&address, &key).unwrap();
            assert_eq!(read, value, "slot {slot} of {address} at {position}");
        }
    }
}

proptest! {
    #[test]
    fn every_state_of_a_history_is_read_as_it_was(
        has_origin: bool,
        actions in prop::collection::vec(action(), 1..60),
    ) {
        let mut state = match has_origin {
            true => State::on(origin()),
            false => State::default(),
        };
        let history = History::new(Block {
            header: Header::default(),
            hash: B256::ZERO,
            txs: Vec::new(),
            position: 0,
        });
        let mut model = Model { has_origin, ..Model::default() };
        let mut marks = vec![(state.position(), model.clone())];
        for action in actions {
            act(&mut state, &mut model, &mut marks, action);
            check(&state, &history, Position::MAX, &model);
        }
        for (position, model) in &marks {
            check(&state, &history, *position, model);
        }
        // A log that was read from a dump says the same.
        state.set_log(state.log().changes().iter().copied().collect());
        prop_assert_eq!(state.root(), model.root());
        for (position, model) in marks.iter().rev() {
            check(&state, &history, *position, model);
            state.revert_to(*position);
            check(&state, &history, Position::MAX, model);
        }
    }
}
