//! Arbitrum's precompiles beside those that concern programs and settings.

use alloy::{
    primitives::{Address, B256, Bytes, U256, address},
    providers::Provider,
    sol,
    sol_types::{SolCall, SolError},
};
use serde_json::json;

use crate::rig::{ARB_DEBUG, DEV, Rig, event};

const ARB_INFO: Address = Address::with_last_byte(0x65);
const ARB_ADDRESS_TABLE: Address = Address::with_last_byte(0x66);
const ARB_FUNCTION_TABLE: Address = Address::with_last_byte(0x68);
const ARB_AGGREGATOR: Address = Address::with_last_byte(0x6d);
const ARB_RETRYABLE_TX: Address = Address::with_last_byte(0x6e);
const ARB_STATISTICS: Address = Address::with_last_byte(0x6f);
const SEQUENCER: Address = address!("0xA4B000000000000000000073657175656e636572");

sol! {
    interface Info {
        function getBalance(address account) external view returns (uint256);
        function getCode(address account) external view returns (bytes memory);
    }

    interface Table {
        function addressExists(address account) external view returns (bool);
        function compress(address account) external returns (bytes memory);
        function decompress(bytes calldata buffer, uint256 offset) external view returns (address, uint256);
        function lookup(address account) external view returns (uint256);
        function lookupIndex(uint256 index) external view returns (address);
        function register(address account) external returns (uint256);
        function size() external view returns (uint256);
    }

    interface Functions {
        function upload(bytes calldata buffer) external;
        function size(address account) external view returns (uint256);
        function get(address account, uint256 index) external view returns (uint256, bool, uint256);
    }

    interface Aggregator {
        function getPreferredAggregator(address account) external view returns (address, bool);
        function getBatchPosters() external view returns (address[] memory);
        function addBatchPoster(address poster) external;
        function getFeeCollector(address poster) external view returns (address);
        function setFeeCollector(address poster, address collector) external;
    }

    interface Retryables {
        function getLifetime() external view returns (uint256);
        function getTimeout(bytes32 ticket) external view returns (uint256);
        function redeem(bytes32 ticket) external returns (bytes32);
        function cancel(bytes32 ticket) external;
        function getCurrentRedeemer() external view returns (address);
        error NoTicketWithID();
    }

    interface Statistics {
        function getStats() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
    }

    interface Debug {
        function events(bool flag, bytes32 value) external payable returns (address, uint256);
        function eventsView() external view;
        function overwriteContractCode(address target, bytes calldata newCode) external returns (bytes memory oldCode);
        function panic() external;
        event Basic(bool flag, bytes32 indexed value);
        event Mixed(bool indexed flag, bool not, bytes32 indexed value, address conn, address indexed caller);
    }
}

