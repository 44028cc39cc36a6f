//! The metrics that AWS's services write.

/// Metrics of a namespace, and the sets of dimensions that each of them has.
pub(super) struct Family {
    pub(super) namespace: &'static str,
    pub(super) names: &'static [&'static str],
    pub(super) dimensions: &'static [&'static [&'static str]],
}

pub(super) const FAMILIES: [Family; 7] = [
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html. A REST API's have other names
    // (5XXError) and another dimension (ApiName).
    Family {
        namespace: "AWS/ApiGateway",
        names: &[
            "4xx",
            "5xx",
            "Count",
            "DataProcessed",
            "IntegrationLatency",
            "Latency",
        ],
        dimensions: &[
            &["ApiId"],
            &["ApiId", "Stage"],
            &["ApiId", "Method", "Resource", "Stage"],
        ],
    },
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    Family {
        namespace: "AWS/Lambda",
        names: &[
            "ConcurrentExecutions",
            "Duration",
            "Errors",
            "Invocations",
            "PostRuntimeExtensionsDuration",
            "ProvisionedConcurrencyInvocations",
            "ProvisionedConcurrencySpilloverInvocations",
            "ProvisionedConcurrencyUtilization",
            "ProvisionedConcurrentExecutions",
            "RecursiveInvocationsDropped",
            "Throttles",
        ],
        dimensions: &[
            &["FunctionName"],
            &["FunctionName", "Resource"],
            &["ExecutedVersion", "FunctionName", "Resource"],
        ],
    },
    Family {
        namespace: "AWS/Lambda",
        names: &[
            "ClaimedAccountConcurrency",
            "UnreservedConcurrentExecutions",
        ],
        dimensions: &[&[]],
    },
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    Family {
        namespace: "AWS/DynamoDB",
        names: &[
            "ReturnedItemCount",
            "SuccessfulRequestLatency",
            "SystemErrors",
            "ThrottledRequests",
        ],
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
        names: &["ConditionalCheckFailedRequests", "TransactionConflict"],
        dimensions: &[&["TableName"]],
    },
    Family {
        namespace: "AWS/DynamoDB",
        names: &["UserErrors"],
        dimensions: &[&[]],
    },
];

/// The operations that DynamoDB counts.
pub(super) const OPERATIONS: [&str; 13] = [
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];
