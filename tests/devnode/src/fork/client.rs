//! JSON-RPC to the upstream, from threads that block.
//!
//! alloy's retry layer does not see `Retry-After` and knows no limit of the whole, so the loop is
//! our own. Every request ends within [`Settings::budget`], and at once when the node stops.

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering, mpsc},
    time::Duration,
};

use alloy::transports::http::reqwest::{
    self, Client as Http, StatusCode, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::{Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    pace::{Pace, pause},
    settings::Settings,
    wording::{Meaning, meaning},
};
use crate::errands::error::{Reason, StateError};

/// {byte} Longest answer that is read.
const ANSWER_LEN_MAX: usize = 128 << 20;

/// One method call.
pub(super) type Call = (&'static str, Value);

/// Ends the executions and the reads of every fork of a node, now and from now on.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Ends them.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether they are to end.
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow()
    }
}

/// A client of one upstream.
#[derive(Debug)]
pub(super) struct Client {
    link: Arc<Link>,
    stop: Stop,
    /// Taken when dropped: a runtime must not be waited for on another one's threads.
    runtime: Option<Runtime>,
}

impl Client {
    pub(super) fn new(settings: &Settings, stop: Stop) -> Result<Self, StateError> {
        let shown = settings.shown();
        let failed = |error: String| StateError {
            upstream: shown.clone(),
            what: "anything".into(),
            reason: Reason::Connection(error),
        };
        let mut http = Http::builder().connect_timeout(settings.timeout);
        if settings.is_local() {
            http = http.no_proxy();
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("stylus-devnode-fork")
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let http = http.build().map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            link: Arc::new(Link {
                http,
                url: settings.url.clone(),
                pace: Pace::new(settings.rate()),
                batches: AtomicBool::new(true),
                settings: settings.clone(),
            }),
            stop,
            runtime: Some(runtime),
        })
    }

    /// An error of a read.
    pub(super) fn error(&self, what: impl Into<String>, reason: Reason) -> StateError {
        StateError {
            upstream: self.link.settings.shown(),
            what: what.into(),
            reason,
        }
    }

    /// The results of several calls, in their order, read in one go where the upstream can.
    pub(super) fn read(&self, calls: Vec<Call>) -> Result<Vec<Value>, Failure> {
        self.spawn(|link, deadline| async move {
            if calls.len() > 1 && link.batches.load(Ordering::Relaxed) {
                match link.repeat(&calls, deadline).await {
                    // Some endpoints take no batches.
                    Err(Failure::NoBatch) => link.batches.store(false, Ordering::Relaxed),
                    result => return result,
                }
            }
            let mut results = Vec::with_capacity(calls.len());
            for call in calls {
                results.extend(link.repeat(&[call], deadline).await?);
            }
            Ok(results)
        })
    }

    /// The result of one call.
    pub(super) fn read_one(&self, call: Call) -> Result<Value, Failure> {
        let results = self.read(vec![call])?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    /// Runs a read on the client's own threads and waits for it, on any thread.
    fn spawn<F>(&self, read: impl FnOnce(Arc<Link>, Instant) -> F) -> Result<Vec<Value>, Failure>
    where
        F: Future<Output = Result<Vec<Value>, Failure>> + Send + 'static,
    {
        let stopped = || Failure::Lasting(Reason::Connection("the node is stopping".into()));
        let runtime = self.runtime.as_ref().ok_or_else(stopped)?;
        let (sender, receiver) = mpsc::channel();
        let budget = self.link.settings.budget();
        let read = read(Arc::clone(&self.link), Instant::now() + budget);
        let mut stop = self.stop.0.subscribe();
        runtime.spawn(async move {
            let result = tokio::select! {
                result = read => result,
                _ = stop.wait_for(|stop| *stop) => Err(stopped()),
            };
            // Whoever asked has gone: nothing to tell.
            let _ = sender.send(result);
        });
        receiver.recv().map_err(|_| stopped())?
    }

    /// Runs `task` every `period` until it says that it is done.
    pub(super) fn every(&self, period: Duration, task: impl Fn() -> bool + Send + Sync + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move {
                while {
                    sleep(period).await;
                    task()
                } {}
            });
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Why a read failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may succeed later; with a pause that the upstream asked for.
    Passing(Reason, Option<Duration>),
    /// It will not.
    Lasting(Reason),
    /// The upstream keeps no state of that age.
    Pruned,
    /// The upstream has no such block.
    NoBlock,
    /// The upstream takes no batches.
    NoBatch,
}

impl Failure {
    /// The reason to tell, where a block is known.
    pub(super) fn reason(self, number: u64, gone: Reason) -> Reason {
        match self {
            Self::Passing(reason, _) | Self::Lasting(reason) => reason,
            Self::Pruned => Reason::Pruned { block: number },
            Self::NoBlock => gone,
            Self::NoBatch => Reason::Answer("no batch was sent".into()),
        }
    }
}

