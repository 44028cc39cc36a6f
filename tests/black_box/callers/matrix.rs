//! Sends the request of each cell, and keeps the result.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use black_box_tests::{Answer, Api, Database, Item, service_for_crowds};
use contacts::seed::Seed;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use shared::Service;
use shared::domain::{OrganizationId, PhoneRegion, Timestamp};
use shared::http::Route;

use super::caller::{Caller, NOW, Proof};
use super::requests::request;
use super::world::{Cell, ORGANIZATIONS, Organization, World, seed};

/// The number of concurrent requests.
const CONCURRENT: usize = 8;

/// The number of the first cell with a contact of its own. Cells of one world share the contacts with smaller numbers.
const FIRST_OWN_NUMBER: usize = 10;

/// A cell and the result of its request.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) cell: Cell,
    pub(super) answer: Answer,
    /// The number of database calls that the request took.
    pub(super) calls: Value,
    /// The organizations whose items the request changed.
    pub(super) changed: Vec<Organization>,
}

impl Tried {
    /// The cell, for the message of a failed test.
    pub(super) fn describe(&self) -> String {
        let Cell {
            route,
            caller,
            world,
            ..
        } = &self.cell;
        format!("{route:?} by {} in {world:?}", caller.name)
    }
}

/// The cells of all routes with these callers in the worlds that `keep` chooses.
pub(super) fn cells(callers: &[Caller], keep: impl Fn(World) -> bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    for route in Route::ALL {
        for caller in callers {
            for (position, world) in World::of_route(route).into_iter().enumerate() {
                if keep(world) {
                    // Refused callers change nothing, so they can share one contact for each world.
                    let is_nobody = matches!(caller.proof, Proof::Nothing(..));
                    let number = if is_nobody {
                        position
                    } else {
                        FIRST_OWN_NUMBER + cells.len()
                    };
                    let caller = caller.clone();
                    cells.push(Cell {
                        route,
                        caller,
                        world,
                        number,
                    });
                }
            }
        }
    }
    cells
}

/// Sends the request of each cell with these headers. All cells share one database.
pub(super) async fn run(cells: Vec<Cell>, headers: &[(&str, &str)]) -> Vec<Tried> {
    let database = Database::start_own_table().await;
    let store = database.store().await;
    let seed = Seed::parse(&seed(&cells).to_string(), PhoneRegion::CANADA).unwrap();
    seed.load(&store).await.unwrap();
    let now = Timestamp::parse_rfc3339(NOW).unwrap();
    let service = Service {
        clock: Arc::new(move || now),
        ..service_for_crowds(store)
    };
    let api = Api::with_service(database, service).await;
    let before = items(&api.database).await;
    let answers: Vec<_> = stream::iter(&cells)
        .map(|cell| api.send(request(&api, cell, headers)))
        .buffered(CONCURRENT)
        .collect()
        .await;
    let after = items(&api.database).await;
    let written = written(&before, &after, &cells, &answers);
    let tried = cells.into_iter().zip(answers);
    let tried = tried.map(|(cell, answer)| {
        let mut changed = Vec::from(Organization::ALL);
        changed.retain(|organization| written.contains(&(cell.number, *organization)));
        Tried {
            calls: answer.logged()["dynamodb.calls"].clone(),
            cell,
            answer,
            changed,
        }
    });
    tried.collect()
}

/// The items of all organizations, by their keys.
type Items = BTreeMap<(String, String), Item>;

async fn items(database: &Database) -> Items {
    let all = OrganizationId::parse(ORGANIZATIONS).unwrap();
    let items = database.items(&all).await.into_iter();
    let key = |item: &Item, name| item[name].as_s().unwrap().clone();
    items
        .map(|item| ((key(&item, "pk"), key(&item, "sk")), item))
        .collect()
}

/// The numbers of the cells whose items changed, each with the organization of the items.
fn written(
    before: &Items,
    after: &Items,
    cells: &[Cell],
    answers: &[Answer],
) -> BTreeSet<(usize, Organization)> {
    let request_ids = answers
        .iter()
        .map(|answer| answer.header("x-request-id").unwrap());
    let numbers: HashMap<_, _> = request_ids
        .zip(cells.iter().map(|cell| cell.number))
        .collect();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    let changed = changed.map(|key| {
        let states = [before.get(key), after.get(key)];
        // An item contains the id or the address of its cell's contact. The item of a new contact names the request that created it.
        let number = Cell::number_in(&format!("{states:?}")).or_else(|| {
            let request_id = states[1]?.get("changeRequestId")?.as_s().ok()?;
            numbers.get(request_id.as_str()).copied()
        });
        let organization = key.0.split('#').nth(1).unwrap();
        let number = number.unwrap_or_else(|| panic!("no request is known to change {states:?}"));
        (number, Organization::of_id(organization))
    });
    changed.collect()
}
