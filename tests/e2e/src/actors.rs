//! Who acts in the tests. Keys are `keccak256("gimbal.e2e.<name>")`: play money only.

use alloy::primitives::{Address, B256, address, b256};
use alloy::signers::local::PrivateKeySigner;

/// An account with a known key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Address of the key.
    pub address: Address,
    /// Private key.
    pub key: B256,
}

impl Actor {
    /// A signer for code that signs for itself, such as the keeper in process.
    ///
    /// # Panics
    ///
    /// Never: every key below is a valid scalar, as the test in this file asserts.
    #[must_use]
    pub fn signer(&self) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&self.key).expect("a valid key")
    }
}

impl From<Actor> for Address {
    fn from(actor: Actor) -> Self {
        actor.address
    }
}

/// Owner of the vaults.
pub const OWNER: Actor = Actor {
    address: address!("3BC093c9475e5097adD64407cddc717162269CAB"),
    key: b256!("3ca3fdb523df50e44e870a435f3b218a2e851bb2602dfcbd976c8dc05416bb66"),
};
/// May halt and kill.
pub const GUARDIAN: Actor = Actor {
    address: address!("46949D7c70Ce8F2398414e40B05FEF2e6bF170Bf"),
    key: b256!("e98ce248d0151ca2cbc2bc2378738e0a1c13eb78d52c03f6a605f8f2f526a79d"),
};
/// May rebalance.
pub const KEEPER: Actor = Actor {
    address: address!("d94DFB43F8660623e6a877e0f7e223Ea735ac5D0"),
    key: b256!("06a3ef2d7f8bc3586fa715ee9bc57c04cdb9796ff0418541691be99e9759362c"),
};
/// A depositor.
pub const ALICE: Actor = Actor {
    address: address!("95c5f82E3a9adb0D8dCA4563c63DB35d67c690B0"),
    key: b256!("aec08dc753acc48500ec56a98765da0a46381b0b2801a03994fda94c2634b6a3"),
};
/// Another depositor.
pub const BOB: Actor = Actor {
    address: address!("5C779aa8dAB535Ce38459a42B0bb7272D315d4e3"),
    key: b256!("caf9a7b8b169b390dd2823cf65e4aa8e634ac85eeed92bc56faf9acf2e4bb0eb"),
};
/// Has no role and no shares.
pub const OUTSIDER: Actor = Actor {
    address: address!("BEa6fD2d51f3449CB353328B83CA915130B34Ed5"),
    key: b256!("4ce5b713c377ca700ae7ebf72f8f7407a3f71e19414b2892cd41172e55527f63"),
};
/// Every actor.
pub const ALL: [Actor; 6] = [OWNER, GUARDIAN, KEEPER, ALICE, BOB, OUTSIDER];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_belong_to_their_keys() {
        for actor in ALL {
            assert_eq!(actor.signer().address(), actor.address);
        }
    }
}
