//! The HTTP and WebSocket server.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use jsonrpsee::{
    RpcModule,
    server::{
        BatchRequestConfig, Server, ServerConfig, ServerHandle, middleware::rpc::RpcServiceBuilder,
    },
};

use tokio::net::TcpSocket;

use super::{Api, http::Surrounds, subscribe::Ids};
use crate::node::Error;

/// {byte} Largest request and response; dumps are the largest.
const BODY_MAX: u32 = 512 << 20;

/// Most requests in a batch.
const BATCH_MAX: u32 = 1_000;

/// Most connections at a time.
const CONNECTIONS_MAX: u32 = 10_000;

/// Most connections that wait to be accepted: one that finds no room is tried again after a second.
const BACKLOG: u32 = 4_096;

/// Most messages that wait for a slow WebSocket client.
const QUEUE_MAX: u32 = 256;

/// Listens and serves until the handle stops it. A batch starts no request after `batch_timeout`.
pub async fn start(
    address: SocketAddr,
    module: RpcModule<Arc<Api>>,
    batch_timeout: Duration,
) -> Result<(SocketAddr, ServerHandle), Error> {
    let config = ServerConfig::builder()
        .max_request_body_size(BODY_MAX)
        .max_response_body_size(BODY_MAX)
        .max_connections(CONNECTIONS_MAX)
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH_MAX))
        .set_message_buffer_capacity(QUEUE_MAX)
        .set_id_provider(Ids::default())
        .set_tcp_no_delay(true)
        .build();
    let failed = |source| Error::Listen { address, source };
    let surrounds = RpcServiceBuilder::new().layer_fn(move |inner| Surrounds {
        inner,
        batch_timeout,
        answer_max: BODY_MAX as usize,
    });
    let server = Server::builder()
        .set_config(config)
        .set_rpc_middleware(surrounds)
        .build_from_tcp(listen(address).map_err(failed)?)
        .map_err(failed)?;
    let local = server.local_addr().map_err(failed)?;
    Ok((local, server.start(module)))
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
