//! The promises of `docs/identity-providers.md`. A test uses the settings of a provider, the claims of its examples, and a key
//! in the form that the provider publishes. The caller of the token is then the one that the page describes.

mod page;
mod published;

use std::cell::RefCell;
use std::collections::BTreeSet;

use black_box_tests::identity_provider::{IdentityProvider, Published};
use black_box_tests::keys::{SigningKey, now_seconds};
use black_box_tests::{Answer, Api, Database, fresh_organization};
use serde_json::{Value, json};
use shared::Service;
use shared::domain::OrganizationId;
use shared::settings::Settings;
use uuid::Uuid;

use self::page::Section;

/// An API with the settings of a section of the page, and one contact in its organization.
struct Configured {
    api: Api,
    section: Section,
    /// The organization of the page's examples. The test replaces it with its own.
    organization_of_the_page: &'static str,
    key: SigningKey,
    contact: String,
    _provider: IdentityProvider,
}

impl Configured {
    async fn new(
        title: &str,
        organization_of_the_page: &'static str,
        publish: fn() -> (SigningKey, Value),
    ) -> Self {
        let section = Section::of(title);
        let (key, set) = publish();
        let provider = IdentityProvider::start(Published::Keys(set)).await;
        let database = Database::start().await;
        let settings = settings(&section, &provider, &database);
        let service = Service::new(settings, database.store().await);
        let mut api = Api::with_service(database, service).await;
        if organization_of_the_page.starts_with("https://") {
            // The organization is the issuer, which the settings name too.
            api.organization = OrganizationId::parse(organization_of_the_page).unwrap();
        }
        let contact = format!("c_{}", Uuid::new_v4().simple());
        api.seed(json!([{
            "id": contact,
            "phoneNumber": [{ "value": "+14165550100" }],
            "emails": [{ "value": format!("{contact}@example.com") }],
            "subscriptions": [{ "audience": "newsletter", "client": "website" }, { "audience": "newsletter", "client": "app" }],
        }]))
        .await;
        Self {
            api,
            section,
            organization_of_the_page,
            key,
            contact,
            _provider: provider,
        }
    }

    /// A token for an organization with the claims of an example, as if the provider had just issued it.
    fn token(&self, example: &Value, organization: &OrganizationId) -> String {
        // Replaces whole texts and names of members only, since the issuer may contain the organization too.
        let whole = |text: &str| format!("{text:?}");
        let (theirs, ours) = (self.organization_of_the_page, organization.as_str());
        let text = example.to_string().replace(&whole(theirs), &whole(ours));
        let mut claims: Value = serde_json::from_str(&text).unwrap();
        let lifetime = example["exp"].as_u64().unwrap() - example["iat"].as_u64().unwrap();
        for name in ["iat", "nbf", "auth_time"] {
            if !claims[name].is_null() {
                claims[name] = json!(now_seconds());
            }
        }
        claims["exp"] = json!(now_seconds() + lifetime);
        self.key.token(&claims)
    }

    /// Calls endpoint 2 with this token.
    async fn verify(&self, token: &str) -> Answer {
        let path = format!("/api/contacts/{}/verify-contact-methods", self.contact);
        let body = json!({ "type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-15T09:12:00Z" });
        self.api.patch(&path, token, body).await
    }

    /// Asserts that the caller of this token is recorded under this name in its own organization, and finds no contact of
    /// another one.
    async fn is_recorded_as(&self, example: &Value, name: &str) {
        let answer = self
            .verify(&self.token(example, &self.api.organization))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let contact = &answer.body["data"]["contact"];
        assert_eq!(contact["organizationId"], json!(self.api.organization));
        assert_eq!(contact["phoneNumber"][0]["verifiedBy"], name);
        assert_eq!(
            answer.logged()["caller.kind"],
            if name.starts_with("client:") {
                "application"
            } else {
                "user"
            }
        );
        if !self.organization_of_the_page.starts_with("https://") {
            let stranger = self
                .verify(&self.token(example, &fresh_organization()))
                .await;
            assert_eq!(stranger.status, 404, "{stranger:?}");
        }
    }

    async fn knows_the_user(self) {
        let user = self.section.user();
        self.is_recorded_as(user, user["sub"].as_str().unwrap())
            .await;
    }

    async fn knows_the_application(self, client: &str) {
        let example = self.section.application();
        self.is_recorded_as(example, &format!("client:{client}"))
            .await;
        let path = format!("/api/contacts/{}/verification", self.contact);
        let body = json!({ "verified": true, "audience": "newsletter", "client": client });
        let token = self.token(example, &self.api.organization);
        let answer = self.api.patch(&path, &token, body).await;
        // Only these clients are registered.
        let expected = if ["website", "app"].contains(&client) {
            200
        } else {
            404
        };
        assert_eq!(answer.status, expected, "{answer:?}");
    }

    /// The page's user is an administrator. With the role `SUPERADMIN`, the user reaches every organization.
    async fn knows_the_super_administrator(self) {
        let text = self.section.user().to_string();
        let super_admin = text.replace("\"ADMIN\"", "\"SUPERADMIN\"");
        assert_ne!(super_admin, text);
        let super_admin = serde_json::from_str(&super_admin).unwrap();
        let token = self.token(&super_admin, &fresh_organization());
        let answer = self.verify(&token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.logged()["caller.kind"], "superadmin");
    }
}

