//! What a handler works with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::auth::Authenticator;
use crate::domain::{PhoneRegion, TimeZone, Timestamp};
use crate::settings::Settings;
use crate::store::Store;

/// Tells the time. Injected, so that tests can.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a handler works with, made once at start and used by every request.
pub struct Service {
    /// Checks tokens.
    pub authenticator: Authenticator,
    /// Keeps contacts.
    pub store: Store,
    /// The region whose national phone numbers are understood.
    pub default_phone_region: PhoneRegion,
    /// The zone of times without an offset on endpoint 3.
    pub time_zone: TimeZone,
    /// Tells the time.
    pub clock: Clock,
    /// How long a request may take before it is answered with 503.
    pub deadline: Duration,
}

/// How long a request may take in a function. API Gateway gives up after 30 seconds, a function's own limit is lower;
/// before either, the caller hears from us.
pub const DEADLINE: Duration = Duration::from_secs(10);

impl Service {
    /// A service as the settings have it, on the system's clock.
    #[must_use]
    pub fn new(settings: Settings, store: Store) -> Self {
        Self {
            store,
            default_phone_region: settings.default_phone_region,
            time_zone: settings.time_zone,
            clock: system_clock(),
            deadline: DEADLINE,
            authenticator: settings.into_authenticator(),
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("authenticator", &self.authenticator)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The system's clock. One that is set before 1970 or after 9999 is wrong; what it then records says so plainly.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| Timestamp::from_datetime(Utc::now()).unwrap_or(Timestamp::EPOCH))
}
