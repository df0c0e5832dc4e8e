//! Creating contracts.

use alloy_primitives::{Address, Bytes};

use super::Host;
use crate::stylus::{
    CreateKind, Reply, Request,
    host::HostError,
    pricing::{self, EVM_API, HOSTIO, PTR},
};

/// Creates a contract at an address by nonce.
pub(super) async fn create1(
    host: &mut Host<'_>,
    code: u32,
    len: u32,
    endowment: u32,
    address: u32,
    revert_len: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 3 * PTR + EVM_API)?;
    create(
        host,
        Init {
            code,
            len,
            endowment,
            salt: None,
        },
        address,
        revert_len,
    )
    .await
}

/// Creates a contract at an address by salt and code.
pub(super) async fn create2(
    host: &mut Host<'_>,
    code: u32,
    len: u32,
    endowment: u32,
    salt: u32,
    address: u32,
    revert_len: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + 4 * PTR + EVM_API)?;
    create(
        host,
        Init {
            code,
            len,
            endowment,
            salt: Some(salt),
        },
        address,
        revert_len,
    )
    .await
}

struct Init {
    code: u32,
    len: u32,
    endowment: u32,
    salt: Option<u32>,
}

/// The address is zero if the creation failed.
async fn create(
    host: &mut Host<'_>,
    init: Init,
    address: u32,
    revert_len: u32,
) -> Result<(), HostError> {
    host.buy_ink(2 * pricing::read(init.len))?;
    let gas_left = host.gas_left()?;
    let code = Bytes::copy_from_slice(host.read(init.code, init.len)?);
    let endowment = host.read_word(init.endowment)?;
    let salt = init.salt.map(|ptr| host.read_word(ptr)).transpose()?;
    let recorded = host.is_recorded().then(|| code.clone());
    let request = Request::Create {
        gas_left,
        code,
        endowment: endowment.into(),
        kind: match salt {
            Some(salt) => CreateKind::Create2 { salt },
            None => CreateKind::Create1,
        },
    };
    let Reply::Create {
        address: created,
        return_data,
        gas,
    } = host.ask(request).await?
    else {
        return Err(HostError::ReplyMismatch);
    };
    let return_len = return_data.len() as u32;
    host.state_mut().return_data = return_data;
    host.buy_gas(gas)?;
    host.write_u32(revert_len, return_len)?;
    let created = created.unwrap_or(Address::ZERO);
    host.write(address, created.as_slice())?;
    if let Some(code) = recorded {
        let (name, salt) = match &salt {
            Some(salt) => ("create2", salt.as_slice()),
            None => ("create1", &[][..]),
        };
        let outs = [created.as_slice(), &return_len.to_be_bytes()];
        host.record(name, &[endowment.as_slice(), salt, &code], &outs);
    }
    Ok(())
}
