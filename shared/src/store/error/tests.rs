use aws_sdk_dynamodb::error::{ConnectorError, ErrorMetadata};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::CancellationReason;
use aws_smithy_types::body::SdkBody;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::*;

type PutError = SdkError<PutItemError, HttpResponse>;

/// An error answer with this status and code.
fn answer(status: u16, code: Option<&str>) -> PutError {
    let mut about = ErrorMetadata::builder();
    if let Some(code) = code {
        about = about.code(code);
    }
    let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    SdkError::service_error(PutItemError::generic(about.build()), response)
}

/// A cancellation with these reasons, one for each item.
fn cancellation(reasons: &[&str]) -> DatabaseError {
    let reasons = reasons
        .iter()
        .map(|code| CancellationReason::builder().code(*code).build());
    let cancelled = TransactionCanceledException::builder()
        .set_cancellation_reasons(Some(reasons.collect()))
        .build();
    DatabaseError::from_cancellation(&cancelled)
}

/// The state of knowledge about a write after this error.
fn known(error: &DatabaseError) -> &'static str {
    match error {
        DatabaseError::Unavailable(_) => "not written: unavailable",
        DatabaseError::InDoubt(_) => "in doubt",
        DatabaseError::LostRace(_) => "not written: lost race",
        DatabaseError::Refused(_) => "not written: refused",
        _ => unreachable!("{error:?}"),
    }
}

#[test]
fn an_error_answer_says_whether_the_write_was_made() {
    for (status, code, expected) in [
        (
            400,
            Some("ConditionalCheckFailedException"),
            "not written: lost race",
        ),
        (
            400,
            Some("TransactionConflictException"),
            "not written: lost race",
        ),
        (400, Some("ThrottlingException"), "not written: unavailable"),
        (400, Some("ValidationException"), "not written: refused"),
        (403, None, "not written: refused"),
        (500, Some("InternalServerError"), "in doubt"),
        (503, Some("ThrottlingException"), "in doubt"),
        (302, None, "in doubt"),
    ] {
        let error = DatabaseError::from_write(answer(status, code));
        assert_eq!(known(&error), expected, "{status} {code:?}");
    }
}

#[tokio::test]
async fn without_an_answer_a_write_is_in_doubt_unless_it_was_not_sent() {
    let nobody_listens = "http://127.0.0.1:1".parse().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let refused = client.get(nobody_listens).await.unwrap_err();
    let dispatch = |error| PutError::dispatch_failure(ConnectorError::io(error));
    for (error, expected) in [
        (dispatch(refused.into()), "not written: unavailable"),
        (dispatch("the connection was reset".into()), "in doubt"),
        (PutError::timeout_error("no answer"), "in doubt"),
        (
            PutError::construction_failure("no credentials"),
            "not written: refused",
        ),
    ] {
        let shown = format!("{error:?}");
        assert_eq!(
            known(&DatabaseError::from_write(error)),
            expected,
            "{shown}"
        );
    }
}

#[test]
fn an_error_of_one_request_is_told_from_one_of_all_requests() {
    let is_about_content =
        |code| DatabaseError::from_write(answer(400, Some(code))).is_about_content();
    assert!(is_about_content("ValidationException"));
    assert!(!is_about_content("AccessDeniedException"));
    assert!(!is_about_content("ResourceNotFoundException"));
    for reason in ["ValidationError", "ItemCollectionSizeLimitExceeded"] {
        let error = cancellation(&["None", reason]);
        assert!(error.is_about_content(), "{reason}");
    }
    assert!(!cancellation(&["None", "AccessDenied"]).is_about_content());
}

#[test]
fn an_answer_that_is_not_from_dynamodb_is_recognized() {
    let is_of_another =
        |status, code| DatabaseError::from_write(answer(status, code)).is_of_another_service();
    assert!(is_of_another(404, None));
    assert!(!is_of_another(400, Some("ValidationException")));
    assert!(!is_of_another(400, Some("ThrottlingException")));
    assert!(!DatabaseError::Refused("no answer".into()).is_of_another_service());
    assert!(!DatabaseError::Inconsistent("two owners").is_of_another_service());
}
