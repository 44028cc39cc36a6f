//! `If-Match` and `If-None-Match` (RFC 9110 sections 13.1.1 and 13.1.2), and the entity tags of contacts (contract section 9).

use lambda_http::http::{HeaderMap, header};

use crate::domain::{ExpectedVersion, Version};

/// The maximum number of versions in one header: DynamoDB's limit for the values of one condition.
const MAX_VERSIONS: usize = 100;

/// The versions that the caller expects. `None` if the header is neither `*` nor a list of strong entity tags, or names more
/// than 100 versions.
pub(super) fn expected_version(headers: &HeaderMap) -> Option<ExpectedVersion> {
    // Tags may contain bytes beyond ASCII. The tag of a version has none, so lossy decoding is enough.
    let lines = headers.get_all(header::IF_MATCH).iter();
    let lines = lines.map(|line| String::from_utf8_lossy(line.as_bytes()));
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return Some(ExpectedVersion::Any);
    }
    let list = lines.join(",");
    if list.trim() == "*" {
        return Some(ExpectedVersion::AnyExisting);
    }
    let tags = opaque_tags(&list)?.into_iter();
    let mut versions: Vec<_> = tags.filter_map(version).collect();
    versions.sort_unstable();
    versions.dedup();
    (versions.len() <= MAX_VERSIONS).then_some(ExpectedVersion::OneOf(versions))
}

/// Whether the caller has this version already: `If-None-Match` names it, as a strong or a weak tag, or is `*`. Any other
/// value is ignored.
pub(super) fn has_version(headers: &HeaderMap, current: Version) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|line| {
        let line = String::from_utf8_lossy(line.as_bytes());
        line.trim() == "*"
            || line.split(',').any(|tag| {
                let tag = tag.trim();
                tag.strip_prefix("W/").unwrap_or(tag) == entity_tag(current)
            })
    })
}

/// The entity tag of a version.
pub(super) fn entity_tag(version: Version) -> String {
    format!("\"{}\"", version.number())
}

/// The texts between the quotes of a list of entity tags. Empty elements are skipped (RFC 9110 section 5.6.1.2); a list
/// of only empty elements is invalid.
fn opaque_tags(list: &str) -> Option<Vec<&str>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return (!tags.is_empty()).then_some(tags);
        }
        let (tag, behind) = rest.strip_prefix('"')?.split_once('"')?;
        rest = behind.trim_start_matches([' ', '\t']);
        let is_opaque = |byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
        let is_apart = rest.is_empty() || rest.starts_with(',');
        if !is_apart || !tag.bytes().all(is_opaque) {
            return None;
        }
        tags.push(tag);
    }
}

/// The version with this tag. Tags are compared as texts, so `01` is not the tag of version 1.
fn version(tag: &str) -> Option<Version> {
    let version = Version::new(tag.parse().ok()?);
    (version.number().to_string() == tag).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(lines: &[&str]) -> Option<ExpectedVersion> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, line.parse().unwrap());
        }
        expected_version(&headers)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the other side of the comparison is an option"
    )]
    fn one_of(numbers: &[u64]) -> Option<ExpectedVersion> {
        Some(ExpectedVersion::OneOf(
            numbers.iter().copied().map(Version::new).collect(),
        ))
    }

    #[test]
    fn without_the_header_or_with_an_asterisk_any_version_is_expected() {
        assert_eq!(expected(&[]), Some(ExpectedVersion::Any));
        assert_eq!(expected(&["*"]), Some(ExpectedVersion::AnyExisting));
        assert_eq!(expected(&[" * "]), Some(ExpectedVersion::AnyExisting));
    }

    #[test]
    fn a_caller_that_names_the_version_has_it() {
        let has = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, line.parse().unwrap());
            }
            has_version(&headers, Version::new(3))
        };
        for tags in [
            &["\"3\""][..],
            &["W/\"3\""],
            &["\"1\", W/\"3\""],
            &["\"1\"", "\"3\""],
            &["*"],
        ] {
            assert!(has(tags), "{tags:?}");
        }
        for tags in [
            &[][..],
            &["\"33\""],
            &["3"],
            &["\"03\""],
            &[""],
            &["w/\"3\""],
        ] {
            assert!(!has(tags), "{tags:?}");
        }
    }

    #[test]
    fn a_list_of_strong_entity_tags_is_read() {
        assert_eq!(expected(&["\"3\""]), one_of(&[3]));
        assert_eq!(expected(&["\"3\", \"1\",\"3\""]), one_of(&[1, 3]));
        assert_eq!(expected(&["\"3\"", "\"4\""]), one_of(&[3, 4]));
        assert_eq!(expected(&[", \"3\" ,, \"4\","]), one_of(&[3, 4]));
    }

    #[test]
    fn a_tag_that_no_version_has_matches_nothing() {
        for tag in [
            "\"abc\"",
            "\"é\"",
            "\"\"",
            "\"01\"",
            "\"+1\"",
            "\"-1\"",
            "\"a,b\"",
            "\"99999999999999999999999\"",
        ] {
            assert_eq!(expected(&[tag]), one_of(&[]), "{tag}");
        }
    }

    #[test]
    fn a_header_that_is_not_a_list_of_strong_entity_tags_is_refused() {
        for bad in [
            "",
            " ",
            ",",
            "3",
            "W/\"3\"",
            "\"3\" \"4\"",
            "\"3",
            "3\"",
            "*, \"3\"",
            "\"3\", *",
            "\"a b\"",
            "\"3\";\"4\"",
        ] {
            assert_eq!(expected(&[bad]), None, "{bad:?}");
        }
    }

    #[test]
    fn more_versions_than_a_condition_takes_are_refused() {
        let list = |count: u64| {
            (1..=count)
                .map(|n| format!("\"{n}\""))
                .collect::<Vec<_>>()
                .join(",")
        };
        assert!(expected(&[&list(100)]).is_some());
        assert!(expected(&[&list(101)]).is_none());
    }
}
