//! What chain owners set and everyone reads.

use alloy::{
    primitives::{Address, I256, U256},
    providers::Provider,
    sol,
};
use stylus_devnode::Config;

use crate::rig::{DEV, Rig};

const ARB_OWNER_PUBLIC: Address = Address::with_last_byte(0x6b);
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);
const ARB_OWNER: Address = Address::with_last_byte(0x70);

sol! {
    interface Owner {
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingRewardRate(uint64 rate) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingEquilibrationUnits(uint256 units) external;
        function setPerBatchGasCharge(int64 cost) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function setParentGasFloorPerToken(uint64 floor) external;
        function setBrotliCompressionLevel(uint64 level) external;
        function setGasBacklog(uint64 backlog) external;
        function setL2GasPricingInertia(uint64 inertia) external;
        function setL2GasBacklogTolerance(uint64 tolerance) external;
        function setMaxTxGasLimit(uint64 limit) external;
        function setMaxBlockGasLimit(uint64 limit) external;
        function setMinimumL2BaseFee(uint256 price) external;
        function setCalldataPriceIncrease(bool enable) external;
        function setWasmActivationGas(uint64 gas) external;
        function setNetworkFeeAccount(address account) external;
        function setL2BaseFee(uint256 price) external;
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function getNetworkFeeAccount() external view returns (address);
    }

    interface Public {
        function getNetworkFeeAccount() external view returns (address);
        function rectifyChainOwner(address account) external;
        function getBrotliCompressionLevel() external view returns (uint64);
        function getParentGasFloorPerToken() external view returns (uint64);
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[] memory);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
    }

    interface Gas {
        function getL1RewardRate() external view returns (uint64);
        function getL1RewardRecipient() external view returns (address);
        function getL1BaseFeeEstimateInertia() external view returns (uint64);
        function getL1PricingEquilibrationUnits() external view returns (uint256);
        function getPerBatchGasCharge() external view returns (int64);
        function getAmortizedCostCapBips() external view returns (uint64);
        function getL1PricingSurplus() external view returns (int256);
        function getL1FeesAvailable() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
        function getPricingInertia() external view returns (uint64);
        function getGasBacklogTolerance() external view returns (uint64);
        function getMaxTxGasLimit() external view returns (uint256);
        function getMaxBlockGasLimit() external view returns (uint64);
        function getMinimumGasPrice() external view returns (uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getGasPricingConstraints() external view returns (uint64[3][] memory constraints);
    }

    function activationGas() external view returns (uint64);
}

#[tokio::test]
async fn what_owners_set_everyone_can_read() {
    let rig = Rig::owner().await;
    let recipient = Address::repeat_byte(8);
    rig.set(Owner::setL1PricingRewardRecipientCall { recipient })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getL1RewardRecipientCall {})
            .await,
        recipient
    );
    rig.set(Owner::setL1PricingRewardRateCall { rate: 11 })
        .await;
    assert_eq!(rig.ask(ARB_GAS_INFO, Gas::getL1RewardRateCall {}).await, 11);
    rig.set(Owner::setL1PricingInertiaCall { inertia: 12 })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getL1BaseFeeEstimateInertiaCall {})
            .await,
        12
    );
    rig.set(Owner::setL1PricingEquilibrationUnitsCall {
        units: U256::from(13),
    })
    .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getL1PricingEquilibrationUnitsCall {})
            .await,
        U256::from(13)
    );
    rig.set(Owner::setPerBatchGasChargeCall { cost: -14 }).await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getPerBatchGasChargeCall {})
            .await,
        -14
    );
    rig.set(Owner::setAmortizedCostCapBipsCall { cap: 15 })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getAmortizedCostCapBipsCall {})
            .await,
        15
    );
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getL1PricingSurplusCall {}).await,
        I256::ZERO
    );
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getL1FeesAvailableCall {}).await,
        U256::ZERO
    );
    rig.set(Owner::setGasBacklogCall { backlog: 16 }).await;
    rig.set(Owner::setL2GasPricingInertiaCall { inertia: 17 })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getPricingInertiaCall {}).await,
        17
    );
    rig.set(Owner::setL2GasBacklogToleranceCall { tolerance: 18 })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getGasBacklogToleranceCall {})
            .await,
        18
    );
    rig.set(Owner::setMaxBlockGasLimitCall { limit: 19 }).await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getMaxBlockGasLimitCall {}).await,
        19
    );
    assert!(
        rig.ask(ARB_GAS_INFO, Gas::getGasPricingConstraintsCall {})
            .await
            .is_empty()
    );
    rig.set(Owner::setParentGasFloorPerTokenCall { floor: 20 })
        .await;
    assert_eq!(
        rig.ask(ARB_OWNER_PUBLIC, Public::getParentGasFloorPerTokenCall {})
            .await,
        20
    );
    assert_eq!(
        rig.ask(ARB_OWNER_PUBLIC, Public::getBrotliCompressionLevelCall {})
            .await,
        1
    );
    rig.set(Owner::setBrotliCompressionLevelCall { level: 2 })
        .await;
    assert_eq!(
        rig.ask(ARB_OWNER_PUBLIC, Public::getBrotliCompressionLevelCall {})
            .await,
        2
    );
    rig.set(Owner::setNetworkFeeAccountCall { account: recipient })
        .await;
    assert_eq!(
        rig.ask(ARB_OWNER, Owner::getNetworkFeeAccountCall {}).await,
        recipient
    );
    assert_eq!(
        rig.ask(ARB_OWNER_PUBLIC, Public::getNetworkFeeAccountCall {})
            .await,
        recipient
    );
    assert!(
        rig.ask(ARB_OWNER_PUBLIC, Public::getAllNativeTokenOwnersCall {})
            .await
            .is_empty()
    );
    assert!(
        rig.refuses(
            ARB_OWNER_PUBLIC,
            Public::rectifyChainOwnerCall { account: DEV }
        )
        .await
    );
    rig.set(Owner::scheduleArbOSUpgradeCall {
        version: 62,
        timestamp: u64::MAX,
    })
    .await;
    let upgrade = rig
        .ask(ARB_OWNER_PUBLIC, Public::getScheduledUpgradeCall {})
        .await;
    assert_eq!(
        (upgrade.arbosVersion, upgrade.scheduledForTimestamp),
        (62, u64::MAX)
    );
    // The fees of this last transaction went to the new account.
    let before = rig.client.get_balance(recipient).await.unwrap();
    let receipt = rig.call(Address::repeat_byte(9), vec![]).await;
    let after = rig.client.get_balance(recipient).await.unwrap();
    assert_eq!(
        after - before,
        U256::from(21_000) * U256::from(receipt.effective_gas_price)
    );
}

