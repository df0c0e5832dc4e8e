//! Fresh accounts for one run, paid by one key: what they are given is all that the run can cost.

use alloy::primitives::{Address, U256, keccak256};
use alloy::providers::Provider;
use alloy::signers::local::PrivateKeySigner;
use eyre::Result;

use super::Error;
use crate::chain::Chain;
use crate::story::Staging;
use crate::system::Roles;

/// {gas} that each account may use: about twice what the story uses on `stylus-devnode` and more, since a chain may also
/// charge for posting transactions elsewhere.
const ALLOWANCES: [(&str, u64); 6] = [
    ("deployer", 80_000_000),
    ("owner", 60_000_000),
    ("guardian", 2_000_000),
    ("keeper", 10_000_000),
    ("alice", 3_000_000),
    ("bob", 3_000_000),
];
/// What the owner gets beside its gas, {wei}: the data fees of three activations, which the chain sets.
const DATA_FEES: u64 = 2_000_000_000_000_000;
/// {gas} of paying an account, generous where the chain charges for its own costs.
const PAYMENT: u64 = 300_000;

/// The accounts of one run. Their keys follow from the payer's key and nonce, so that nobody else knows them, no two
/// runs share them, and what a broken run leaves behind is not lost.
#[derive(Debug)]
pub struct Purse {
    chain: Chain,
    payer: PrivateKeySigner,
    accounts: Vec<(PrivateKeySigner, U256)>,
    most: U256,
    seed: Vec<u8>,
}

impl Purse {
    /// Reckons what the accounts need at twice the present gas price. Sends nothing.
    ///
    /// - Errors: [`Error::Funds`] where the payer holds less; a node that does not answer.
    pub async fn plan(chain: &Chain, payer: PrivateKeySigner) -> Result<Self> {
        let nonce = chain
            .provider()
            .get_transaction_count(payer.address())
            .await?;
        let seed = [
            &b"gimbal demo"[..],
            payer.to_bytes().as_slice(),
            &nonce.to_be_bytes(),
        ]
        .concat();
        // {wei/gas}
        let price = U256::from(chain.fee_cap().await?);
        let mut accounts = Vec::with_capacity(ALLOWANCES.len());
        for (name, gas) in ALLOWANCES {
            let fees = if name == "owner" { DATA_FEES } else { 0 };
            accounts.push((
                derive(&seed, name)?,
                price * U256::from(gas) + U256::from(fees),
            ));
        }
        let given: U256 = accounts.iter().map(|(_, wei)| *wei).sum();
        let most = given + price * U256::from(PAYMENT) * U256::from(accounts.len());
        let held = chain.provider().get_balance(payer.address()).await?;
        if held < most {
            return Err(Error::Funds {
                payer: payer.address(),
                held,
                needed: most,
            }
            .into());
        }
        Ok(Self {
            chain: chain.clone(),
            payer,
            accounts,
            most,
            seed,
        })
    }

    /// Who pays.
    pub fn payer(&self) -> Address {
        self.payer.address()
    }

    /// The most that the run can cost, {wei}.
    pub fn most(&self) -> U256 {
        self.most
    }

    /// The accounts as the story's cast.
    ///
    /// - Errors: never in practice.
    pub fn staging(&self) -> Result<Staging> {
        let roles = Roles::of(|name| derive(&self.seed, name))?;
        Ok(Staging::shared(derive(&self.seed, "deployer")?, roles))
    }

    /// Pays every account.
    ///
    /// - Errors: a payment that the chain refuses.
    pub async fn pay(&self) -> Result<()> {
        for (account, wei) in &self.accounts {
            self.chain
                .pay_ether(&self.payer, account.address(), *wei)
                .await?;
        }
        Ok(())
    }

    /// Pays what is left in every account back, but for dust; returns {wei}.
    ///
    /// - Errors: a payment that the chain refuses.
    pub async fn give_back(&self) -> Result<U256> {
        let mut returned = U256::ZERO;
        for (account, _) in &self.accounts {
            returned += self.chain.pay_rest(account, self.payer.address()).await?;
        }
        Ok(returned)
    }
}

fn derive(seed: &[u8], name: &str) -> Result<PrivateKeySigner> {
    let hash = keccak256([seed, name.as_bytes()].concat());
    Ok(PrivateKeySigner::from_bytes(&hash)?)
}
