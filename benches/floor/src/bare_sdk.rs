//! A function that only makes one call of DynamoDB by the SDK, like the call of endpoint 1. Its costs show which part of a
//! function's costs is our own code.

use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use lambda_http::http::Response;
use lambda_http::{Body, Error, Request, service_fn};

/// A contact of the demo data.
const PARTITION: &str = "ORG#64f0a1b2c3d4e5f6a7b8c9d3#CONTACT#64f0a1b2c3d4e5f6a7b8c9d0";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let table = env::var("TABLE_NAME")?;
    // Opens the connection at the start, as our functions do.
    client
        .get_item()
        .table_name(&table)
        .key("pk", text("-"))
        .key("sk", text("-"))
        .send()
        .await?;
    lambda_http::run(service_fn(|_: Request| async {
        update(&client, &table).await?;
        Ok::<_, Error>(Response::new(Body::Text("{}".to_owned())))
    }))
    .await
}

/// Updates a contact with as many names, values and clauses as endpoint 1 does. The answer is also the new item.
async fn update(client: &Client, table: &str) -> Result<(), Error> {
    client
        .update_item()
        .table_name(table)
        .key("pk", text(PARTITION))
        .key("sk", text("CONTACT"))
        .condition_expression(
            "attribute_exists(#phones.#number) AND (attribute_not_exists(#fence) OR #fence < :now) AND \
             (size(#recent) = :eight OR NOT contains(#recent, :id))",
        )
        .update_expression(
            "SET #version = #version + :one, #updatedAt = :now, #changedBy = :actor, #changeRoute = :route, \
             #changeRequestId = :id, #recent[0] = :id, #recent[1] = #recent[0], #recent[2] = #recent[1], \
             #recent[3] = #recent[2], #recent[4] = #recent[3], #recent[5] = #recent[4], #recent[6] = #recent[5], \
             #recent[7] = #recent[6]",
        )
        .expression_attribute_names("#phones", "phones")
        .expression_attribute_names("#number", "+14165550100")
        .expression_attribute_names("#fence", "fence")
        .expression_attribute_names("#recent", "recentRequests")
        .expression_attribute_names("#version", "version")
        .expression_attribute_names("#updatedAt", "updatedAt")
        .expression_attribute_names("#changedBy", "changedBy")
        .expression_attribute_names("#changeRoute", "changeRoute")
        .expression_attribute_names("#changeRequestId", "changeRequestId")
        .expression_attribute_values(":now", text("2026-05-20T15:04:01.135Z"))
        .expression_attribute_values(":eight", AttributeValue::N("8".to_owned()))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .expression_attribute_values(":actor", text("64a1b2c3d4e5f60012345679"))
        .expression_attribute_values(":route", text("PATCH /api/contacts/{id}/phone-number/verify"))
        .expression_attribute_values(":id", text("uxvHjgO8VWKyD1E="))
        .return_values(ReturnValue::AllNew)
        .send()
        .await?;
    Ok(())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
