//! What HTTP cannot do, said in geth's words.

use jsonrpsee::{
    MethodResponse,
    core::middleware::{Batch, Notification, RpcServiceT},
    types::{
        ErrorObject, Request,
        error::{INTERNAL_ERROR_CODE, METHOD_NOT_FOUND_CODE},
    },
};

/// Passes requests on, and explains why a subscription over HTTP fails.
#[derive(Clone, Debug)]
pub struct NoSubscriptions<S>(pub S);

impl<S> RpcServiceT for NoSubscriptions<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Send + Sync + Clone + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = S::NotificationResponse;
    type BatchResponse = S::BatchResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let subscribes = matches!(request.method_name(), "eth_subscribe" | "eth_unsubscribe");
        let id = subscribes.then(|| request.id.clone().into_owned());
        let answer = self.0.call(request);
        async move {
            let answer = answer.await;
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
        self.0.batch(requests)
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        self.0.notification(notification)
    }
}
