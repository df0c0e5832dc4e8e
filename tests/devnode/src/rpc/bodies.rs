//! How large requests may be, one by one and together.
//!
//! Up to the limit a request may be of any method. A larger one, over HTTP, must load a dump. Whatever
//! is longer than [`FREE_MAX`] first waits for its share of [`BODY_MAX`] bytes, which all have together.

use std::{
    future::ready,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use jsonrpsee::{
    MethodResponse, Methods,
    core::middleware::{Batch, Notification, RpcServiceBuilder, RpcServiceT},
    server::{ConnectionState, HttpRequest, HttpResponse, ServerConfig, http, stop_channel},
    types::{Id, Request, error::reject_too_big_request},
};
use tokio::sync::Semaphore;
use tower::{Layer, Service};

use crate::config::BODY_MAX;

/// {byte} Longest request that waits for nothing: twice the largest contract, in hex.
const FREE_MAX: u32 = 128 << 10;

/// {byte} What one permit stands for.
const UNIT: u32 = 1 << 10;

/// The methods that may be called with more than the limit.
const LOADERS: [&str; 2] = ["anvil_loadState", "hardhat_loadState"];

/// Bounds the requests that a server holds in memory.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    limit: u32,
    methods: Methods,
    room: Arc<Semaphore>,
}

impl Bodies {
    /// Bounds requests to `limit` {byte}, except those that load a dump.
    pub(super) fn new(limit: u32, methods: Methods) -> Self {
        let room = Arc::new(Semaphore::new((BODY_MAX / UNIT) as usize));
        Self {
            limit,
            methods,
            room,
        }
    }

    /// Waits until there is room for the body, and calls only what loads a dump.
    async fn load(self, request: HttpRequest, len: u32) -> HttpResponse {
        let Ok(room) = self.room.acquire_many_owned(len.div_ceil(UNIT)).await else {
            return http::response::too_large(self.limit);
        };
        let config = ServerConfig::builder()
            .max_request_body_size(BODY_MAX)
            .build();
        // The room is given back with the connection, once there is an answer.
        let connection = ConnectionState::new(stop_channel().0, 0, room);
        let limit = self.limit;
        let loaders = RpcServiceBuilder::new().layer_fn(move |inner| LoadersOnly { inner, limit });
        http::call_with_service_builder(request, config, connection, self.methods, loaders).await
    }
}

impl<S> Layer<S> for Bodies {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded {
            inner,
            bodies: self.clone(),
        }
    }
}

/// A service under [`Bodies`].
#[derive(Clone, Debug)]
pub(super) struct Bounded<S> {
    inner: S,
    bodies: Bodies,
}

impl<S> Service<HttpRequest> for Bounded<S>
where
    S: Service<HttpRequest, Response = HttpResponse>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<HttpResponse, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let limit = self.bodies.limit;
        // Without a length it is read up to the limit.
        let len = match request.headers().get("content-length") {
            Some(len) => len.to_str().ok().and_then(|len| len.parse().ok()),
            None => (request.method().as_str() == "POST").then_some(limit),
        };
        match len {
            Some(len) if (limit + 1..=BODY_MAX).contains(&len) => {
                self.bodies.clone().load(request, len).map(Ok).boxed()
            }
            Some(len) if (FREE_MAX + 1..=limit).contains(&len) => {
                let room = self.bodies.room.clone();
                let room = room.acquire_many_owned(len.div_ceil(UNIT));
                let answer = self.inner.call(request);
                async {
                    let _room = room.await;
                    answer.await
                }
                .boxed()
            }
            _ => self.inner.call(request).boxed(),
        }
    }
}

/// Refuses every method that loads no dump.
#[derive(Clone, Debug)]
struct LoadersOnly<S> {
    inner: S,
    /// {byte} What the other methods may take.
    limit: u32,
}

impl<S> RpcServiceT for LoadersOnly<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Send + Sync + Clone + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        if LOADERS.contains(&request.method_name()) {
            return Either::Left(self.inner.call(request));
        }
        let error = reject_too_big_request(self.limit);
        Either::Right(ready(MethodResponse::error(request.id, error)))
    }

    fn batch<'a>(&self, _: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let error = reject_too_big_request(self.limit);
        ready(MethodResponse::error(Id::Null, error))
    }

    fn notification<'a>(
        &self,
        _: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        ready(MethodResponse::notification())
    }
}
