//! Registering methods.

use std::sync::Arc;

use jsonrpsee::{
    RpcModule,
    server::RegisterMethodError,
    types::{ErrorObjectOwned, Params},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Api, args::Args, error::RpcError};
use crate::{chain::Chain, errands};

/// A method that only looks at the chain.
pub(super) type Read<R> = fn(&Chain, &mut Args<'_>) -> Result<R, RpcError>;
/// A method that changes the chain.
type Write<R> = fn(&mut Chain, &mut Args<'_>) -> Result<R, RpcError>;

/// The table of methods under construction.
#[expect(
    missing_debug_implementations,
    reason = "a jsonrpsee module has no useful debug form"
)]
pub struct Methods {
    module: RpcModule<Arc<Api>>,
}

impl Methods {
    /// An empty table over an API.
    pub fn new(api: Arc<Api>) -> Self {
        Self {
            module: RpcModule::new(api),
        }
    }

    /// The finished table.
    pub fn into_module(self) -> RpcModule<Arc<Api>> {
        self.module
    }

    /// For methods that need more than the two forms below.
    pub fn module(&mut self) -> &mut RpcModule<Arc<Api>> {
        &mut self.module
    }

    /// Adds a method that only looks.
    pub fn read<R: Serialize + 'static>(
        &mut self,
        names: &[&'static str],
        method: Read<R>,
    ) -> Result<(), RegisterMethodError> {
        self.blocking(names, move |api, params| {
            api.look(|chain| method(chain, &mut Args::new(&params)).and_then(json))
        })
    }

    /// Adds a method that changes the chain, and may be run again if it has not ended.
    pub fn write<R: Serialize + 'static>(
        &mut self,
        names: &[&'static str],
        method: Write<R>,
    ) -> Result<(), RegisterMethodError> {
        self.blocking(names, move |api, params| {
            api.change(|chain| method(chain, &mut Args::new(&params)).and_then(json))
        })
    }

    /// Adds a method that takes the chain when it needs it.
    pub(super) fn blocking(
        &mut self,
        names: &[&'static str],
        method: impl Fn(&Api, Params<'static>) -> Result<Box<RawValue>, RpcError>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Result<(), RegisterMethodError> {
        for name in names {
            let method = method.clone();
            self.module
                .register_async_method(name, move |params, api, _| {
                    let method = method.clone();
                    async move {
                        let shared = Arc::clone(&api);
                        patiently(&api, move || method(&shared, params.clone())).await
                    }
                })?;
        }
        Ok(())
    }
}

/// Runs a method where it may block and compute. A panic is an internal error.
pub(super) async fn off_thread<R: Send + 'static>(
    method: impl FnOnce() -> Result<R, RpcError> + Send + 'static,
) -> Result<R, ErrorObjectOwned> {
    match tokio::task::spawn_blocking(method).await {
        Ok(result) => result.map_err(ErrorObjectOwned::from),
        Err(error) => Err(RpcError::Internal(error.to_string()).into()),
    }
}

/// As [`off_thread`], of a method that may need a fork's upstream. If it has to wait it is run again from
/// the beginning, as one of those that may: the others must find a thread.
pub(super) async fn patiently<R: Send + 'static>(
    api: &Api,
    mut method: impl FnMut() -> Result<R, RpcError> + Send + 'static,
) -> Result<R, ErrorObjectOwned> {
    let (result, method) = off_thread(move || {
        let result = errands::briefly(&mut method);
        Ok((result, method))
    })
    .await?;
    if let Some(result) = result {
        return result.map_err(ErrorObjectOwned::from);
    }
    let turn = api.waiting.acquire().await;
    let result = off_thread(method).await;
    drop(turn);
    result
}

/// The JSON form of a result.
pub(super) fn json<R: Serialize>(result: R) -> Result<Box<RawValue>, RpcError> {
    to_raw_value(&result).map_err(|error| RpcError::Internal(error.to_string()))
}

/// Shared by methods that hold on to the API.
pub(super) type SharedApi = Arc<Arc<Api>>;
