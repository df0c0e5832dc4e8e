//! Letting web pages read answers.

use std::{
    future::ready,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{FutureExt, future::BoxFuture};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use tower::{Layer, Service};

use crate::node::Error;

/// Says in every answer which origin's pages may read it, and answers browsers that ask beforehand.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    /// What answers say; nothing if no page may read them.
    said: Option<Arc<HttpResponse<()>>>,
}

impl Cors {
    /// For one origin, for `*`, or for none.
    ///
    /// # Errors
    /// [`Error::Origin`]
    pub(super) fn new(origin: Option<&str>) -> Result<Self, Error> {
        let say = |origin: &str| {
            HttpResponse::builder()
                .header("access-control-allow-origin", origin)
                .header("access-control-allow-methods", "POST")
                .header("access-control-allow-headers", "content-type")
                .header("vary", "origin")
                .body(())
                .map_err(|_| Error::Origin(origin.into()))
        };
        let said = origin.map(say).transpose()?.map(Arc::new);
        Ok(Self { said })
    }
}

impl<S> Layer<S> for Cors {
    type Service = WithCors<S>;

    fn layer(&self, inner: S) -> WithCors<S> {
        WithCors {
            inner,
            cors: self.clone(),
        }
    }
}

/// A service under [`Cors`].
#[derive(Clone, Debug)]
pub(super) struct WithCors<S> {
    inner: S,
    cors: Cors,
}

impl<S> Service<HttpRequest> for WithCors<S>
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
        let Some(said) = self.cors.said.clone() else {
            return self.inner.call(request).boxed();
        };
        let say = move |mut answer: HttpResponse| {
            let headers = said.headers().clone();
            answer.headers_mut().extend(headers);
            answer
        };
        if request.method().as_str() == "OPTIONS" {
            let empty = HttpResponse::new(HttpBody::default());
            return ready(Ok(say(empty))).boxed();
        }
        self.inner
            .call(request)
            .map(|answer| answer.map(say))
            .boxed()
    }
}
