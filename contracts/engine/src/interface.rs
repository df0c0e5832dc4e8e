//! `IEngine.sol` itself: names, selectors and signatures come from the file that callers read.

#[allow(
    missing_docs,
    unreachable_pub,
    reason = "generated from the interface, which documents itself"
)]
mod sol {
    alloy_sol_types::sol!("../interfaces/IEngine.sol");
}

use alloy_sol_types::SolCall;

pub(crate) use sol::IEngine;

/// Selectors as the router compares them.
macro_rules! selectors {
    ($($name:ident = $call:ident;)*) => {
        $(pub(crate) const $name: u32 = u32::from_be_bytes(IEngine::$call::SELECTOR);)*
    };
}

selectors! {
    REBALANCE = rebalanceCall;
    POKE = pokeCall;
    RESUME = resumeCall;
    SET_KEEPER = setKeeperCall;
    SET_LIMITS = setLimitsCall;
    SET_TARGETS = setTargetsCall;
    ADD_VENUE = addVenueCall;
    CHECK_REBALANCE = checkRebalanceCall;
    PRICES = pricesCall;
    NAV = navCall;
    WEIGHTS = weightsCall;
    ASSET = assetCall;
    LIMITS = limitsCall;
    IS_KEEPER = isKeeperCall;
    VENUES = venuesCall;
    VAULT = vaultCall;
    SEQUENCER_FEED = sequencerFeedCall;
    REFERENCE = referenceCall;
    LAST_REBALANCE = lastRebalanceCall;
}
