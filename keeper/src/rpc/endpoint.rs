//! Where a node is, without the secrets that its URL may carry.

use std::fmt;
use std::sync::Arc;

use alloy::transports::http::reqwest::Url;

/// A node's URL. Shown as scheme, host and port: user info, path and query often hold an API key.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<Url>);

impl Endpoint {
    /// Parses an `http` or `https` URL. The error is a reason that repeats nothing of the input.
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self(Arc::new(url))),
            "http" | "https" => Err("it has no host".into()),
            _ => Err("only http and https are supported".into()),
        }
    }

    /// The whole URL, secrets included.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Whether the node runs on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        host == "localhost" || host.starts_with("127.") || host == "[::1]"
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )?;
        match self.0.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_url_are_never_shown() {
        let endpoint =
            Endpoint::parse("https://user:hunter2@node.example:8443/v2/APIKEY?token=APIKEY")
                .unwrap();
        assert_eq!(endpoint.to_string(), "https://node.example:8443");
        assert_eq!(format!("{endpoint:?}"), "https://node.example:8443");
        assert!(!endpoint.is_local());
        assert!(Endpoint::parse("http://127.0.0.1:8547").unwrap().is_local());
    }

    #[test]
    fn refusals_do_not_repeat_the_input() {
        for bad in ["APIKEY", "ws://node/APIKEY", "file:///APIKEY", "http://"] {
            let reason = Endpoint::parse(bad).unwrap_err();
            assert!(!reason.contains("APIKEY"), "{reason}");
        }
    }
}
