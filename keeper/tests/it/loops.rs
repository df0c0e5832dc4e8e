//! The keeper's loop.

use std::time::Duration;

use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::{Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolCall, SolError};
use gimbal_abi::IEngine;
use gimbal_keeper::Error;
use gimbal_keeper::decide::{Policy, Reason};
use gimbal_keeper::keeper::{Keeper, Outcome, Pace};
use gimbal_keeper::rpc::Chain;
use gimbal_keeper::send::{SendPolicy, Sender};
use gimbal_keeper::snapshot::Mode;
use tokio_util::sync::CancellationToken;

use crate::node::Node;
use crate::world::{ENGINE, KEEPER, Rebalance, World};

fn keeper(node: &Node) -> Keeper {
    let signer: PrivateKeySigner = crate::world::KEY.parse().unwrap();
    let policy = SendPolicy {
        poll: Duration::from_millis(5),
        ..SendPolicy::default()
    };
    let sender = Sender::new(Chain::connect(&node.url).unwrap(), signer, policy);
    Keeper::new(sender, World::addresses(), Policy::default())
}

const FAST: Pace = Pace {
    poll: Duration::from_millis(20),
    backoff_max: Duration::from_millis(40),
};

#[tokio::test]
async fn a_basket_out_of_band_is_rebalanced_once() {
    let (node, world) = World {
        receipt_delay: 2,
        ..World::out_of_band()
    }
    .serve();
    let keeper = keeper(&node);
    let Outcome::Rebalanced(done) = keeper.once().await.unwrap() else {
        panic!("nothing was done");
    };
    assert_eq!(done.gas_used, 300_000);
    let again = keeper.once().await.unwrap();
    assert!(
        matches!(
            again,
            Outcome::Waited {
                reason: Reason::InBand,
                ..
            }
        ),
        "{again:?}"
    );

    let sent = world.lock().unwrap().sent.clone();
    assert_eq!(sent.len(), 1);
    let tx = TxEnvelope::decode_2718(&mut &sent[0][..]).unwrap();
    assert_eq!(tx.to(), Some(ENGINE));
    assert_eq!(
        (tx.max_priority_fee_per_gas(), tx.max_fee_per_gas()),
        (Some(0), 200_000_000)
    );
    assert_eq!(tx.gas_limit(), 650_000);
    let call = IEngine::rebalanceCall::abi_decode(tx.input()).unwrap();
    assert_eq!(call.trades.len(), 1);
    assert_eq!((call.trades[0].assetIn, call.trades[0].assetOut), (1, 0));
    assert_eq!(call.trades[0].route[..], crate::world::POOL[..]);
    // 4 % of 500,000 USD at 2,500: 8 WETH.
    let sold = call.trades[0].maxIn;
    assert!(
        (7_999_999_999_999_999_000..=8_000_000_000_000_000_000).contains(&sold),
        "{sold}"
    );
}

#[tokio::test]
async fn what_would_be_refused_or_trip_is_never_sent() {
    let data: Bytes = IEngine::SequencerDown {}.abi_encode().into();
    let (node, world) = World {
        rebalance: Rebalance::Reverts(data),
        ..World::out_of_band()
    }
    .serve();
    let error = keeper(&node).once().await.unwrap_err();
    assert_eq!(error.to_string(), "rebalance is refused: SequencerDown()");

    world.lock().unwrap().rebalance = Rebalance::Trips;
    let error = keeper(&node).once().await.unwrap_err();
    assert!(matches!(error, Error::WouldTrip { outcome: 1, .. }));

    world.lock().unwrap().twap_weth = 2_540_000_000_000_000_000_000;
    let outcome = keeper(&node).once().await.unwrap();
    assert!(
        matches!(
            outcome,
            Outcome::Waited {
                reason: Reason::Deviation(1, _),
                ..
            }
        ),
        "{outcome:?}"
    );

    world.lock().unwrap().mode = 1;
    let outcome = keeper(&node).once().await.unwrap();
    assert!(matches!(
        outcome,
        Outcome::Halted {
            mode: Mode::Halted,
            since: 1_700_000_000
        }
    ));
    assert_eq!(world.lock().unwrap().sent.len(), 0);
}

#[tokio::test]
async fn what_the_pools_cannot_take_at_once_is_sold_in_part() {
    let data: Bytes = IEngine::SpotDeviation {
        index: U256::ONE,
        bps: U256::from(80),
    }
    .abi_encode()
    .into();
    let shallow = Rebalance::RevertsAbove(3_000_000_000_000_000_000, data.clone());
    let (node, world) = World {
        rebalance: shallow,
        ..World::out_of_band()
    }
    .serve();
    assert!(matches!(
        keeper(&node).once().await.unwrap(),
        Outcome::Rebalanced(_)
    ));
    let sent = world.lock().unwrap().sent.clone();
    let tx = TxEnvelope::decode_2718(&mut &sent[0][..]).unwrap();
    let sold = IEngine::rebalanceCall::abi_decode(tx.input())
        .unwrap()
        .trades[0]
        .maxIn;
    assert!(
        (1_999_000_000_000_000_000..=2_000_000_000_000_000_000).contains(&sold),
        "{sold}"
    );

    let dry = Rebalance::RevertsAbove(0, data);
    let (node, world) = World {
        rebalance: dry,
        ..World::out_of_band()
    }
    .serve();
    assert!(matches!(
        keeper(&node).once().await,
        Err(Error::Refused { .. })
    ));
    assert_eq!(world.lock().unwrap().sent.len(), 0);
}

#[tokio::test]
async fn an_observer_plans_without_a_key() {
    let (node, world) = World::out_of_band().serve();
    let chain = Chain::connect(&node.url).unwrap();
    for account in [None, Some(KEEPER)] {
        let keeper = Keeper::observer(
            chain.clone(),
            account,
            World::addresses(),
            Policy::default(),
        );
        assert!(matches!(keeper.once().await.unwrap(), Outcome::Planned(_)));
    }
    assert_eq!(world.lock().unwrap().sent.len(), 0);
    assert_eq!(node.count("eth_getTransactionCount"), 0);
}

#[tokio::test]
async fn the_loop_outlives_a_dead_node_and_ends_when_asked() {
    let (node, world) = World {
        failures: 5,
        ..World::out_of_band()
    }
    .serve();
    let shutdown = CancellationToken::new();
    let mut rebalanced = 0;
    let keeper = keeper(&node);
    let stop = shutdown.clone();
    let run = keeper.run(FAST, &shutdown, |outcome| {
        if matches!(outcome, Ok(Outcome::Rebalanced(_))) {
            rebalanced += 1;
        }
        if matches!(outcome, Ok(Outcome::Waited { .. })) {
            stop.cancel();
        }
    });
    let tally = tokio::time::timeout(Duration::from_secs(20), run)
        .await
        .unwrap();
    assert_eq!((rebalanced, tally.rebalances), (1, 1));
    assert!(tally.errors >= 1, "{tally:?}");
    assert_eq!(world.lock().unwrap().sent.len(), 1);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_the_next_look() {
    let (node, _world) = World::in_band().serve();
    let shutdown = CancellationToken::new();
    let slow = Pace {
        poll: Duration::from_secs(600),
        ..FAST
    };
    let stop = shutdown.clone();
    let keeper = keeper(&node);
    let run = keeper.run(slow, &shutdown, |_| stop.cancel());
    let tally = tokio::time::timeout(Duration::from_secs(10), run)
        .await
        .unwrap();
    assert_eq!((tally.looks, tally.errors), (1, 0));
}
