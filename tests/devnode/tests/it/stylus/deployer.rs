//! Deploying, activating and constructing in one transaction, through StylusDeployer.

use alloy::{
    primitives::{Address, B256, Bytes, U256, address},
    providers::Provider,
    sol,
    sol_types::SolCall,
};

use crate::rig::{FEE, Rig, compress, event, init_code};

const STYLUS_DEPLOYER: Address = address!("0xcEcba2F1DC234f70Dd89F2041029807F8D03A990");
const CREATE2_FACTORY: Address = address!("0x4e59b44847b379578588920ca78fbf26c0b4956c");

sol! {
    event ContractDeployed(address deployedContract);
    function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
}

#[tokio::test]
async fn the_deployer_activates_and_runs_the_constructor() {
    let rig = Rig::new().await;
    let code = compress(include_str!("../wat/storage.wat"));
    let call = deployCall {
        bytecode: init_code(&code).into(),
        // The program takes 32 bytes as the value of its slot.
        initData: Bytes::from(U256::from(99).to_be_bytes::<32>()),
        initValue: U256::ZERO,
        salt: B256::repeat_byte(1),
    };
    let receipt = rig
        .send(STYLUS_DEPLOYER.into(), call.abi_encode(), FEE)
        .await;
    assert!(receipt.status(), "{receipt:?}");
    let deployed: ContractDeployed = event(&receipt);
    let slot = rig
        .client
        .get_storage_at(deployed.deployedContract, U256::ZERO)
        .await
        .unwrap();
    assert_eq!(slot, U256::from(99));
    // What the fee left came back.
    assert_eq!(
        rig.client.get_balance(STYLUS_DEPLOYER).await.unwrap(),
        U256::ZERO
    );
}

#[tokio::test]
async fn the_create2_factory_is_there() {
    let rig = Rig::new().await;
    let init = init_code(&[0x00]);
    let salt = [7; 32];
    rig.call(CREATE2_FACTORY, [&salt[..], &init].concat()).await;
    let created = CREATE2_FACTORY.create2_from_code(salt, &init);
    assert_eq!(rig.client.get_code_at(created).await.unwrap()[..], [0x00]);
}
