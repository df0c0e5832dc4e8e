//! What surrounds every request: subscriptions that HTTP cannot have, and the time of a batch.

use std::time::Duration;

use jsonrpsee::{
    BatchResponseBuilder, MethodResponse,
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    types::{
        ErrorObject, Request,
        error::{INTERNAL_ERROR_CODE, METHOD_NOT_FOUND_CODE},
    },
};
use serde_json::Value;
use tokio::time::Instant;
use tracing::Level;

use super::bodies::Arrival;
use crate::report::shown;

/// geth's code for a request of a batch whose time is over.
const TIMED_OUT: i32 = -32002;

/// Passes requests on, explains why a subscription over HTTP fails, and ends batches that take long.
#[derive(Clone, Debug)]
pub struct Surrounds<S> {
    /// What answers requests.
    pub inner: S,
    /// How long a batch goes on. What comes later is answered with an error, and is not done.
    pub batch_timeout: Duration,
    /// {byte} Largest answer to a batch.
    pub answer_max: usize,
}

impl<S> RpcServiceT for Surrounds<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse, BatchResponse = MethodResponse>
        + Send
        + Sync
        + Clone
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = S::NotificationResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        Arrival::mark(&request);
        let subscribes = matches!(request.method_name(), "eth_subscribe" | "eth_unsubscribe");
        let id = subscribes.then(|| request.id.clone().into_owned());
        let method = tracing::enabled!(Level::DEBUG).then(|| request.method_name().to_owned());
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            if let Some(method) = method {
                tell(&method, &answer);
            }
            match id {
                // jsonrpsee has no other failure of these two with this code.
                Some(id) if answer.as_error_code() == Some(INTERNAL_ERROR_CODE) => {
                    let message = "notifications not supported";
                    let error = ErrorObject::borrowed(METHOD_NOT_FOUND_CODE, message, None);
                    MethodResponse::error(id, error)
                }
                _ => answer,
            }
        }
    }

    fn batch<'a>(
        &self,
        requests: Batch<'a>,
    ) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        let service = self.clone();
        let deadline = Instant::now() + self.batch_timeout;
        async move {
            let mut answers = BatchResponseBuilder::new_with_limit(service.answer_max);
            let mut is_silent = false;
            for entry in requests {
                let is_late = Instant::now() >= deadline;
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) if is_late => service.too_late(&request),
                    Ok(BatchEntry::Call(request)) => service.call(request).await,
                    Ok(BatchEntry::Notification(notification)) => {
                        is_silent = true;
                        if !is_late {
                            service.notification(notification).await;
                        }
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_large) = answers.append(answer) {
                    return too_large;
                }
            }
            match is_silent && answers.is_empty() {
                true => MethodResponse::notification(),
                // An empty batch is an invalid request.
                false => MethodResponse::from_batch(answers.finish()),
            }
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        self.inner.notification(notification)
    }
}

/// To the log, with the reason of a failure.
fn tell(method: &str, answer: &MethodResponse) {
    let method = shown(method);
    if answer.is_success() {
        return tracing::debug!("{method}");
    }
    let answer: Value = serde_json::from_str(answer.as_json().get()).unwrap_or_default();
    let error = &answer["error"];
    let reason = shown(error["message"].as_str().unwrap_or_default());
    tracing::debug!(code = %error["code"], %reason, "{method} failed");
}

impl<S> Surrounds<S> {
    fn too_late(&self, request: &Request<'_>) -> MethodResponse {
        let message = format!(
            "request timed out: the batch took over {:?}, and this is not done",
            self.batch_timeout
        );
        let error = ErrorObject::owned(TIMED_OUT, message, None::<()>);
        MethodResponse::error(request.id.clone(), error)
    }
}