/// The settings of a section, with the keys of this provider.
fn settings(section: &Section, provider: &IdentityProvider, database: &Database) -> Settings {
    let read = RefCell::new(BTreeSet::new());
    let settings = Settings::read(|name| {
        read.borrow_mut().insert(name.to_owned());
        Ok(match name {
            "TABLE_NAME" => Some(database.table.clone()),
            "JWT_KEYS_URL" => Some(provider.url.to_string()),
            _ => section.settings.get(name).cloned(),
        })
    })
    .unwrap();
    for name in section.settings.keys() {
        assert!(read.borrow().contains(name), "{name} is no setting");
    }
    let url = &section.settings["JWT_KEYS_URL"];
    assert!(url.starts_with("https://"), "{url}");
    settings
}

/// Defines the tests of each provider: the name of its keys, the title of its section, the organization and the client of its
/// examples.
macro_rules! providers {
    ($($name:ident: $title:literal, $organization:literal, $client:literal;)*) => {
        $(
            mod $name {
                use super::{Configured, published};

                async fn configured() -> Configured {
                    Configured::new($title, $organization, published::$name).await
                }

                #[tokio::test]
                async fn a_user_is_known() {
                    configured().await.knows_the_user().await;
                }

                #[tokio::test]
                async fn an_application_is_known() {
                    configured().await.knows_the_application($client).await;
                }

                #[tokio::test]
                async fn a_super_administrator_is_known() {
                    configured().await.knows_the_super_administrator().await;
                }
            }
        )*

        const TITLES: &[&str] = &[$($title),*];
    };
}

providers! {
    cognito: "Amazon Cognito", "org_a", "website";
    auth0: "Auth0", "org_9ybsU1dN2dKfDkBi", "website";
    entra: "Microsoft Entra ID", "aaaabbbb-0000-cccc-1111-dddd2222eeee", "app";
    okta: "Okta", "org_a", "website";
    keycloak: "Keycloak", "acme", "website";
    google: "Google Identity Platform and Firebase", "org_a", "website";
    supabase: "Supabase", "org_a", "website";
    zitadel: "Zitadel", "180025476050732289", "website";
}

/// The section of Cognito without a trigger. The issuer is the organization, and the app client's id is the slug.
const COGNITO_WITHOUT_TRIGGER: &str = "Amazon Cognito without a trigger";
const POOL: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE";

#[tokio::test]
async fn an_application_of_cognito_without_a_trigger_is_known() {
    let configured = Configured::new(COGNITO_WITHOUT_TRIGGER, POOL, published::cognito).await;
    configured
        .knows_the_application("55u3ag7hs1dq8o2m0kexample")
        .await;
}

/// The page warns about this.
#[tokio::test]
async fn a_user_of_cognito_without_a_trigger_counts_as_the_application() {
    let configured = Configured::new(COGNITO_WITHOUT_TRIGGER, POOL, published::cognito).await;
    let mut user = Section::of("Amazon Cognito").user().clone();
    user["client_id"] = json!("55u3ag7hs1dq8o2m0kexample");
    configured
        .is_recorded_as(&user, "client:55u3ag7hs1dq8o2m0kexample")
        .await;
}

#[test]
fn every_provider_of_the_page_is_tested() {
    let mut tested: Vec<_> = TITLES.to_vec();
    tested.push(COGNITO_WITHOUT_TRIGGER);
    tested.sort_unstable();
    assert_eq!(page::titles(), tested);
}

/// With `azp`, as the page mentions, each application is a client of its own.
#[tokio::test]
async fn applications_of_entra_can_be_told_apart_by_their_ids() {
    let organization = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let mut section = Section::of("Microsoft Entra ID");
    section
        .settings
        .insert("JWT_CLAIM_CLIENT".to_owned(), "azp".to_owned());
    let client = section.application()["azp"].as_str().unwrap().to_owned();
    let (key, set) = published::entra();
    let provider = IdentityProvider::start(Published::Keys(set)).await;
    let database = Database::start().await;
    let settings = settings(&section, &provider, &database);
    let now = (shared::system_clock())();
    let mut claims = section.application().clone();
    claims["exp"] = json!(now_seconds() + 600);
    claims["nbf"] = json!(now_seconds());
    let explanation = settings
        .authenticator
        .explain(&key.token(&claims), now)
        .await;
    let caller = explanation.decision.unwrap();
    assert_eq!(caller.client().unwrap().as_str(), client);
    assert_eq!(
        caller.tenant().unwrap().organization().as_str(),
        organization
    );
}

/// A Keycloak token has the organization as an object if the mapper adds ids or attributes.
#[tokio::test]
async fn an_organization_of_keycloak_may_have_an_id_and_attributes() {
    for organization in [
        json!({ "acme": {} }),
        json!({ "acme": { "id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa" } }),
        json!({ "acme": { "id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa", "plan": ["gold"] } }),
    ] {
        let mut configured = Configured::new("Keycloak", "acme", published::keycloak).await;
        configured.section.examples[0]["organization"] = organization;
        configured.knows_the_user().await;
    }
}
