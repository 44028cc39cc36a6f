//! Every caller on every route: whom the API admits, and what it reveals of another organization (contract sections 3, 5 to 9,
//! 12 and 13).
//!
//! How the matrix is built: a cell is a route, a caller and a world. The routes are those of the code ([`Route::ALL`]), so a new
//! route does not compile without its rule. The callers are in `caller.rs`: every role, every kind of invalid token. A world
//! tells which of two organizations has the contact, under one id and with one address, and which has the audience: ours,
//! theirs, both or neither. Each cell sends one valid request about a contact of its own. The expected answer comes from
//! `contract.rs`, which follows the contract and not the code.
//!
//! The tests also compare the cells of one caller and route. Data that a caller may not see change neither the status, the body
//! nor a header. They do not change the number of database calls either, which the time of an answer would reveal.

mod answers;
mod caller;
mod contract;
mod matrix;
mod requests;
mod world;

use std::collections::BTreeMap;

use shared::http::Route;
use tokio::sync::OnceCell;

use self::answers::{fault, seen};
use self::caller::{Caller, Proof};
use self::contract::{Expected, expected, view, written};
use self::matrix::{Tried, cells, run};
use self::world::Holders;

/// The whole matrix, which the tests of this module share.
async fn matrix() -> &'static [Tried] {
    static MATRIX: OnceCell<Vec<Tried>> = OnceCell::const_new();
    let all = || run(cells(&Caller::all(), |_| true), &[]);
    MATRIX.get_or_init(all).await
}

/// Asserts that there are no faults. The message shows the first 20.
fn assert_none(faults: &[String]) {
    let first: Vec<_> = faults.iter().take(20).map(String::as_str).collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        first.join("\n")
    );
}

/// Groups the answers that must be alike: those of one caller on one route, where the caller may see the same.
fn alike(tried: &[Tried]) -> impl Iterator<Item = Vec<&Tried>> {
    let mut groups: BTreeMap<_, Vec<&Tried>> = BTreeMap::new();
    for one in tried {
        if let Some(view) = view(&one.cell) {
            let key = (one.cell.route, one.cell.caller.name, view);
            groups.entry(key).or_default().push(one);
        }
    }
    groups.into_values()
}

/// Asserts that `part` of the answers that must be alike is the same.
fn assert_alike<T: PartialEq + std::fmt::Debug>(tried: &[Tried], part: impl Fn(&Tried) -> T) {
    let mut faults = Vec::new();
    for group in alike(tried) {
        let of_first = part(group[0]);
        let others = group.iter().filter(|other| part(other) != of_first);
        faults.extend(others.map(|other| {
            format!(
                "{}: {:?}\n  {}: {of_first:?}",
                other.describe(),
                part(other),
                group[0].describe()
            )
        }));
    }
    assert_none(&faults);
}

/// Asserts that each request wrote where it should and nowhere else.
fn assert_written(tried: &[Tried], is_right: impl Fn(&Tried) -> bool) {
    let faults = tried.iter().filter(|one| !is_right(one));
    let faults = faults.map(|one| format!("{} wrote to {:?}", one.describe(), one.changed));
    assert_none(&faults.collect::<Vec<_>>());
}

#[tokio::test]
async fn each_caller_is_answered_on_each_route_as_the_contract_says() {
    let faults = matrix().await.iter().filter_map(|one| {
        let expected = expected(&one.cell);
        let fault = fault(&one.cell, expected, &one.answer)?;
        Some(format!("{}: {expected:?}, but it {fault}", one.describe()))
    });
    assert_none(&faults.collect::<Vec<_>>());
}

#[tokio::test]
async fn data_that_a_caller_may_not_see_change_nothing_in_its_answer() {
    assert_alike(matrix().await, |one| seen(&one.cell, &one.answer));
}

#[tokio::test]
async fn data_that_a_caller_may_not_see_do_not_change_the_number_of_calls() {
    assert_alike(matrix().await, |one| one.calls.clone());
}

#[tokio::test]
async fn a_caller_that_is_refused_costs_no_call_of_the_database() {
    let refused = matrix().await.iter().filter(|one| {
        matches!(
            expected(&one.cell),
            Expected::Unauthorized(_) | Expected::Forbidden
        )
    });
    let faults = refused.filter(|one| one.calls != 0);
    let faults = faults.map(|one| format!("{}: {}", one.describe(), one.calls));
    assert_none(&faults.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_changes_the_organization_that_it_is_about_and_no_other() {
    assert_written(matrix().await, |one| {
        one.changed == Vec::from_iter(written(&one.cell))
    });
}

#[tokio::test]
async fn every_route_has_every_caller_and_is_both_granted_and_refused() {
    for route in Route::ALL {
        let of_route = || matrix_cells().filter(move |cell| cell.route == route);
        let callers = Caller::all().len();
        let worlds = world::World::of_route(route).len();
        assert_eq!(of_route().count(), callers * worlds, "{route:?}");
        let has = |wanted: fn(Expected) -> bool| of_route().any(|cell| wanted(expected(&cell)));
        assert!(
            has(|expected| matches!(expected, Expected::Done(_))),
            "{route:?}"
        );
        assert!(
            has(|expected| matches!(expected, Expected::Unauthorized(_))),
            "{route:?}"
        );
    }
}

fn matrix_cells() -> impl Iterator<Item = world::Cell> {
    cells(&Caller::all(), |_| true).into_iter()
}

/// The admitted callers who are not of the other organization.
fn strangers() -> Vec<Caller> {
    let mut callers = Caller::admitted();
    callers.retain(|caller| match caller.proof {
        Proof::Identity(identity) => identity.organization != Some(world::Organization::Theirs),
        Proof::Nothing(..) => false,
    });
    callers
}

/// Asserts that a request with this header has the same answer for a contact of the other organization as for a missing one.
async fn assert_indistinguishable(header: (&str, &str)) {
    let is_foreign = |world: world::World| {
        [Holders::NOBODY, Holders::THEIRS].contains(&world.contact)
            && world.audience == Holders::BOTH
    };
    let tried = run(cells(&strangers(), is_foreign), &[header]).await;
    assert_alike(&tried, |one| {
        (seen(&one.cell, &one.answer), one.calls.clone())
    });
    assert_written(&tried, |one| {
        let reaches_theirs = view(&one.cell).is_none();
        reaches_theirs || !one.changed.contains(&world::Organization::Theirs)
    });
}

#[tokio::test]
async fn the_version_of_a_contact_of_another_organization_cannot_be_guessed_by_a_write() {
    assert_indistinguishable(("if-match", "\"1\"")).await;
}

#[tokio::test]
async fn a_wrong_version_does_not_tell_that_another_organization_has_a_contact() {
    assert_indistinguishable(("if-match", "\"7\"")).await;
}

#[tokio::test]
async fn the_wildcard_version_does_not_tell_that_another_organization_has_a_contact() {
    assert_indistinguishable(("if-match", "*")).await;
}

#[tokio::test]
async fn the_version_of_a_contact_of_another_organization_cannot_be_guessed_by_a_read() {
    assert_indistinguishable(("if-none-match", "\"1\"")).await;
}
