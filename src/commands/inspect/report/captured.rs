//! The report on captured heads.

use std::fmt::{self, Write};

use serde::Serialize;

use super::checked::{Checked, write_verdict};
use super::{Accept, Compression, Refused, Report, SHOWN, VERSION};
use crate::handshake::{
    Captured, CapturedHead, Check, Offer, Refusal, Repair, Side, Verdict, accept_for, agreed_deflate, printable,
};

/// Something that the capturing did to a head, or to all of the text.
#[derive(Debug, Serialize)]
pub(super) struct Repaired {
    head: Option<Side>,
    what: String,
}

impl Report {
    /// All about captured heads. `key` is the key of a response that stands alone, where it is known.
    pub(in crate::commands::inspect) fn captured(captured: &Captured, key: Option<&str>, show_secrets: bool) -> Self {
        let offer = captured.request.as_ref().map(|request| Offer::read(&request.head));
        let request_checks = captured.request.as_ref().map(CapturedHead::request_checks).unwrap_or_default();
        let response_checks = captured.response.as_ref().map(|response| match &offer {
            Some(offer) => response.response_checks(offer),
            None => response.lone_response_checks(key),
        });
        let response_checks = response_checks.unwrap_or_default();
        let refusal = captured.response.as_ref().and_then(|response| {
            let refusal = Refusal::of(&response.head, &response_checks)?;
            let request = captured.request.as_ref().map(|request| request.head.clone());
            Some(refusal.with_body(response.body.clone()).answering(request))
        });
        let broken = request_checks.iter().find(|check| check.failed());
        let key = offer.as_ref().map(|offer| offer.key.clone()).or(key.map(str::to_owned));
        let key = key.filter(|key| !key.is_empty());
        let head = captured.response.as_ref().map(|response| &response.head.head);
        let shown = |name| head.and_then(|head| head.field(name)).map(|value| printable(value, SHOWN));
        let agreement = offer
            .zip(captured.response.as_ref())
            .and_then(|(offer, response)| agreed_deflate(&offer, &response.head).filter(|_| refusal.is_none()));
        let of = |side| move |check| Checked::of(Some(side), check);
        Report {
            version: VERSION,
            ok: broken.is_none() && refusal.is_none(),
            request: captured.request.as_ref().map(|head| text(head, show_secrets)),
            interim: captured.interim.iter().map(|head| text(head, show_secrets)).collect(),
            response: captured.response.as_ref().map(|head| text(head, show_secrets)),
            accept: Accept { expected: key.as_deref().map(accept_for), received: shown("Sec-WebSocket-Accept") },
            key,
            subprotocol: shown("Sec-WebSocket-Protocol"),
            extensions: head.map(|head| head.tokens("Sec-WebSocket-Extensions")),
            compression: agreement.map(Compression::of),
            repairs: Some(repairs(captured)),
            conclusion: conclusion(captured, broken, refusal.as_ref(), show_secrets),
            refusal: refusal.as_ref().map(|refusal| Refused::of(refusal, show_secrets)),
            checks: {
                let of_request = request_checks.iter().map(of(Side::Request));
                of_request.chain(response_checks.iter().map(of(Side::Response))).collect()
            },
            ..Report::default()
        }
    }

    /// Whether everything is as it should be.
    pub(in crate::commands::inspect) fn is_ok(&self) -> bool {
        self.ok
    }
}

fn text<H>(head: &CapturedHead<H>, show_secrets: bool) -> String {
    String::from_utf8_lossy(&head.text(!show_secrets)).into_owned()
}

fn repairs(captured: &Captured) -> Vec<Repaired> {
    let of = |side: Option<Side>, repairs: &[Repair]| {
        let repairs = repairs.iter().map(|repair| Repaired { head: side, what: repair.to_string() });
        repairs.collect::<Vec<_>>()
    };
    let of_request = captured.request.as_ref().map(|head| head.repairs.clone()).unwrap_or_default();
    let of_response = captured.response.as_ref().map(|head| head.repairs.clone()).unwrap_or_default();
    // What is the same for both heads is said once.
    let (of_both, of_request): (Vec<_>, Vec<_>) =
        of_request.into_iter().partition(|repair| of_response.contains(repair));
    let of_response: Vec<_> = of_response.into_iter().filter(|repair| !of_both.contains(repair)).collect();
    [
        of(None, &captured.repairs),
        of(None, &of_both),
        of(Some(Side::Request), &of_request),
        of(Some(Side::Response), &of_response),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What was repaired, a line each.
pub(super) fn write_repairs(out: &mut String, repairs: &[Repaired], in_color: bool) -> fmt::Result {
    for Repaired { head, what } in repairs {
        write_verdict(out, Verdict::Note, in_color)?;
        writeln!(out, "  {}{what}", head.map(|head| format!("{head}: ")).unwrap_or_default())?;
    }
    if repairs.is_empty() { Ok(()) } else { out.write_char('\n') }
}

fn conclusion(captured: &Captured, broken: Option<&Check>, refusal: Option<&Refusal>, show_secrets: bool) -> String {
    let refusal = refusal.map(|refusal| refusal.explained(show_secrets));
    let request = broken.map(|Check { clause, subject, expected, found, .. }| {
        format!(
            "the client's request is wrong: {subject}\n\
             {clause} asks that {subject} be {expected}, and the client sent {found}"
        )
    });
    match (request, refusal) {
        (Some(request), Some(refusal)) => format!("{request}\n{refusal}"),
        (Some(request), None) => request,
        (None, Some(refusal)) => refusal,
        (None, None) => match (&captured.request, &captured.response) {
            (Some(_), Some(_)) => "The handshake is right: both sides keep to the rules.",
            (Some(_), None) => "The request is right.",
            _ => "The response is right, as far as can be said without the request.",
        }
        .to_owned(),
    }
}