/// The connection.
#[derive(Debug)]
struct Link {
    http: Http,
    url: Url,
    pace: Pace,
    /// Whether the upstream takes batches, as far as known.
    batches: AtomicBool,
    settings: Settings,
}

impl Link {
    /// Asks until there is an answer, a lasting failure, or no time.
    async fn repeat(&self, calls: &[Call], deadline: Instant) -> Result<Vec<Value>, Failure> {
        let mut attempt = 0;
        loop {
            let ask = async {
                self.pace.wait(calls.len() as u32).await;
                timeout(self.settings.timeout, self.ask(calls)).await
            };
            let late = || Failure::Passing(Reason::Timeout(self.settings.timeout), None);
            let result = match timeout_at(deadline, ask).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(late()),
                Err(_) => return Err(late()),
            };
            let Err(Failure::Passing(reason, asked)) = result else {
                return result;
            };
            let pause = asked.unwrap_or_else(|| pause(self.settings.backoff, attempt));
            let no_time = Instant::now() + pause >= deadline;
            if attempt >= self.settings.retries || no_time {
                return Err(Failure::Passing(reason, asked));
            }
            tracing::debug!(upstream = self.settings.shown(), %reason, ?pause, "repeating a read");
            match asked {
                Some(pause) => self.pace.hold(pause),
                None => sleep(pause).await,
            }
            attempt += 1;
        }
    }

    /// Asks once.
    async fn ask(&self, calls: &[Call]) -> Result<Vec<Value>, Failure> {
        let requests = calls.iter().zip(0..).map(|((method, params), id)| {
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
        });
        let body = match calls {
            [_] => requests.into_iter().next().unwrap_or_default(),
            _ => requests.collect(),
        };
        let request = self.http.post(self.url.clone());
        let response = request
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await
            .map_err(broken)?;
        let status = response.status();
        let wait = retry_after(&response);
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::Passing(Reason::RateLimited, wait));
        }
        let answer = body_of(response).await?;
        match serde_json::from_slice(&answer) {
            Ok(answer) => results(answer, calls.len()),
            Err(_) if status.is_server_error() => {
                Err(Failure::Passing(Reason::Status(status.as_u16()), wait))
            }
            Err(_) if !status.is_success() => {
                Err(Failure::Lasting(Reason::Status(status.as_u16())))
            }
            // A proxy in between, or an answer cut short.
            Err(error) => Err(Failure::Passing(Reason::Answer(error.to_string()), None)),
        }
    }
}

/// The error without the URL, which may hold a key.
fn broken(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Failure::Passing(Reason::Connection(text), None)
}

/// Seconds of a `Retry-After` header; a date is not read.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

async fn body_of(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LEN_MAX {
            let long = format!("it is longer than {ANSWER_LEN_MAX} bytes");
            return Err(Failure::Lasting(Reason::Answer(long)));
        }
    }
    Ok(body)
}

/// The results in an answer, in the order of the calls.
fn results(answer: Value, count: usize) -> Result<Vec<Value>, Failure> {
    let answers = match answer {
        Value::Array(answers) => answers,
        one if count == 1 => return Ok(vec![result(one)?]),
        one => {
            // One error for the whole batch: of the rate, or because batches are not taken.
            return match result(one) {
                Err(failure @ Failure::Passing(..)) => Err(failure),
                _ => Err(Failure::NoBatch),
            };
        }
    };
    let mut found = vec![None; count];
    for answer in answers {
        let id = answer.get("id").and_then(Value::as_u64);
        let place = id.and_then(|id| found.get_mut(usize::try_from(id).ok()?));
        if let Some(place) = place {
            *place = Some(result(answer)?);
        }
    }
    let found: Option<Vec<_>> = found.into_iter().collect();
    found.ok_or_else(|| {
        let missing = "not every request of it was answered";
        Failure::Passing(Reason::Answer(missing.into()), None)
    })
}

/// The result in the answer to one call.
fn result(mut answer: Value) -> Result<Value, Failure> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
        let message = error.get("message").and_then(Value::as_str);
        let message = message.unwrap_or("no message");
        return Err(match meaning(code, message) {
            Meaning::TooMany => Failure::Passing(Reason::RateLimited, None),
            Meaning::Pruned => Failure::Pruned,
            Meaning::NoBlock => Failure::NoBlock,
            Meaning::Other => Failure::Lasting(Reason::Refused {
                code,
                message: message.chars().take(300).collect(),
            }),
        });
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => {
            let empty = "it has neither result nor error";
            Err(Failure::Passing(Reason::Answer(empty.into()), None))
        }
    }
}
