//! What L1 takes, and that there is none.

use super::*;

/// Nitro counts the units of every transaction with the encoder of brotli that is written in C, and a call
/// that offers a price pays for its data.
pub(super) async fn units_with_a_price_only(rig: Rig) {
    rig.send(DEV.into(), vec![], 0).await;
    let units = async || {
        let units = Others::getL1PricingUnitsSinceUpdateCall {};
        rig.ask(ARB_GAS_INFO, units).await
    };
    assert_eq!(units().await, 0);
    rig.own().await;
    let price = U256::from(1_000_000_000);
    rig.set(Owner::setL1PricePerUnitCall { price }).await;
    let data = Bytes::from(Others::getCurrentTxL1GasFeesCall {}.abi_encode());
    let call = json!([{ "to": ARB_GAS_INFO, "data": data, "gasPrice": "0x5f5e100", "from": DEV },
        "latest"]);
    assert_eq!(rig.rpc("eth_call", call).await, json!(B256::ZERO));

    let (from, raw) = letter();
    let wealth = json!([from, U256::from(10_u64.pow(18))]);
    rig.rpc("anvil_setBalance", wealth).await;
    let before = units().await;
    let pending = rig.client.send_raw_transaction(&raw).await.unwrap();
    assert!(pending.get_receipt().await.unwrap().status());
    let size = (units().await - before) / 16;
    assert!(size.abs_diff(LETTER_IN_C) > 50, "{size} bytes");
}

/// {byte} About what the encoder in C makes of [`letter`] at quality 1, with a window of 22 bits: its
/// signature adds or takes some.
const LETTER_IN_C: u64 = 11_275;

/// A transaction of 20,000 bytes, always the same: eleven zeros, eleven bytes that look random, and so on.
fn letter() -> (Address, Bytes) {
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(1)).unwrap();
    let mut drawn = 1_u32;
    let mut draw = || {
        drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((drawn >> 16) % 229) as u8
    };
    let input: Vec<u8> = (0..20_000)
        .map(|place| if place % 22 < 11 { 0 } else { draw() })
        .collect();
    let tx = TxEip1559 {
        chain_id: stylus_devnode::CHAIN_ID,
        gas_limit: 30_000_000,
        max_fee_per_gas: 1_000_000_000,
        to: DEV.into(),
        input: input.into(),
        ..Default::default()
    };
    let signature = key.sign_hash_sync(&tx.signature_hash()).unwrap();
    let tx = TxEnvelope::from(tx.into_signed(signature));
    (key.address(), tx.encoded_2718().into())
}

/// `block.number` is the L1's, of which a fork knows more: see `fork::l1`.
pub(super) async fn no_l1(rig: Rig) {
    let code = json!({ "code": "0x4360005260206000f3" });
    let target = Address::repeat_byte(1).to_string();
    let call = json!([{ "to": target }, "latest", { target.clone(): code }]);
    rig.rpc("evm_increaseTime", json!([86_400])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(rig.rpc("eth_call", call).await, json!(B256::ZERO));
    rig.own().await;
    price_of_owners(&rig).await;
    messages_that_stay(&rig).await;
    tickets_that_stay(&rig).await;
}

/// Days of transactions do not change a price that owners set, whatever the other parameters are, and
/// nobody gets a reward.
async fn price_of_owners(rig: &Rig) {
    let recipient = Address::repeat_byte(0x4e);
    let units = U256::ONE;
    rig.set(Owner::setL1PricingInertiaCall { inertia: 1 }).await;
    rig.set(Owner::setL1PricingEquilibrationUnitsCall { units })
        .await;
    rig.set(Owner::setL1PricingRewardRecipientCall { recipient })
        .await;
    rig.set(Owner::setL1PricingRewardRateCall { rate: 1_000_000 })
        .await;
    rig.set(Owner::setPerBatchGasChargeCall { cost: 1_000_000 })
        .await;
    rig.set(Owner::setAmortizedCostCapBipsCall { cap: 1 }).await;
    let price = U256::from(1_000_000_000);
    rig.set(Owner::setL1PricePerUnitCall { price }).await;
    let mut used = Vec::new();
    for floor in [0, 0, 1_000_000] {
        rig.set(Owner::setParentGasFloorPerTokenCall { floor })
            .await;
        rig.rpc("evm_increaseTime", json!([86_400])).await;
        used.push(rig.send(DEV.into(), vec![7; 400], 0).await.gas_used);
    }
    let told = rig.ask(ARB_GAS_INFO, Others::getL1BaseFeeEstimateCall {});
    assert_eq!(told.await, price);
    // Signatures compress to some bytes more or fewer.
    let (least, most) = (used.iter().min().unwrap(), used.iter().max().unwrap());
    assert!(most - least < 16 * 16 * 10, "{used:?}");
    let balance = rig.client.get_balance(recipient).await.unwrap();
    assert_eq!(balance, U256::ZERO);
}

/// What a message is sent to knows nothing of it after the week in which it can be disputed on L1, and
/// its value is nowhere.
async fn messages_that_stay(rig: &Rig) {
    let destination = Address::repeat_byte(0x5e);
    // Stores what it is called with.
    let code = json!([destination, "0x5f355f5500"]);
    rig.rpc("anvil_setCode", code).await;
    let data = Bytes::from(vec![7; 32]);
    let send = Others::sendTxToL1Call { destination, data }.abi_encode();
    let receipt = rig.send(ARB_SYS.into(), send, 5).await;
    assert!(receipt.status());
    for _ in 0..10 {
        rig.rpc("evm_increaseTime", json!([86_400])).await;
        rig.rpc("evm_mine", json!([])).await;
    }
    let stored = rig.client.get_storage_at(destination, U256::ZERO);
    assert_eq!(stored.await.unwrap(), U256::ZERO);
    let balance = rig.client.get_balance(destination).await.unwrap();
    assert_eq!(balance, U256::ZERO);
}

/// Neither a ticket that nobody brought is redeemed, nor one that lies in state; nor is that kept longer
/// or given up.
async fn tickets_that_stay(rig: &Rig) {
    let (none, known) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let ticket = ROOT.child(space::RETRYABLES).child_of(known.as_slice());
    let timeout = U256::from(u64::from(u32::MAX));
    let slot = ticket.slot(offset::retryable::TIMEOUT);
    rig.keep_in_arbos(slot, timeout).await;
    let beneficiary = ticket.slot(offset::retryable::BENEFICIARY);
    rig.keep_in_arbos(beneficiary, DEV.into_word().into()).await;
    let until = Others::getTimeoutCall { ticketId: known };
    assert_eq!(rig.ask(ARB_RETRYABLE_TX, until).await, timeout);
    for id in [none, known] {
        for input in [
            Others::redeemCall { ticketId: id }.abi_encode(),
            Others::keepaliveCall { ticketId: id }.abi_encode(),
            Others::cancelCall { ticketId: id }.abi_encode(),
        ] {
            assert!(rig.try_view(ARB_RETRYABLE_TX, input).await.is_err());
        }
    }
}
