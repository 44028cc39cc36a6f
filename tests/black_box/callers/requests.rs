//! The request of a cell. It is valid, and names the contact and the audience that the cell's world has or lacks.

use black_box_tests::Api;
use reqwest::RequestBuilder;
use serde_json::json;
use shared::http::Route;

use super::world::{Cell, PHONE};

/// The request without its `Authorization`.
fn unauthorized(api: &Api, cell: &Cell) -> RequestBuilder {
    let route = cell.route;
    let request = api.request_by(route.method(), &route.path_of(&cell.contact()));
    let (email, audience, client) = (cell.email(), cell.audience(), cell.caller.names_client);
    let verified_at = "2024-09-01T10:00:00Z";
    let body = match route {
        Route::GetContact | Route::GetHistory | Route::EraseContact => return request,
        Route::ContactStatus => {
            let query = format!("?email={email}&audience={audience}&client={client}");
            return api.request_by(route.method(), &format!("{}{query}", route.path()));
        }
        Route::VerifyPhoneNumber => json!({ "phoneNumber": PHONE, "verifiedAt": verified_at }),
        Route::VerifyContactMethod => {
            json!({ "type": "email", "value": email, "verifiedAt": verified_at })
        }
        Route::VerifyContact => json!({
            "verified": true, "verified_at": verified_at, "audience": audience, "client": client,
        }),
        Route::UpsertContact => json!({
            "email": email, "audience": audience, "client": client, "firstName": "Robin",
        }),
        Route::AddContactMethod => json!({ "type": "phone", "value": "+14165550199" }),
        Route::RemoveContactMethod => json!({ "type": "phone", "value": PHONE }),
        Route::Subscribe => json!({ "email": email, "audience": audience, "client": client }),
        Route::Unsubscribe => json!({
            "email": email, "audience": audience, "client": client, "scope": "client",
        }),
    };
    request.json(&body)
}

/// The request, with these additional headers.
pub(super) fn request(api: &Api, cell: &Cell, headers: &[(&str, &str)]) -> RequestBuilder {
    let mut request = unauthorized(api, cell);
    if let Some(authorization) = cell.caller.authorization() {
        request = request.header("authorization", authorization);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}
