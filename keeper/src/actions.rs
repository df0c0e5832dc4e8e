//! What a depositor does: basket in, basket out.

use alloy::primitives::{Address, B256, U256};
use alloy::rpc::types::BlockId;
use alloy::sol_types::{SolError, SolEvent};
use gimbal_abi::IVault;
use gimbal_abi::token::IERC20;
use gimbal_core::fixed::{BPS, mul_div_down, mul_div_up};
use serde::Serialize;

use crate::decode::Revert;
use crate::error::Error;
use crate::rpc::{Batch, CallError, Chain, Receipt};
use crate::send::{Action, Sender};

/// The mode in which the vault takes no deposits.
const KILLED: u8 = 2;

/// What a deposit will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositPlan {
    /// Shares to mint.
    pub shares: U256,
    /// The tokens.
    pub tokens: Vec<Address>,
    /// {tok} that the shares cost now.
    pub amounts: Vec<U256>,
    /// {tok} that the vault may take at most; approved exactly.
    pub max_in: Vec<U256>,
}

/// What a redemption will pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedeemPlan {
    /// Shares to burn.
    pub shares: U256,
    /// The tokens.
    pub tokens: Vec<Address>,
    /// {tok} that the shares bring now.
    pub amounts: Vec<U256>,
    /// {tok} below which the call reverts; empty for no bound.
    pub min_out: Vec<U256>,
    /// Bit i: credit asset i instead of paying it.
    pub skip_mask: U256,
}

/// A deposit or a redemption, by the vault's own event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The transaction.
    pub tx: B256,
    /// Gas of all transactions, approvals included.
    pub gas_used: u64,
    /// Shares minted or burnt.
    #[serde(with = "crate::amount::decimal")]
    pub shares: U256,
    /// {tok} of each asset, in registry order.
    pub amounts: Vec<String>,
    /// Bit i: asset i was credited instead of paid.
    #[serde(with = "crate::amount::decimal")]
    pub owed_mask: U256,
}

/// What `shares` cost now, with room for `slack_bps` more: the basket may move before the transaction does.
///
/// `max_in[i] = ceil(amounts[i] * (10000 + slack_bps) / 10000) + 1`
///
/// # Errors
///
/// [`Error::Refused`] before genesis, [`Error::Rpc`].
pub async fn plan_deposit(
    chain: &Chain,
    vault: Address,
    shares: U256,
    slack_bps: u16,
) -> Result<DepositPlan, Error> {
    let seen = chain.view(vault, &IVault::previewMintCall { shares }).await;
    let seen = seen.map_err(|error| Error::of_call("previewMint", error))?;
    let factor = BPS + U256::from(slack_bps);
    let max_in = seen.amounts.iter().map(|amount| {
        let most = mul_div_up(*amount, factor, BPS).ok()?;
        most.checked_add(U256::ONE)
    });
    let max_in: Option<Vec<_>> = max_in.collect();
    Ok(DepositPlan {
        shares,
        tokens: seen.assets,
        amounts: seen.amounts,
        max_in: max_in
            .ok_or_else(|| Error::Mismatch("deposit: an amount is beyond 256 bits".into()))?,
    })
}

/// Approves what the plan may take, token by token where less is approved, and mints to `receiver`.
///
/// # Errors
///
/// [`Error::Refused`] and [`Error::Funds`] before anything is approved, if the vault takes no deposits or the signer lacks
/// tokens; those of [`Sender::send`].
pub async fn deposit(
    sender: &Sender,
    vault: Address,
    plan: &DepositPlan,
    receiver: Address,
) -> Result<Moved, Error> {
    possible(sender, vault, plan).await?;
    let mut gas_used = 0;
    for (token, most) in plan.tokens.iter().zip(&plan.max_in) {
        gas_used += approve(sender, *token, vault, *most).await?;
    }
    let call = IVault::mintCall {
        shares: plan.shares,
        receiver,
        maxIn: plan.max_in.clone(),
    };
    let receipt = sender.send(&Action::new("mint", vault, &call)).await?;
    let event = event::<IVault::Minted>(&receipt, vault)?;
    Ok(Moved {
        tx: receipt.tx,
        gas_used: gas_used + receipt.gas_used,
        shares: event.shares,
        amounts: event.amountsIn.iter().map(U256::to_string).collect(),
        owed_mask: U256::ZERO,
    })
}

