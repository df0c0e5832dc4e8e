//! The HTTP and WebSocket server.

use std::{io, net::SocketAddr, sync::Arc};

use jsonrpsee::{
    RpcModule,
    server::{
        BatchRequestConfig, Server, ServerConfig, ServerHandle, middleware::rpc::RpcServiceBuilder,
    },
};

use http::{Method, header::CONTENT_TYPE};
use tokio::net::TcpSocket;
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{Api, bodies::Bodies, http::Surrounds, subscribe::Ids};
use crate::{
    config::{BATCH_TIMEOUTS, BODY_MAX, Config},
    node::Error,
};

/// Most requests in a batch.
const BATCH_MAX: u32 = 1_000;

/// Most connections at a time.
const CONNECTIONS_MAX: u32 = 10_000;

/// Most connections that wait to be accepted: one that finds no room is tried again after a second.
const BACKLOG: u32 = 4_096;

/// Most messages that wait for a slow WebSocket client.
const QUEUE_MAX: u32 = 256;

/// Listens and serves until the handle stops it.
///
/// # Errors
/// [`Error::Listen`], [`Error::Origin`].
pub async fn start(
    settings: &Config,
    module: RpcModule<Arc<Api>>,
) -> Result<(SocketAddr, ServerHandle), Error> {
    let address = SocketAddr::new(settings.host, settings.port);
    let config = ServerConfig::builder()
        .max_request_body_size(settings.request_max)
        .max_response_body_size(BODY_MAX)
        .max_connections(CONNECTIONS_MAX)
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH_MAX))
        .set_message_buffer_capacity(QUEUE_MAX)
        .set_id_provider(Ids::default())
        .set_tcp_no_delay(true)
        .build();
    let failed = |source| Error::Listen { address, source };
    let batch_timeout = settings.call_timeout.saturating_mul(BATCH_TIMEOUTS);
    let surrounds = RpcServiceBuilder::new().layer_fn(move |inner| Surrounds {
        inner,
        batch_timeout,
        answer_max: BODY_MAX as usize,
    });
    let bodies = Bodies::new(settings.request_max, module.clone().into());
    let cors = settings.allow_origin.as_deref().map(cors).transpose()?;
    let http = ServiceBuilder::new().option_layer(cors).layer(bodies);
    let server = Server::builder()
        .set_config(config)
        .set_http_middleware(http)
        .set_rpc_middleware(surrounds)
        .build_from_tcp(listen(address).map_err(failed)?)
        .map_err(failed)?;
    let local = server.local_addr().map_err(failed)?;
    Ok((local, server.start(module)))
}

/// Lets pages of one origin read answers, or of all with `*`.
///
/// # Errors
/// [`Error::Origin`]
fn cors(origin: &str) -> Result<CorsLayer, Error> {
    let allowed = origin.parse().map_err(|_| Error::Origin(origin.into()))?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::exact(allowed))
        .allow_methods([Method::POST])
        .allow_headers([CONTENT_TYPE]))
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Elsewhere than on Unix this would let two nodes share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
