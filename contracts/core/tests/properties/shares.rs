use gimbal_core::{
    U256,
    shares::{mint_amount_up, redeem_amount_down},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    bounds::AMOUNT_BITS,
    values::{positive, tiny, wide, word},
};

/// A basket of two assets, and one holder who did not seed it.
#[derive(Clone, Debug)]
struct Vault {
    managed: [U256; 2],
    supply: U256,
    held: U256,
    paid: [U256; 2],
    received: [U256; 2],
}

impl Vault {
    fn mint(&mut self, shares: U256) {
        for i in 0..2 {
            let amount = mint_amount_up(self.managed[i], shares, self.supply).unwrap();
            self.managed[i] += amount;
            self.paid[i] += amount;
        }
        self.supply += shares;
        self.held += shares;
    }

    fn redeem(&mut self, shares: U256) {
        let shares = shares.min(self.held);
        for i in 0..2 {
            let amount = redeem_amount_down(self.managed[i], shares, self.supply).unwrap();
            self.managed[i] -= amount;
            self.received[i] += amount;
        }
        self.supply -= shares;
        self.held -= shares;
    }
}

fn amounts() -> impl Strategy<Value = U256> {
    prop_oneof![tiny(), word(64)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn mint_rounds_up_and_redeem_down(
        managed in word(AMOUNT_BITS), shares in word(AMOUNT_BITS), supply in positive(AMOUNT_BITS),
    ) {
        let shares = shares.min(supply);
        let exact = wide(managed) * wide(shares);
        let paid = wide(mint_amount_up(managed, shares, supply).unwrap());
        let received = wide(redeem_amount_down(managed, shares, supply).unwrap());
        prop_assert!(paid * wide(supply) >= exact && paid * wide(supply) < exact + wide(supply));
        prop_assert!(received * wide(supply) <= exact && (received + wide(U256::ONE)) * wide(supply) > exact);
        prop_assert!(received <= wide(managed));
    }

    /// Rounding costs whoever comes and goes at most one base unit of each asset.
    #[test]
    fn a_mint_undone_costs_at_most_one_unit(
        managed in [word(AMOUNT_BITS), word(8)], shares in word(AMOUNT_BITS), supply in positive(AMOUNT_BITS),
    ) {
        let zero = [U256::ZERO; 2];
        let mut vault = Vault { managed, supply, held: U256::ZERO, paid: zero, received: zero };
        // The vault refuses amounts that it cannot store.
        prop_assume!((wide(managed[0]) * wide(shares)) / wide(supply) < wide(U256::ONE << AMOUNT_BITS));
        prop_assume!((wide(managed[1]) * wide(shares)) / wide(supply) < wide(U256::ONE << AMOUNT_BITS));
        vault.mint(shares);
        vault.redeem(shares);
        for i in 0..2 {
            prop_assert!(vault.received[i] <= vault.paid[i]);
            prop_assert!(vault.paid[i] - vault.received[i] <= U256::ONE);
        }
    }

    /// Attack A4: many small operations in one batch must not gather rounding for the caller.
    #[test]
    fn no_sequence_of_mints_and_redemptions_profits(
        managed in [amounts(), amounts()],
        seed in amounts(),
        steps in vec((any::<bool>(), amounts()), 1..200),
    ) {
        let zero = [U256::ZERO; 2];
        let supply = seed.max(U256::ONE);
        let mut vault = Vault { managed, supply, held: U256::ZERO, paid: zero, received: zero };
        for (is_mint, shares) in steps {
            let before = vault.clone();
            if is_mint { vault.mint(shares) } else { vault.redeem(shares) }
            for i in 0..2 {
                // What one share of the others stands for never falls: managed' / supply' >= managed / supply.
                prop_assert!(wide(vault.managed[i]) * wide(before.supply) >= wide(before.managed[i]) * wide(vault.supply));
            }
        }
        vault.redeem(vault.held);
        for i in 0..2 {
            prop_assert!(vault.received[i] <= vault.paid[i]);
        }
        prop_assert_eq!(vault.supply, supply);
    }
}