/// Refuses a deposit that cannot succeed before it costs an approval.
async fn possible(sender: &Sender, vault: Address, plan: &DepositPlan) -> Result<(), Error> {
    let account = sender.address();
    let mut batch = Batch::default();
    let mode = batch.add(vault, &IVault::modeSinceCall {});
    let held: Vec<_> = plan
        .tokens
        .iter()
        .map(|token| batch.add(*token, &IERC20::balanceOfCall { account }))
        .collect();
    let failed = |error| Error::of_call("mint", error);
    let mut answers = batch.send(sender.chain(), BlockId::latest()).await?;
    let mode = answers.take(mode).map_err(failed)?.mode;
    if mode == KILLED {
        let revert = Revert::decode(&IVault::WrongMode { mode }.abi_encode());
        return Err(failed(CallError::Revert(revert)));
    }
    for ((slot, token), amount) in held.into_iter().zip(&plan.tokens).zip(&plan.amounts) {
        let balance = answers.take(slot).map_err(failed)?;
        if balance < *amount {
            return Err(Error::Funds {
                action: "mint".into(),
                signer: account,
                reason: format!("it holds {balance} of {token}, {amount} are needed (base units)"),
            });
        }
    }
    Ok(())
}

/// What `shares` bring now. With `min_out_bps` the call reverts if any asset brings less than that part of it.
///
/// # Errors
///
/// [`Error::Refused`] before genesis, [`Error::Rpc`].
pub async fn plan_redeem(
    chain: &Chain,
    vault: Address,
    shares: U256,
    min_out_bps: Option<u16>,
    skip_mask: U256,
) -> Result<RedeemPlan, Error> {
    let seen = chain
        .view(vault, &IVault::previewRedeemCall { shares })
        .await;
    let seen = seen.map_err(|error| Error::of_call("previewRedeem", error))?;
    let min_out = match min_out_bps {
        None => Vec::new(),
        Some(bps) => seen
            .amounts
            .iter()
            .map(|amount| mul_div_down(*amount, U256::from(bps), BPS))
            .collect::<Result<_, _>>()
            .map_err(|error| Error::Mismatch(format!("redeem: {error:?}")))?,
    };
    Ok(RedeemPlan {
        shares,
        tokens: seen.assets,
        amounts: seen.amounts,
        min_out,
        skip_mask,
    })
}

/// Burns the signer's shares and pays `receiver`.
///
/// # Errors
///
/// Those of [`Sender::send`].
pub async fn redeem(
    sender: &Sender,
    vault: Address,
    plan: &RedeemPlan,
    receiver: Address,
) -> Result<Moved, Error> {
    let call = IVault::redeemCall {
        shares: plan.shares,
        receiver,
        owner: sender.address(),
        minOut: plan.min_out.clone(),
        skipMask: plan.skip_mask,
    };
    let receipt = sender.send(&Action::new("redeem", vault, &call)).await?;
    let event = event::<IVault::Redeemed>(&receipt, vault)?;
    Ok(Moved {
        tx: receipt.tx,
        gas_used: receipt.gas_used,
        shares: event.shares,
        amounts: event.amountsOut.iter().map(U256::to_string).collect(),
        owed_mask: event.owedMask,
    })
}

/// Raises an allowance to `amount` if it is lower; gas used. Tokens that refuse to change an allowance in one step get
/// the zero that they want first.
async fn approve(
    sender: &Sender,
    token: Address,
    spender: Address,
    amount: U256,
) -> Result<u64, Error> {
    let owner = sender.address();
    let seen = sender
        .chain()
        .view(token, &IERC20::allowanceCall { owner, spender })
        .await;
    let allowed = seen.map_err(|error| Error::of_call(format!("allowance of {token}"), error))?;
    if allowed >= amount {
        return Ok(0);
    }
    let set = |value| {
        Action::new(
            format!("approve {token}"),
            token,
            &IERC20::approveCall { spender, value },
        )
    };
    let mut gas_used = 0;
    if !allowed.is_zero() && sender.simulate(&set(amount)).await.is_err() {
        gas_used += sender.send(&set(U256::ZERO)).await?.gas_used;
    }
    Ok(gas_used + sender.send(&set(amount)).await?.gas_used)
}

fn event<E: SolEvent>(receipt: &Receipt, from: Address) -> Result<E, Error> {
    let ours = receipt.logs.iter().filter(|log| log.address() == from);
    ours.filter_map(|log| E::decode_log_data(log.data()).ok())
        .next()
        .ok_or_else(|| {
            Error::Mismatch(format!(
                "transaction {} lacks the event {}",
                receipt.tx,
                E::SIGNATURE
            ))
        })
}
