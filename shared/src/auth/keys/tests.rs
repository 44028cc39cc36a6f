use serde_json::json;

use super::*;

fn oct(secret: &[u8]) -> Value {
    json!({ "kty": "oct", "kid": "k", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode(secret) })
}

fn parse(keys: &Value) -> Result<KeySet, String> {
    KeySet::parse(&json!({ "keys": keys }).to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_secret_has_at_least_32_bytes() {
    assert!(parse(&json!([oct(&[7; 32])])).is_ok());
    assert_eq!(
        parse(&json!([oct(&[7; 31])])).unwrap_err(),
        "keys[0] has a secret of less than 32 bytes (`k`)"
    );
}

#[test]
fn a_secret_states_its_algorithm() {
    let mut key = oct(&[7; 32]);
    key.as_object_mut().unwrap().remove("alg");
    assert_eq!(
        parse(&json!([oct(&[1; 32]), key])).unwrap_err(),
        "keys[1] is a secret that states no `alg`"
    );
}

#[test]
fn a_public_key_without_an_algorithm_is_used_with_the_usual_one_of_its_kind() {
    let encoded = |bytes: usize| BASE64_URL_SAFE_NO_PAD.encode(vec![255; bytes]);
    let curve = |name: &str, bytes: usize| json!({ "kty": "EC", "crv": name, "x": encoded(bytes), "y": encoded(bytes) });
    let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) });
    for (key, algorithm) in [
        (
            json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB" }),
            "RS256",
        ),
        (
            json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB", "alg": null }),
            "RS256",
        ),
        (curve("P-256", 32), "ES256"),
        (curve("P-384", 48), "ES384"),
        (ed25519, "EdDSA"),
    ] {
        let names = parse(&json!([key])).unwrap().names();
        assert_eq!(names[0].algorithm, algorithm);
    }
    for unusable in [
        curve("P-521", 66),
        json!({ "kty": "OKP", "crv": "X25519", "x": encoded(32) }),
        json!({ "kty": "OKP", "crv": "P-256", "x": encoded(32) }),
    ] {
        assert_eq!(
            parse(&json!([unusable])).unwrap_err(),
            "keys[0] states no `alg`, and its kind (`kty`, `crv`) has no usual one",
            "{unusable}"
        );
    }
}

#[test]
fn a_byte_order_mark_before_a_set_is_ignored() {
    let set = format!("\u{feff} {}", json!({ "keys": [oct(&[7; 32])] }));
    assert!(KeySet::parse(&set).is_ok());
    assert!(KeySet::parse_published(set.as_bytes()).is_ok());
}

#[test]
fn a_key_that_is_listed_twice_counts_once() {
    let set = parse(&json!([oct(&[1; 32]), oct(&[1; 32])])).unwrap();
    assert_eq!(set.keys.len(), 1);
}

#[test]
fn a_key_is_used_only_with_an_algorithm_of_its_kind() {
    let mut key = oct(&[7; 32]);
    key["alg"] = json!("RS256");
    assert!(parse(&json!([key])).unwrap_err().contains("`kty`"));
    let rsa = json!({ "kty": "RSA", "alg": "HS256", "n": BASE64_URL_SAFE_NO_PAD.encode([255; 256]), "e": "AQAB" });
    assert!(parse(&json!([rsa])).unwrap_err().contains("`kty`"));
}

#[test]
fn an_rsa_key_has_at_least_2048_bits() {
    let rsa = |bytes: usize| json!({ "kty": "RSA", "alg": "RS256", "n": BASE64_URL_SAFE_NO_PAD.encode(vec![255; bytes]), "e": "AQAB" });
    assert!(parse(&json!([rsa(256)])).is_ok());
    assert!(parse(&json!([rsa(255)])).unwrap_err().contains("2048 bits"));
}

#[test]
fn an_elliptic_curve_key_has_the_curve_of_its_algorithm() {
    let p256 = |alg: &str| {
        let coordinate = BASE64_URL_SAFE_NO_PAD.encode([1; 32]);
        json!({ "kty": "EC", "crv": "P-256", "alg": alg, "x": coordinate, "y": coordinate })
    };
    assert!(parse(&json!([p256("ES256")])).is_ok());
    assert!(
        parse(&json!([p256("ES384")]))
            .unwrap_err()
            .contains("`crv`")
    );
}

