//! Keys that the node holds: Nitro's dev account and the accounts of a mnemonic.

use std::{fmt, str::FromStr, sync::OnceLock};

use alloy::signers::local::{
    LocalSignerError, PrivateKeySigner,
    coins_bip39::{English, Mnemonic as Phrase},
};
use alloy_primitives::{Address, B256, address, b256};
use thiserror::Error;

/// Nitro's public development account. Its key is
/// `0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659`.
pub const DEV_ACCOUNT: Address = address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

const DEV_KEY: B256 = b256!("0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659");

/// Accounts of the mnemonic "test test test test test test test test test test test junk", whose
/// keys every Ethereum tool knows.
pub const TEST_ACCOUNTS: [Address; 10] = [
    address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    address!("0x90F79bf6EB2c4f870365E785982E1f101E93b906"),
    address!("0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    address!("0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    address!("0x976EA74026E726554dB657fA54763abd0C3a0aa9"),
    address!("0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    address!("0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
];

const TEST_PHRASE: &str = "test test test test test test test test test test test junk";

/// Where Ethereum tools look for a mnemonic's accounts; the account's index follows.
pub const DERIVATION_PATH: &str = "m/44'/60'/0'/0";

/// Most accounts that a node makes for itself.
pub const ACCOUNTS_MAX: u16 = 1_000;

/// Why there are no keys.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The words are no mnemonic. They are not repeated.
    #[error("not a BIP-39 mnemonic of English words with a right checksum")]
    Mnemonic,
    /// A key cannot be derived, which happens to one index in 2^127.
    #[error("account {index} of the mnemonic has no key")]
    Derivation {
        /// The account's index.
        index: u16,
    },
    /// The key is no key.
    #[error(transparent)]
    Key(#[from] LocalSignerError),
}

/// A BIP-39 mnemonic. It shows itself only if it is the one that everybody knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic(String);

impl Default for Mnemonic {
    fn default() -> Self {
        Self(TEST_PHRASE.into())
    }
}

impl FromStr for Mnemonic {
    type Err = WalletError;

    fn from_str(text: &str) -> Result<Self, WalletError> {
        let words: Vec<_> = text.split_whitespace().collect();
        let text = words.join(" ");
        Phrase::<English>::new_from_phrase(&text).map_err(|_| WalletError::Mnemonic)?;
        Ok(Self(text))
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.public().unwrap_or("<secret>"))
    }
}

impl Mnemonic {
    /// The words, if everybody knows them.
    pub fn public(&self) -> Option<&str> {
        (self.0 == TEST_PHRASE).then_some(TEST_PHRASE)
    }

    /// The first `count` keys at [`DERIVATION_PATH`].
    fn keys(&self, count: u16) -> Result<Vec<PrivateKeySigner>, WalletError> {
        let phrase =
            Phrase::<English>::new_from_phrase(&self.0).map_err(|_| WalletError::Mnemonic)?;
        let parent = phrase
            .derive_key(DERIVATION_PATH, None)
            .map_err(|_| WalletError::Mnemonic)?;
        let key = |index: u16| {
            let child = parent
                .derive_path(u32::from(index))
                .map_err(|_| WalletError::Derivation { index })?;
            let key: &alloy::signers::k256::ecdsa::SigningKey = child.as_ref();
            Ok(PrivateKeySigner::from_signing_key(key.clone()))
        };
        (0..count).map(key).collect()
    }
}

/// The accounts that may send without a signature, and their keys.
#[derive(Debug)]
pub struct Wallet {
    mnemonic: Mnemonic,
    /// Addresses: the dev account, then those of the mnemonic.
    pub accounts: Vec<Address>,
    /// Keys of the mnemonic's accounts. Known addresses need none until something is signed.
    keys: OnceLock<Vec<PrivateKeySigner>>,
}

impl Default for Wallet {
    /// The dev account and those that every Ethereum tool knows.
    fn default() -> Self {
        Self {
            mnemonic: Mnemonic::default(),
            accounts: [&[DEV_ACCOUNT], TEST_ACCOUNTS.as_slice()].concat(),
            keys: OnceLock::new(),
        }
    }
}

impl Wallet {
    /// The dev account and the first `count` accounts of a mnemonic.
    ///
    /// At most [`ACCOUNTS_MAX`] of them.
    ///
    /// # Errors
    /// [`WalletError::Derivation`]
    pub fn new(mnemonic: Mnemonic, count: u16) -> Result<Self, WalletError> {
        let count = count.min(ACCOUNTS_MAX);
        let keys = OnceLock::new();
        let known = usize::from(count) <= TEST_ACCOUNTS.len() && mnemonic.public().is_some();
        let derived = match known {
            true => TEST_ACCOUNTS.iter().take(count.into()).copied().collect(),
            false => {
                let derived = mnemonic.keys(count)?;
                let addresses = derived.iter().map(PrivateKeySigner::address).collect();
                keys.get_or_init(|| derived);
                addresses
            }
        };
        let mut accounts: Vec<Address> = derived;
        accounts.insert(0, DEV_ACCOUNT);
        Ok(Self {
            mnemonic,
            accounts,
            keys,
        })
    }

    /// The words, if everybody knows them.
    pub fn public_mnemonic(&self) -> Option<&str> {
        self.mnemonic.public()
    }

    /// The key of an account, if it is ours.
    ///
    /// # Errors
    /// [`WalletError::Derivation`]
    pub fn key(&self, address: &Address) -> Result<Option<PrivateKeySigner>, WalletError> {
        let position = self.accounts.iter().position(|account| account == address);
        let index = match position {
            None => return Ok(None),
            Some(0) => {
                return Ok(Some(
                    PrivateKeySigner::from_bytes(&DEV_KEY).map_err(LocalSignerError::from)?,
                ));
            }
            Some(position) => position - 1,
        };
        if self.keys.get().is_none() {
            let count = u16::try_from(self.accounts.len() - 1).unwrap_or(ACCOUNTS_MAX);
            let keys = self.mnemonic.keys(count)?;
            self.keys.get_or_init(|| keys);
        }
        Ok(self.keys.get().and_then(|keys| keys.get(index)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_accounts_are_those_of_the_known_mnemonic() {
        let wallet = Wallet::new(Mnemonic::default(), 10).unwrap();
        assert_eq!(wallet.accounts[1..], TEST_ACCOUNTS);
        for address in &wallet.accounts {
            let key = wallet.key(address).unwrap().unwrap();
            assert_eq!(key.address(), *address);
        }
        assert!(wallet.key(&Address::ZERO).unwrap().is_none());
    }

    #[test]
    fn other_mnemonics_have_other_accounts_and_do_not_show_themselves() {
        let text = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        let mnemonic: Mnemonic = text.parse().unwrap();
        assert_eq!(format!("{mnemonic:?}"), "<secret>");
        let wallet = Wallet::new(mnemonic, 2).unwrap();
        assert_eq!(
            wallet.accounts[1],
            address!("0x58A57ed9d8d624cBD12e2C467D34787555bB1b25")
        );
        assert_eq!(wallet.public_mnemonic(), None);
        for wrong in [
            "",
            "test test",
            "test test test test test test test test test test test test",
        ] {
            assert!(wrong.parse::<Mnemonic>().is_err(), "{wrong}");
        }
    }
}
