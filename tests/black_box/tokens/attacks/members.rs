//! Headers and claims that two readers of JSON could understand differently.

use black_box_tests::keys::base64url;

use super::{MALFORMED, guarded, sign_text};

/// Asserts that the API refuses a token with a valid signature and these texts as header and claims. In them, `KEY` stands for the
/// members of a valid header, and `CLAIMS` for those of valid claims.
async fn refuses_texts(texts: &[(&str, &str)]) {
    let (key, api) = guarded("HS256").await;
    let inner = |json: String| json[1..json.len() - 1].to_owned();
    let (of_key, of_claims) = (
        inner(key.header().to_string()),
        inner(api.claims().to_string()),
    );
    for (header, claims) in texts {
        let header = header.replace("KEY", &of_key);
        let claims = claims.replace("CLAIMS", &of_claims);
        api.refuses(&key.token_of_text(&header, &claims), MALFORMED)
            .await;
    }
}

/// RFC 7515 section 4, RFC 8725 section 2.6: the rule also holds if one of the names has an escape.
#[tokio::test]
async fn a_repeated_header_parameter_that_is_read_is_refused() {
    refuses_texts(&[
        (r#"{"alg":"none",KEY}"#, "{CLAIMS}"),
        (r#"{KEY,"alg":"none"}"#, "{CLAIMS}"),
        (r#"{KEY,"\u0061lg":"none"}"#, "{CLAIMS}"),
        (r#"{KEY,"alg":"HS256"}"#, "{CLAIMS}"),
        (r#"{"kid":"other",KEY}"#, "{CLAIMS}"),
        (r#"{KEY,"ki\u0064":null}"#, "{CLAIMS}"),
    ])
    .await;
}

/// RFC 7519 section 4, RFC 8725 section 2.6.
#[tokio::test]
async fn a_repeated_registered_claim_is_refused() {
    for name in ["exp", "nbf", "iss", "aud", "sub", "client_id"] {
        let twice = format!(r#"{{"{name}":1,"{name}":2}}"#);
        let before = format!(r#"{{"{name}":null,CLAIMS}}"#);
        let after = format!(r#"{{CLAIMS,"{name}":null}}"#);
        // `nbf` and `client_id` are not among the valid claims.
        let texts = if ["nbf", "client_id"].contains(&name) {
            vec![twice]
        } else {
            vec![twice, before, after]
        };
        let texts: Vec<_> = texts
            .iter()
            .map(|claims| ("{KEY}", claims.as_str()))
            .collect();
        refuses_texts(&texts).await;
    }
}

/// RFC 7515 section 4 lets a reader use the last of two equal parameters. Nobody reads these, so it does not matter which.
#[tokio::test]
async fn a_repeated_header_parameter_that_nobody_reads_is_accepted() {
    let (key, api) = guarded("HS256").await;
    for header in [
        r#"{"typ":"JWT","alg":"HS256","typ":"other","kid":"key_1"}"#,
        r#"{"alg":"HS256","kid":"key_1","jku":"https://a.example","jku":"https://b.example"}"#,
    ] {
        api.accepts(&key.token_of_text(header, &api.claims().to_string()))
            .await;
    }
}

/// RFC 7519 section 4: a reader may use the last of two equal claims. The function does so for the organization, whose claim has a
/// name from the settings. Only the identity provider could write two.
#[tokio::test]
async fn the_last_of_two_organizations_counts() {
    let (key, api) = guarded("HS256").await;
    let claims = api.claims().to_string();
    let (header, own) = (
        key.header().to_string(),
        api.claims()["organizationId"].to_string(),
    );
    let other_first = claims.replacen('{', "{\"organizationId\":\"org_other\",", 1);
    api.accepts(&key.token_of_text(&header, &other_first)).await;
    let without = api.claims_without("organizationId").to_string();
    let other_last = without.replacen(
        '{',
        &format!("{{\"organizationId\":{own},\"organizationId\":1,"),
        1,
    );
    api.refuses(
        &key.token_of_text(&header, &other_last),
        "claim malformed: organizationId",
    )
    .await;
}

/// RFC 7515 section 4 and RFC 7519 section 7.2: a header is an object. Some readers take a list of the values for one.
#[tokio::test]
async fn a_header_that_is_a_list_is_refused() {
    refuses_texts(&[
        (r#"["HS256","key_1"]"#, "{CLAIMS}"),
        (r#"["HS256","key_1",null]"#, "{CLAIMS}"),
        (r#"["HS256",null]"#, "{CLAIMS}"),
        ("[{KEY}]", "{CLAIMS}"),
        (r#" ["HS256","key_1"]"#, "{CLAIMS}"),
        ("null", "{CLAIMS}"),
        (r#""HS256""#, "{CLAIMS}"),
    ])
    .await;
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    refuses_texts(&[
        ("{KEY}", "[{CLAIMS}]"),
        ("{KEY}", "[4102444800,null,null,null,null,\"user_1\"]"),
        ("{KEY}", "null"),
        ("{KEY}", "\"{}\""),
        ("{KEY}", ""),
    ])
    .await;
}

/// RFC 8259 sections 2, 6 and 8.1: only lenient readers accept these texts.
#[tokio::test]
async fn invalid_json_is_refused() {
    refuses_texts(&[
        ("{KEY}x", "{CLAIMS}"),
        ("{KEY}{KEY}", "{CLAIMS}"),
        ("{KEY,}", "{CLAIMS}"),
        ("{KEY/**/}", "{CLAIMS}"),
        ("{'alg':'HS256','kid':'key_1'}", "{CLAIMS}"),
        ("{alg:\"HS256\"}", "{CLAIMS}"),
        ("\u{feff}{KEY}", "{CLAIMS}"),
        ("{KEY}\0", "{CLAIMS}"),
        ("{KEY}", "{CLAIMS}x"),
        ("{KEY}", "{CLAIMS,}"),
        ("{KEY}", "{CLAIMS}{CLAIMS}"),
        ("{KEY}", "\u{feff}{CLAIMS}"),
        ("{KEY}", "{CLAIMS,\"x\":NaN}"),
        ("{KEY}", "{CLAIMS,\"x\":Infinity}"),
        ("{KEY}", "{CLAIMS,\"x\":01}"),
        ("{KEY}", "{CLAIMS,\"x\":0x7f}"),
        ("{KEY}", "{CLAIMS,\"x\":\"\\ud800\"}"),
        ("{KEY}", "{CLAIMS,\"x\":\"\n\"}"),
    ])
    .await;
}

/// RFC 8725 section 3.7: the encoding is UTF-8, which has one form for each character.
#[tokio::test]
async fn another_encoding_than_utf8_is_refused() {
    let (key, api) = guarded("HS256").await;
    let (header, claims) = (key.header().to_string(), api.claims().to_string());
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    // An "a" in two bytes (an overlong form), and a byte that begins no character.
    let with_bytes = |bytes: &[u8]| {
        let (before, after) = claims.split_once("subject_1").unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    let (overlong, no_character) = (with_bytes(b"\xc1\xa1"), with_bytes(b"\xff"));
    let header_and_claims = [
        (utf16(&header), claims.as_bytes().to_vec()),
        (header.clone().into_bytes(), utf16(&claims)),
        (header.clone().into_bytes(), overlong),
        (header.into_bytes(), no_character),
    ];
    for (header, claims) in header_and_claims {
        let text = format!("{}.{}", base64url(&header), base64url(&claims));
        api.refuses(&sign_text(&key, &text), MALFORMED).await;
    }
}
