//! What to fork, and how patiently to ask for it.

use std::{path::PathBuf, time::Duration};

use alloy::transports::http::reqwest::Url;

/// {1/s} Requests to an upstream that is not on this machine, unless told otherwise.
pub const REMOTE_RPS: u32 = 25;

/// {1} What a request costs on average where providers count compute units.
pub const COMPUTE_UNITS: u32 = 17;

/// How to fork.
#[derive(Clone, Debug)]
pub struct Settings {
    /// HTTP endpoint of the upstream.
    pub url: Url,
    /// Block whose state is the first; the upstream's last one if none.
    pub block_number: Option<u64>,
    /// Chain id to report; the upstream's if none. ArbOS state and signatures of the past keep it.
    pub chain_id: Option<u64>,
    /// Chain id that the upstream must have, if any.
    pub upstream_chain_id: Option<u64>,
    /// ArbOS version to follow; the upstream's if none, or the node's where it has no ArbOS.
    pub arbos_version: Option<u64>,
    /// {1/s} Most requests; 0 does not limit. [`REMOTE_RPS`] if none, except on this machine.
    pub rps: Option<u32>,
    /// How often a request is repeated that failed for now.
    pub retries: u32,
    /// Pause before the first repetition, which doubles for each further one.
    pub backoff: Duration,
    /// How long one answer may take. A request with its repetitions may take [`Self::budget`].
    pub timeout: Duration,
    /// Where state is kept that was read; nowhere if none.
    pub cache: Option<PathBuf>,
}

impl Settings {
    /// The usual settings for an endpoint, with the cache in the user's cache folder.
    ///
    /// # Errors
    /// What is wrong with the URL, in a sentence.
    pub fn new(url: &str) -> Result<Self, String> {
        let url: Url = url
            .parse()
            .map_err(|error| format!("the upstream must be an http or https URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!(
                "the upstream must be an http or https URL, not {}:",
                url.scheme()
            ));
        }
        Ok(Self {
            url,
            block_number: None,
            chain_id: None,
            upstream_chain_id: None,
            arbos_version: None,
            rps: None,
            retries: 5,
            backoff: Duration::from_millis(200),
            timeout: Duration::from_secs(15),
            cache: default_cache(),
        })
    }

    /// The same patience for another endpoint, whose ids and versions may be others.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at(&self, url: &str) -> Result<Self, String> {
        Ok(Self {
            url: Self::new(url)?.url,
            block_number: None,
            upstream_chain_id: None,
            ..self.clone()
        })
    }

    /// The longest that a read may take: every repetition, but no more than four slow answers.
    pub fn budget(&self) -> Duration {
        self.timeout.saturating_mul(4)
    }

    /// {1/s} The rate that applies; none for no limit.
    pub fn rate(&self) -> Option<u32> {
        match self.rps {
            Some(0) => None,
            Some(rps) => Some(rps),
            None => (!self.is_local()).then_some(REMOTE_RPS),
        }
    }

    /// Whether the upstream runs on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }

    /// The URL as it may be shown: scheme, host and port.
    pub fn shown(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}"));
        format!("{}://{host}{}", self.url.scheme(), port.unwrap_or_default())
    }
}

/// `stylus-devnode/fork` in the user's cache folder, if there is one.
pub fn default_cache() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("stylus-devnode").join("fork"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        let url = "https://user:pass@arb.example:8443/v2/SECRET?key=SECRET";
        let settings = Settings::new(url).unwrap();
        assert_eq!(settings.shown(), "https://arb.example:8443");
        assert_eq!(settings.rate(), Some(REMOTE_RPS));
    }

    #[test]
    fn this_machine_is_not_limited() {
        for url in [
            "http://localhost:1",
            "http://127.0.0.1:8545",
            "http://[::1]:1",
        ] {
            assert_eq!(Settings::new(url).unwrap().rate(), None, "{url}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in ["ws://localhost:1", "ipc:///tmp/x", "localhost", ""] {
            assert!(Settings::new(url).is_err(), "{url}");
        }
    }
}
