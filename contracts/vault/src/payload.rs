//! An ABI `bytes` argument that is a plain vector. The SDK's own type brings a reference-counted buffer, a twentieth of the
//! size that a contract may have.

use alloc::vec::Vec;

use alloy_sol_types::{SolType, Word, abi::token::PackedSeqToken, private::SolTypeValue, sol_data};
use stylus_sdk::abi::{AbiType, ConstString};

/// Opaque bytes of an argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload(pub Vec<u8>);

/// The Solidity side of [`Payload`]: `bytes`.
#[derive(Debug)]
pub struct PayloadType;

impl AbiType for Payload {
    type SolType = PayloadType;

    const ABI: ConstString = ConstString::new(PayloadType::SOL_NAME);
    const EXPORT_ABI_ARG: ConstString = ConstString::new("bytes calldata");
    const EXPORT_ABI_RET: ConstString = ConstString::new("bytes memory");
}

impl SolType for PayloadType {
    type RustType = Payload;
    type Token<'a> = PackedSeqToken<'a>;

    const SOL_NAME: &'static str = "bytes";
    const ENCODED_SIZE: Option<usize> = None;
    const PACKED_ENCODED_SIZE: Option<usize> = None;

    fn valid_token(_: &Self::Token<'_>) -> bool {
        true
    }

    fn detokenize(token: Self::Token<'_>) -> Self::RustType {
        Payload(token.0.to_vec())
    }
}

impl SolTypeValue<PayloadType> for Payload {
    fn stv_to_tokens(&self) -> PackedSeqToken<'_> {
        PackedSeqToken(&self.0)
    }

    fn stv_eip712_data_word(&self) -> Word {
        SolTypeValue::<sol_data::Bytes>::stv_eip712_data_word(&self.0)
    }

    fn stv_abi_encode_packed_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn stv_abi_packed_encoded_size(&self) -> usize {
        self.0.len()
    }
}
