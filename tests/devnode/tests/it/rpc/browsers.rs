//! What browsers ask before web pages may call the node.

use alloy::transports::http::reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use stylus_devnode::{Config, spawn};

use crate::rig::Rig;

const PAGE: &str = "https://app.example";

async fn serving(allow_origin: Option<&str>) -> Rig {
    let config = Config {
        allow_origin: allow_origin.map(Into::into),
        ..Config::default()
    };
    Rig::with(config).await
}

/// What a browser sends for a page before it sends JSON.
async fn ask(rig: &Rig) -> Response {
    let request = Client::new().request(Method::OPTIONS, rig.node.url());
    let request = request
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    request.send().await.unwrap()
}

async fn call(rig: &Rig) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    let request = Client::new().post(rig.node.url()).header("origin", PAGE);
    request.json(&body).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    Some(answer.headers().get(name)?.to_str().unwrap())
}

#[tokio::test]
async fn pages_of_every_origin_may_call_unless_told_otherwise() {
    for (allowed, origin) in [
        ("*", "*"),
        ("http://localhost:3000", "http://localhost:3000"),
    ] {
        let rig = serving(Some(allowed)).await;
        let asked = ask(&rig).await;
        assert!(asked.status().is_success());
        assert_eq!(header(&asked, "access-control-allow-origin"), Some(origin));
        assert_eq!(header(&asked, "access-control-allow-methods"), Some("POST"));
        assert_eq!(
            header(&asked, "access-control-allow-headers"),
            Some("content-type")
        );
        let called = call(&rig).await;
        assert_eq!(header(&called, "access-control-allow-origin"), Some(origin));
        assert_eq!(called.json::<Value>().await.unwrap()["result"], "0x64aba");
    }
}

#[tokio::test]
async fn no_page_may_call_if_none_is_allowed() {
    let rig = serving(None).await;
    let asked = ask(&rig).await;
    assert!(!asked.status().is_success());
    assert_eq!(header(&asked, "access-control-allow-origin"), None);
    assert_eq!(
        header(&call(&rig).await, "access-control-allow-origin"),
        None
    );
}

#[tokio::test]
async fn an_origin_must_be_one() {
    let config = Config {
        allow_origin: Some("http://a\nb".into()),
        ..Config::default()
    };
    let error = spawn(config).await.unwrap_err();
    assert_eq!(error.to_string(), "not an origin: \"http://a\\nb\"");
}