#[tokio::test]
async fn accounts_can_be_looked_at() {
    let rig = Rig::new().await;
    let contract = rig.deploy(&[0x60, 0x00]).await;
    let balance = rig.client.get_balance(DEV).await.unwrap();
    assert_eq!(
        rig.ask(ARB_INFO, Info::getBalanceCall { account: DEV })
            .await,
        balance
    );
    let code = rig
        .ask(ARB_INFO, Info::getCodeCall { account: contract })
        .await;
    assert_eq!(code[..], [0x60, 0x00]);
    assert!(
        rig.ask(ARB_INFO, Info::getCodeCall { account: DEV })
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn addresses_have_short_names() {
    let rig = Rig::new().await;
    let account = Address::repeat_byte(7);
    let exists = Table::addressExistsCall { account };
    let compress = Table::compressCall { account };
    assert!(!rig.ask(ARB_ADDRESS_TABLE, exists.clone()).await);
    assert!(
        rig.refuses(ARB_ADDRESS_TABLE, Table::lookupCall { account })
            .await
    );
    // RLP of 20 bytes, until it has an index.
    let long = rig.ask(ARB_ADDRESS_TABLE, compress.clone()).await;
    assert_eq!(long[..], [&[0x94][..], account.as_slice()].concat());
    for account in [DEV, account, account] {
        let register = Table::registerCall { account };
        rig.call(ARB_ADDRESS_TABLE, register.abi_encode()).await;
    }
    assert_eq!(
        rig.ask(ARB_ADDRESS_TABLE, Table::sizeCall {}).await,
        U256::from(2)
    );
    assert!(rig.ask(ARB_ADDRESS_TABLE, exists).await);
    assert_eq!(
        rig.ask(ARB_ADDRESS_TABLE, Table::lookupCall { account })
            .await,
        U256::ONE
    );
    let index = Table::lookupIndexCall { index: U256::ONE };
    assert_eq!(rig.ask(ARB_ADDRESS_TABLE, index).await, account);
    let beyond = Table::lookupIndexCall {
        index: U256::from(2),
    };
    assert!(rig.refuses(ARB_ADDRESS_TABLE, beyond).await);
    let short = rig.ask(ARB_ADDRESS_TABLE, compress).await;
    assert_eq!(short[..], [0x01]);
    for compressed in [short, long] {
        let buffer = [&[0xaa][..], &compressed, &[0xbb]].concat();
        let offset = U256::ONE;
        let decompress = Table::decompressCall {
            buffer: buffer.into(),
            offset,
        };
        let read = rig.ask(ARB_ADDRESS_TABLE, decompress).await;
        assert_eq!((read._0, read._1), (account, U256::from(compressed.len())));
    }
}

#[tokio::test]
async fn what_is_no_longer_kept_is_empty() {
    let rig = Rig::new().await;
    rig.call(
        ARB_FUNCTION_TABLE,
        Functions::uploadCall {
            buffer: Bytes::new(),
        }
        .abi_encode(),
    )
    .await;
    let size = Functions::sizeCall { account: DEV };
    assert_eq!(rig.ask(ARB_FUNCTION_TABLE, size).await, U256::ZERO);
    let get = Functions::getCall {
        account: DEV,
        index: U256::ZERO,
    };
    assert!(rig.refuses(ARB_FUNCTION_TABLE, get).await);
    rig.rpc("anvil_mine", json!(["0x3"])).await;
    let stats = rig.ask(ARB_STATISTICS, Statistics::getStatsCall {}).await;
    assert_eq!(
        (stats._0, stats._1, stats._5),
        (U256::from(5), U256::ZERO, U256::ZERO)
    );
}

#[tokio::test]
async fn there_is_no_ticket() {
    let rig = Rig::new().await;
    let lifetime = rig
        .ask(ARB_RETRYABLE_TX, Retryables::getLifetimeCall {})
        .await;
    assert_eq!(lifetime, U256::from(604_800));
    let redeemer = rig
        .ask(ARB_RETRYABLE_TX, Retryables::getCurrentRedeemerCall {})
        .await;
    assert_eq!(redeemer, Address::ZERO);
    let ticket = B256::repeat_byte(1);
    for call in [
        Retryables::getTimeoutCall { ticket }.abi_encode(),
        Retryables::redeemCall { ticket }.abi_encode(),
        Retryables::cancelCall { ticket }.abi_encode(),
    ] {
        let (_, data) = rig.try_view(ARB_RETRYABLE_TX, call).await.unwrap_err();
        assert_eq!(data, Retryables::NoTicketWithID {}.abi_encode());
    }
}

#[tokio::test]
async fn the_sequencer_posts_batches_and_owners_say_who_else() {
    let rig = Rig::new().await;
    let preferred = Aggregator::getPreferredAggregatorCall { account: DEV };
    let preferred = rig.ask(ARB_AGGREGATOR, preferred).await;
    assert_eq!((preferred._0, preferred._1), (SEQUENCER, true));
    let (poster, collector) = (Address::repeat_byte(3), Address::repeat_byte(4));
    let add = Aggregator::addBatchPosterCall { poster }.abi_encode();
    let set = Aggregator::setFeeCollectorCall { poster, collector }.abi_encode();
    assert!(
        !rig.send(ARB_AGGREGATOR.into(), add.clone(), 0)
            .await
            .status()
    );
    rig.own().await;
    assert!(
        !rig.send(ARB_AGGREGATOR.into(), set.clone(), 0)
            .await
            .status()
    );
    rig.call(ARB_AGGREGATOR, add).await;
    let posters = rig
        .ask(ARB_AGGREGATOR, Aggregator::getBatchPostersCall {})
        .await;
    assert_eq!(posters, [SEQUENCER, poster]);
    let get = Aggregator::getFeeCollectorCall { poster };
    assert_eq!(rig.ask(ARB_AGGREGATOR, get.clone()).await, poster);
    rig.call(ARB_AGGREGATOR, set).await;
    assert_eq!(rig.ask(ARB_AGGREGATOR, get).await, collector);
}

#[tokio::test]
async fn debugging_aids() {
    let rig = Rig::new().await;
    let value = B256::repeat_byte(2);
    let call = Debug::eventsCall { flag: true, value }.abi_encode();
    let receipt = rig.send(ARB_DEBUG.into(), call, 5).await;
    assert!(receipt.status(), "{receipt:?}");
    let (basic, mixed): (Debug::Basic, Debug::Mixed) = (event(&receipt), event(&receipt));
    assert_eq!((basic.flag, basic.value), (false, value));
    assert_eq!((mixed.flag, mixed.not, mixed.value), (true, false, value));
    assert_eq!((mixed.conn, mixed.caller), (ARB_DEBUG, DEV));
    assert!(rig.refuses(ARB_DEBUG, Debug::eventsViewCall {}).await);
    assert!(rig.refuses(ARB_DEBUG, Debug::panicCall {}).await);

    let target = rig.deploy(&[0x00]).await;
    let overwrite = Debug::overwriteContractCodeCall {
        target,
        newCode: Bytes::from_static(&[0x60, 0x01]),
    };
    let old = rig.ask(ARB_DEBUG, overwrite.clone()).await;
    assert_eq!(old[..], [0x00]);
    rig.call(ARB_DEBUG, overwrite.abi_encode()).await;
    assert_eq!(
        rig.client.get_code_at(target).await.unwrap()[..],
        [0x60, 0x01]
    );
}