#[test]
fn a_point_of_an_elliptic_curve_has_the_size_of_its_curve() {
    let encoded = |bytes: usize| BASE64_URL_SAFE_NO_PAD.encode(vec![1; bytes]);
    for (curve, x, y) in [("P-256", 32, 31), ("P-256", 33, 32), ("P-384", 32, 48)] {
        let key = json!({ "kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y) });
        assert_eq!(
            parse(&json!([key])).unwrap_err(),
            "keys[0] has coordinates of the wrong size (`x`, `y`)"
        );
    }
    for (curve, x) in [("Ed25519", 31), ("Ed25519", 33), ("P-256", 32)] {
        let key = json!({ "kty": "OKP", "crv": curve, "alg": "EdDSA", "x": encoded(x) });
        assert_eq!(
            parse(&json!([key])).unwrap_err(),
            "keys[0] is not an Ed25519 key (`crv`, `x`)",
            "{curve} {x}"
        );
    }
}

#[test]
fn a_set_holds_at_most_100_keys() {
    let keys = |count: u8| {
        (0..count).map(|n| {
            let mut key = oct(&[n; 32]);
            key["kid"] = json!(n.to_string());
            key
        })
    };
    let parse = |count| parse(&keys(count).collect());
    assert_eq!(parse(100).unwrap().keys.len(), 100);
    assert_eq!(parse(101).unwrap_err(), "holds more than 100 keys");
}

#[test]
fn an_encryption_key_is_refused_in_a_setting_and_left_out_of_a_published_set() {
    let mut encryption = oct(&[7; 32]);
    encryption["use"] = json!("enc");
    assert!(parse(&json!([encryption])).unwrap_err().contains("`use`"));
    let published = json!({ "keys": [encryption, { "kty": "future" }, oct(&[8; 32])] }).to_string();
    assert_eq!(
        KeySet::parse_published(published.as_bytes())
            .unwrap()
            .keys
            .len(),
        1
    );
}

#[test]
fn a_set_without_a_usable_key_is_refused() {
    assert_eq!(parse(&json!([])).unwrap_err(), "holds no usable key");
    assert!(
        KeySet::parse("{}")
            .unwrap_err()
            .to_string()
            .starts_with("is not a JWK Set")
    );
    assert!(KeySet::parse_published(br#"{"keys":[{"kty":"future"}]}"#).is_err());
    let development = json!({ "keys": [oct(DEVELOPMENT_SECRET)] }).to_string();
    assert!(KeySet::parse_published(development.as_bytes()).is_err());
}

#[test]
fn two_keys_with_the_same_id_and_algorithm_are_refused() {
    assert!(
        parse(&json!([oct(&[1; 32]), oct(&[2; 32])]))
            .unwrap_err()
            .contains("earlier key")
    );
}

#[test]
fn an_error_does_not_quote_the_document() {
    let error = KeySet::parse(r#"{"keys": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}"#).unwrap_err();
    assert!(!error.to_string().contains("c2VjcmV0"));
}

#[test]
fn debug_output_hides_secrets() {
    let output = format!("{:?}", parse(&json!([oct(&[7; 32])])).unwrap());
    assert!(!output.contains("7, 7"), "{output}");
    let encoded = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    assert!(!output.contains(&encoded), "{output}");
}

#[test]
fn the_development_key_is_recognized() {
    assert!(
        parse(&json!([oct(DEVELOPMENT_SECRET)]))
            .unwrap()
            .holds_development_key()
    );
    assert!(
        !parse(&json!([oct(&[7; 32])]))
            .unwrap()
            .holds_development_key()
    );
}

#[test]
fn a_key_is_chosen_by_id_or_is_the_only_one() {
    let one = parse(&json!([oct(&[1; 32])])).unwrap();
    assert!(one.choose(Some("k"), "HS256").is_ok());
    assert!(one.choose(None, "HS256").is_ok());
    assert!(matches!(
        one.choose(Some("other"), "HS256"),
        Err(TokenFault::UnknownKey)
    ));
    for algorithm in ["HS512", "none", "", "hs256", "RS256"] {
        assert!(
            matches!(one.choose(Some("k"), algorithm), Err(TokenFault::Algorithm)),
            "{algorithm}"
        );
    }
    let mut second = oct(&[2; 32]);
    second["kid"] = json!("l");
    let two = parse(&json!([oct(&[1; 32]), second])).unwrap();
    assert!(two.choose(Some("l"), "HS256").is_ok());
    assert!(matches!(
        two.choose(None, "HS256"),
        Err(TokenFault::UnknownKey)
    ));
}