/// A transaction of one nonzero byte: 21,000 + 16, or EIP-7623's 21,000 + 10 * 4 with the switch on.
#[tokio::test]
async fn calldata_can_be_made_dearer() {
    let rig = Rig::owner().await;
    let to = Address::repeat_byte(9);
    assert_eq!(rig.call(to, vec![1]).await.gas_used, 21_016);
    rig.set(Owner::setCalldataPriceIncreaseCall { enable: true })
        .await;
    assert!(
        rig.ask(
            ARB_OWNER_PUBLIC,
            Public::isCalldataPriceIncreaseEnabledCall {}
        )
        .await
    );
    assert_eq!(rig.call(to, vec![1]).await.gas_used, 21_040);
    rig.set(Owner::setCalldataPriceIncreaseCall { enable: false })
        .await;
    assert_eq!(rig.call(to, vec![1]).await.gas_used, 21_016);
}

/// An endless loop uses what a transaction may compute with, whatever it brings.
#[tokio::test]
async fn the_limit_of_a_transaction_is_a_setting() {
    let rig = Rig::owner().await;
    let spin = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
    rig.set(Owner::setMaxTxGasLimitCall { limit: 1_000_000 })
        .await;
    assert_eq!(
        rig.ask(ARB_GAS_INFO, Gas::getMaxTxGasLimitCall {}).await,
        U256::from(1_000_000)
    );
    let receipt = rig.send(spin.into(), vec![], 0).await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, 1_000_000);
}

/// ActivationGas is burned by every activation from ArbOS 59 on.
#[tokio::test]
async fn activations_can_be_made_dearer() {
    let code = crate::rig::compress(include_str!("../wat/write-args.wat"));
    let mut gas = Vec::new();
    for price in [0, 12_345] {
        let rig = Rig::owner().await;
        let program = rig.deploy(&code).await;
        rig.set(Owner::setWasmActivationGasCall { gas: price })
            .await;
        let wasm = Address::with_last_byte(0x71);
        assert_eq!(rig.ask(wasm, activationGasCall {}).await, price);
        gas.push(rig.activate(program).await.gas_used);
    }
    assert_eq!(gas[1] - gas[0], 12_345);
}

/// A method is there from its ArbOS version on.
#[tokio::test]
async fn methods_come_with_their_version() {
    let rig = Rig::with(Config {
        arbos_version: 40,
        ..Config::default()
    })
    .await;
    assert!(
        rig.refuses(ARB_GAS_INFO, Gas::getMaxTxGasLimitCall {})
            .await
    );
    assert!(
        rig.refuses(ARB_OWNER_PUBLIC, Public::getParentGasFloorPerTokenCall {})
            .await
    );
    let params = rig
        .ask(ARB_GAS_INFO, Gas::getGasAccountingParamsCall {})
        .await;
    assert_eq!(params._0, U256::from(7_000_000));
}
