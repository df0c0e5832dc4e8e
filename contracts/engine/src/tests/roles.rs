//! Who may configure.

use alloy_primitives::{Address, U256};

use crate::testing::{
    GUARDIAN, KEEPER, OWNER, Scene, VENUE,
    interfaces::IEngine::{self, IEngineErrors},
    limits,
};

fn not_role<T>(result: Result<T, IEngineErrors>, role: u8) {
    let refused = IEngineErrors::NotRole(IEngine::NotRole { role });
    assert_eq!(result.err(), Some(refused));
}

fn set_keeper(keeper: Address, allowed: bool) -> IEngine::setKeeperCall {
    IEngine::setKeeperCall { keeper, allowed }
}

#[test]
fn only_the_owner_configures() {
    for sender in [GUARDIAN, KEEPER, Address::repeat_byte(7)] {
        let mut scene = Scene::new();
        scene.sent_by(sender);
        not_role(scene.call(IEngine::setLimitsCall { limits: limits() }), 0);
        not_role(
            scene.call(IEngine::setTargetsCall {
                targets: vec![],
                bands: vec![],
            }),
            0,
        );
        not_role(scene.call(IEngine::addVenueCall { venue: VENUE }), 0);
        not_role(scene.call(IEngine::resumeCall {}), 0);
        not_role(scene.call(set_keeper(sender, true)), 0);
    }
}

#[test]
fn a_guardian_removes_a_keeper_but_allows_none() {
    let mut scene = Scene::new();
    scene.sent_by(KEEPER);
    not_role(scene.call(set_keeper(KEEPER, false)), 1);
    scene.sent_by(GUARDIAN);
    scene.call(set_keeper(KEEPER, false)).unwrap();
    assert!(
        !scene
            .call(IEngine::isKeeperCall { account: KEEPER })
            .unwrap()
    );
    scene.sent_by(KEEPER);
    not_role(scene.rebalance(vec![Scene::sell_weth()]), 3);
}

#[test]
fn zero_addresses_are_refused() {
    let mut scene = Scene::owned();
    let zero = Address::ZERO;
    assert!(matches!(
        scene.call(set_keeper(zero, true)),
        Err(IEngineErrors::ZeroAddress(_))
    ));
    let call = IEngine::addVenueCall { venue: zero };
    assert!(matches!(
        scene.call(call),
        Err(IEngineErrors::ZeroAddress(_))
    ));
}

#[test]
fn there_are_at_most_eight_venues() {
    let mut scene = Scene::owned();
    for i in 1..8 {
        let call = IEngine::addVenueCall {
            venue: Address::repeat_byte(i),
        };
        assert_eq!(scene.call(call).unwrap(), U256::from(i));
    }
    let ninth = scene.call(IEngine::addVenueCall { venue: VENUE });
    assert!(matches!(ninth, Err(IEngineErrors::HardCap(_))));
    let venues = scene.call(IEngine::venuesCall {}).unwrap();
    assert_eq!(
        (venues.len(), venues[0], venues[7]),
        (8, VENUE, Address::repeat_byte(7))
    );
    let added = scene.events::<IEngine::VenueAdded>();
    assert_eq!((added.len(), added[7].index), (8, U256::from(7)));
}

#[test]
fn targets_need_one_of_each_and_a_whole() {
    let mut scene = Scene::owned();
    let set = |targets: &[u64], bands: &[u16]| IEngine::setTargetsCall {
        targets: targets
            .iter()
            .map(|percent| percent * 10u64.pow(16))
            .collect(),
        bands: bands.to_vec(),
    };
    for short in [set(&[50, 50], &[100; 3]), set(&[50, 25, 25], &[100; 2])] {
        assert!(matches!(
            scene.call(short),
            Err(IEngineErrors::LengthMismatch(_))
        ));
    }
    assert!(matches!(
        scene.call(set(&[50, 25, 26], &[100; 3])),
        Err(IEngineErrors::TargetSum(_))
    ));
    assert!(matches!(
        scene.call(set(&[50, 25, 25], &[100, 100, 2_501])),
        Err(IEngineErrors::HardCap(_))
    ));
    scene.call(set(&[50, 25, 25], &[100, 200, 300])).unwrap();
    let weights = scene.call(IEngine::weightsCall {}).unwrap();
    assert_eq!(weights.targets[1], U256::from(25 * 10u64.pow(16)));
    assert_eq!(weights.bands, [100, 200, 300].map(U256::from));
    // The rest of the asset is as it was.
    let asset = scene
        .call(IEngine::assetCall {
            index: U256::from(1),
        })
        .unwrap();
    assert_eq!(asset.heartbeat, 86_400);
}

#[test]
fn keepers_are_announced() {
    let scene = Scene::new();
    let events = scene.events::<IEngine::KeeperSet>();
    assert_eq!(
        (events[0].caller, events[0].keeper, events[0].allowed),
        (OWNER, KEEPER, true)
    );
}
