//! How large requests may be, one by one and together.
//!
//! Up to the limit a request may be of any method. A larger one, over HTTP, must load a dump. Whatever
//! is longer than [`FREE_MAX`] first waits for its share of [`BODY_MAX`] bytes, which all have together.
//! The share is that of its declared length: neither it nor the body is waited for without an end.
//! Over WebSocket there is no length beforehand: only so many connections are taken that all of them
//! together hold at most [`SOCKETS_LEN`] bytes.

use std::{
    future::{pending, ready},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Either},
};
use jsonrpsee::{
    MethodResponse, Methods,
    core::middleware::{Batch, Notification, RpcServiceBuilder, RpcServiceT},
    server::{
        ConnectionState, HttpBody, HttpRequest, HttpResponse, ServerConfig, http, stop_channel,
    },
    types::{Id, Request, error::reject_too_big_request},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tower::{Layer, Service};

use crate::config::BODY_MAX;

/// {byte} Longest request that waits for nothing: twice the largest contract, in hex.
const FREE_MAX: u32 = 128 << 10;

/// {byte} What the messages of all WebSockets may take together, which are at least [`SOCKETS_MIN`].
const SOCKETS_LEN: u64 = 4 << 30;
const SOCKETS_MIN: usize = 16;

/// {byte} What one permit stands for.
const UNIT: u32 = 1 << 10;

/// How long a request waits for its share.
const ROOM_WAIT: Duration = Duration::from_secs(15);

/// How long a body may take to arrive, and {byte/s} how fast what it declares must come beyond that.
const READ_WAIT: Duration = Duration::from_secs(15);
const READ_RATE: u32 = 4 << 20;

/// The methods that may be called with more than the limit.
const LOADERS: [&str; 2] = ["anvil_loadState", "hardhat_loadState"];

/// Bounds the requests that a server holds in memory.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    limit: u32,
    methods: Methods,
    room: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
}

impl Bodies {
    /// Bounds requests to `limit` {byte}, except those that load a dump.
    pub(super) fn new(limit: u32, methods: Methods) -> Self {
        let room = Arc::new(Semaphore::new((BODY_MAX / UNIT) as usize));
        let sockets = SOCKETS_LEN / u64::from(limit.max(1));
        let sockets = usize::try_from(sockets).unwrap_or(usize::MAX);
        let sockets = sockets.clamp(SOCKETS_MIN, Semaphore::MAX_PERMITS);
        Self {
            limit,
            methods,
            room,
            sockets: Arc::new(Semaphore::new(sockets)),
        }
    }

    /// {byte} Length of a request's body. Without one that is told it is read up to the limit.
    fn length(&self, request: &HttpRequest) -> Option<u32> {
        match request.headers().get("content-length") {
            Some(len) => len.to_str().ok().and_then(|len| len.parse().ok()),
            None => (request.method().as_str() == "POST").then_some(self.limit),
        }
    }

    /// Answers a long request once there is room for it: one that loads a dump itself, another with its
    /// answer.
    async fn admit<E>(
        self,
        len: u32,
        arrival: Arrival,
        work: Either<HttpRequest, impl Future<Output = Result<HttpResponse, E>>>,
    ) -> Result<HttpResponse, E> {
        let room = Arc::clone(&self.room).acquire_many_owned(len.div_ceil(UNIT));
        let Ok(Ok(room)) = timeout(ROOM_WAIT, room).await else {
            return Ok(refusal(503, "too many long requests at a time: try again"));
        };
        let answer = async move {
            match work {
                Either::Left(request) => Ok(self.load(request, room).await),
                Either::Right(answer) => {
                    let _room = room;
                    answer.await
                }
            }
        };
        let mut answer = pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            () = arrival.overdue(len) => Ok(refusal(408, "the request did not arrive in time")),
        }
    }

    /// Calls only what loads a dump.
    async fn load(self, request: HttpRequest, room: OwnedSemaphorePermit) -> HttpResponse {
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

/// An answer to a request that is not read.
fn refusal(status: u16, reason: &'static str) -> HttpResponse {
    let mut answer = HttpResponse::new(HttpBody::from(reason));
    if let Ok(status) = status.try_into() {
        *answer.status_mut() = status;
    }
    answer
}

/// Tells whether a long request has come in whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrival(Arc<Notify>);

impl Arrival {
    /// It has: a method is called.
    pub(super) fn mark(request: &Request<'_>) {
        if let Some(Self(arrived)) = request.extensions().get() {
            arrived.notify_one();
        }
    }

    /// Ends when the time of a body of `len` {byte} is over, unless it arrives.
    async fn overdue(&self, len: u32) {
        let time = READ_WAIT + Duration::from_secs((len / READ_RATE).into());
        if timeout(time, self.0.notified()).await.is_ok() {
            pending::<()>().await;
        }
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

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        if request.headers().contains_key("sec-websocket-key") {
            let Ok(place) = Arc::clone(&self.bodies.sockets).try_acquire_owned() else {
                return ready(Ok(refusal(503, "too many WebSockets"))).boxed();
            };
            // It lives as long as the connection.
            request.extensions_mut().insert(Arc::new(place));
            return self.inner.call(request).boxed();
        }
        let len = self.bodies.length(&request);
        let Some(len) = len.filter(|len| (FREE_MAX + 1..=BODY_MAX).contains(len)) else {
            return self.inner.call(request).boxed();
        };
        let arrival = Arrival::default();
        request.extensions_mut().insert(arrival.clone());
        let work = match len > self.bodies.limit {
            true => Either::Left(request),
            false => Either::Right(self.inner.call(request)),
        };
        self.bodies.clone().admit(len, arrival, work).boxed()
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
        Arrival::mark(&request);
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
