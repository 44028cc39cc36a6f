//! The metrics that AWS's services write, as far as the template names them or could be mistaken about them.

/// Metrics of a namespace, and the sets of dimensions that each of them has.
pub(super) struct Family {
    pub(super) namespace: &'static str,
    pub(super) names: &'static [&'static str],
    pub(super) dimensions: &'static [&'static [&'static str]],
}

pub(super) const FAMILIES: [Family; 6] = [
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html. A REST API's have other names
    // (5XXError) and another dimension (ApiName).
    Family {
        namespace: "AWS/ApiGateway",
        names: &["4xx", "5xx", "Count", "IntegrationLatency", "Latency"],
        dimensions: &[&["ApiId"]],
    },
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    Family {
        namespace: "AWS/Lambda",
        names: &["ConcurrentExecutions", "Errors", "Invocations", "Throttles"],
        dimensions: &[
            &["FunctionName"],
            &["ExecutedVersion", "FunctionName", "Resource"],
        ],
    },
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html. These are of one
    // operation; a table as a whole has neither.
    Family {
        namespace: "AWS/DynamoDB",
        names: &["SystemErrors", "ThrottledRequests"],
        dimensions: &[&["Operation", "TableName"]],
    },
    Family {
        namespace: "AWS/DynamoDB",
        names: &[
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        ],
        dimensions: &[&["TableName"], &["GlobalSecondaryIndexName", "TableName"]],
    },
    Family {
        namespace: "AWS/DynamoDB",
        names: &["TransactionConflict"],
        dimensions: &[&["TableName"]],
    },
    // Of the account: no table has it.
    Family {
        namespace: "AWS/DynamoDB",
        names: &["UserErrors"],
        dimensions: &[&[]],
    },
];

/// The operations that the functions call, as DynamoDB names them.
pub(super) const OPERATIONS: [&str; 5] = [
    "TransactGetItems",
    "GetItem",
    "Query",
    "TransactWriteItems",
    "UpdateItem",
];
