//! Interim responses before the one that counts (RFC 9110, 15.2): they are read, and never taken for it.

use crate::harness::{FIN, Run, Server, TEXT};

/// What a server may say before it comes to the point.
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
                       HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";

#[test]
fn interim_responses_are_skipped() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    let message = peer.bytes(FIN | TEXT, "early");
    peer.send([INTERIM.as_bytes(), answer.as_bytes(), &message].concat());
    peer.finish_first(1000);
    run.finish().status(0).stdout("early\n").silent();
}

#[test]
fn interim_responses_may_come_in_any_pieces() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    for byte in [INTERIM, &answer].concat().bytes() {
        peer.send([byte]);
    }
    peer.finish_first(1000);
    run.finish().status(0).silent();
}

#[test]
fn a_refusal_after_an_interim_response_is_the_refusal() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    drop(server.answer([INTERIM, "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope"].concat()));
    run.finish().status(5).stderr_has("403 Forbidden").stderr_has("\n    nope\n").stderr_lacks("Early Hints");
}

#[test]
fn inspect_shows_them_too() {
    let server = Server::start();
    let run = Run::new(["inspect", &server.url()]).start();
    let mut peer = server.connection();
    let answer = peer.answer_to_request();
    peer.send([INTERIM, &answer].concat());
    peer.finish(1000);
    let run = run.finish();
    run.status(0).stdout_has("< HTTP/1.1 100 Continue\n").stdout_has("< Link: </style.css>; rel=preload\n");
    run.stdout_has("< HTTP/1.1 101 Switching Protocols\n").stdout_has("found    101 Switching");

    let run = Run::new(["inspect", "--json", &server.url()]).start();
    drop(server.answer([INTERIM, "HTTP/1.1 403 Forbidden\r\n\r\n"].concat()));
    let report = run.finish().status(5).json().remove(0);
    assert_eq!(report["interim"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!(report["refusal"]["status"], 403, "{report}");
}

#[test]
fn a_server_that_never_comes_to_the_point_is_left() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    let peer = server.answer("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000));
    run.finish().status(5).stderr_has("more than 16 interim responses came, and no final one");
    drop(peer);
}

#[test]
fn a_server_that_leaves_after_an_interim_response_is_status_5() {
    let server = Server::start();
    let run = Run::connect("", &server.url()).start();
    drop(server.answer("HTTP/1.1 103 Early Hints\r\n\r\n"));
    run.finish().status(5).stderr_has("closed after an interim response (103)");
}
