//! The web, for an agent that wants to get inside.

use std::net::IpAddr;
use std::sync::Arc;

use fusion_core::agent::Tool;
use fusion_providers::tools::{Lookup, Web};
use serde_json::{Value, json};

use crate::hands::{Told, env, once};
use crate::server::{Act, Server, response};

/// The host and port of a server.
fn place(server: &Server) -> &str {
    server.url.strip_prefix("http://").unwrap()
}

/// A tool that may ask this server alone.
fn only(server: &Server) -> Vec<Tool> {
    vec![Web::new([place(server)]).unwrap().allow_private().limit_ms(5_000).tool(env())]
}

async fn fetch(tools: &[Tool], url: &str) -> Told {
    once(tools, "fetch_url", json!({"url": url})).await
}

/// Names that lead where a test wants.
fn lookup(addresses: &'static [&'static str]) -> Lookup {
    Arc::new(|_| {
        let found: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    })
}

#[tokio::test]
async fn a_page_is_read() {
    let page = "<html><title>Rain</title><p>It is <a href='/w'>wet</a>.</p></html>";
    let server = Server::always(response(200, "content-type: text/html\r\n", page)).await;
    let told = fetch(&only(&server), &server.url).await.unwrap();
    assert_eq!(told, format!("200 {}/\n\nRain\n\nIt is [wet](/w).", server.url));
    let request = server.requests().concat().to_lowercase();
    for header in ["authorization", "cookie", "referer", "accept-encoding", "proxy"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_told() {
    let server =
        Server::always(response(404, "content-type: text/plain\r\n", "no such page")).await;
    let told = fetch(&only(&server), &format!("{}/x", server.url)).await.unwrap();
    assert_eq!(told, format!("404 {}/x\n\nno such page", server.url));
}

#[tokio::test]
async fn nothing_inside_is_asked() {
    let server = Server::always(response(200, "", "inner")).await;
    let port = place(&server).rsplit_once(':').unwrap().1;
    let hosts = [
        format!("127.0.0.1:{port}"),
        format!("*.example:{port}"),
        format!("localhost:{port}"),
        "*".to_owned(),
    ];
    for addresses in [
        &["127.0.0.1"] as &'static [&'static str],
        &["::1"],
        &["10.1.2.3"],
        &["169.254.169.254"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["fd00:ec2::254"],
        &["8.8.8.8", "127.0.0.1"],
        &["0.0.0.0"],
    ] {
        let tools = [Web::new(&hosts).unwrap().lookup(lookup(addresses)).tool(env())];
        let told = fetch(&tools, &format!("http://a.example:{port}/")).await.unwrap_err();
        assert!(told.contains("only public addresses are asked"), "{addresses:?}: {told}");
    }
    let tools = [Web::new(&hosts).unwrap().tool(env())];
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://127.1:{port}/"),
        "http://[::1]/".to_owned(),
        "http://169.254.169.254/".to_owned(),
    ] {
        fetch(&tools, &url).await.unwrap_err();
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn every_hop_is_checked() {
    let inner = Server::always(response(200, "", "inner")).await;
    for to in [
        &*inner.url,
        "file:///etc/passwd",
        "http://localhost/",
        "//127.0.0.1/",
        "http://u:p@127.0.0.1/",
        "gopher://x/",
    ] {
        let server = Server::always(response(302, &format!("location: {to}\r\n"), "")).await;
        let told = fetch(&only(&server), &server.url).await.unwrap_err();
        assert!(
            told.contains("policy does not allow")
                || told.contains("only `http:`")
                || told.contains("user"),
            "{to}: {told}"
        );
    }
    assert_eq!(inner.requests().len(), 0);

    let server =
        Server::start(vec![response(302, "location: /next\r\n", ""), response(200, "", "there")])
            .await;
    let told = fetch(&only(&server), &server.url).await.unwrap();
    assert_eq!(told, format!("200 {}/next\n\nthere", server.url));

    let round = Server::always(response(301, "location: /\r\n", "")).await;
    let told = fetch(&only(&round), &round.url).await.unwrap_err();
    assert!(told.contains("more than 5 times"), "{told}");
    assert_eq!(round.requests().len(), 6);
}

#[tokio::test]
async fn what_is_too_large_too_slow_or_no_text_is_cut_off() {
    let huge =
        Server::always(response(200, "content-type: text/plain\r\n", vec![b'x'; 3 * 1024 * 1024]))
            .await;
    let told = fetch(&only(&huge), &huge.url).await.unwrap();
    assert!(told.contains(
        "[bytes 0-49152 of 2097152: go on with `from`]\n[only the first 2097152 bytes were read]"
    ));
    let part =
        once(&only(&huge), "fetch_url", json!({"url": huge.url, "from": 2_097_150})).await.unwrap();
    assert!(part.contains("\n\nxx\n[only"), "{part}");

    let mut begun = response(200, "content-type: text/plain\r\n", "begun and more");
    if let Some(Act::Write(bytes)) = begun.first_mut() {
        bytes.truncate(bytes.len() - 5);
    }
    begun.push(Act::Hang);
    let slow = Server::always(begun).await;
    let tools = [Web::new([place(&slow)]).unwrap().allow_private().limit_ms(300).tool(env())];
    let told = fetch(&tools, &slow.url).await.unwrap_err();
    assert!(told.contains("the answer was not whole within 300 ms"), "{told}");
    slow.is_left(1).await;

    for (headers, body, why) in [
        ("content-type: image/png\r\n", "x", "image/png is no text"),
        ("", "a\0b", "3 bytes that are no text"),
        (
            "content-type: text/html\r\ncontent-encoding: gzip\r\n",
            "\x1f\u{8b}",
            "the answer is packed (gzip)",
        ),
    ] {
        let server = Server::always(response(200, headers, body)).await;
        let told = fetch(&only(&server), &server.url).await.unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    let gone = [Web::new(["127.0.0.1:9"]).unwrap().allow_private().tool(env())];
    assert!(fetch(&gone, "http://127.0.0.1:9/").await.unwrap_err().contains("does not answer"));
    assert!(fetch(&gone, "not a url").await.unwrap_err().contains("is no URL"));
}

#[tokio::test]
async fn only_who_may_post_posts() {
    let server =
        Server::start(vec![response(303, "location: /done\r\n", ""), response(200, "", "done")])
            .await;
    let asked = |url: &str| -> Value { json!({"url": url, "method": "POST", "body": "{\"a\":1}"}) };
    let told = once(&only(&server), "fetch_url", asked(&server.url)).await.unwrap_err();
    assert!(told.contains("the arguments do not fit"), "{told}");
    assert_eq!(server.requests().len(), 0);
    let tools = [Web::new([place(&server)]).unwrap().allow_private().allow_post().tool(env())];
    assert!(once(&tools, "fetch_url", asked(&server.url)).await.unwrap().ends_with("done"));
    let requests = server.requests();
    assert!(
        requests[0].starts_with("POST / ") && requests[0].ends_with("{\"a\":1}"),
        "{}",
        requests[0]
    );
    assert!(requests[0].contains("idempotency-key: key/turn/0/call/0"), "{}", requests[0]);
    assert!(
        requests[1].starts_with("GET /done ") && requests[1].ends_with("\r\n\r\n"),
        "{}",
        requests[1]
    );
}
