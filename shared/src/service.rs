//! The parts that every handler uses.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use crate::auth::Authenticator;
use crate::domain::{PhoneRegion, TimeZone, Timestamp};
use crate::settings::Settings;
use crate::store::Store;

/// Tells the time. It is injected, so that tests can set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The parts that every handler uses. They are created once, at start, and all requests share them.
pub struct Service {
    /// Verifies tokens.
    pub authenticator: Authenticator,
    /// Reads and writes contacts.
    pub store: Store,
    /// The region of phone numbers in national form.
    pub default_phone_region: PhoneRegion,
    /// The zone of times without an offset, on endpoint 3.
    pub time_zone: TimeZone,
    /// Tells the time.
    pub clock: Clock,
    /// The time limit of a request. After it, the answer is 503.
    pub deadline: Duration,
}

/// The time limit of a request in a function. It is below the function's timeout and below the 30 seconds of API Gateway,
/// so that the function itself answers a slow request.
pub const DEADLINE: Duration = Duration::from_secs(10);

impl Service {
    /// A service with these settings and the system's clock.
    #[must_use]
    pub fn new(settings: Settings, store: Store) -> Self {
        Self {
            store,
            default_phone_region: settings.default_phone_region,
            time_zone: settings.time_zone,
            clock: system_clock(),
            deadline: DEADLINE,
            authenticator: settings.authenticator,
        }
    }
}

/// The system's clock. A time before 1970 or after 9999 is wrong and becomes 1970. At that time, every request gets 503
/// ([`Call::authenticate_reader`](crate::http::Call::authenticate_reader)).
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| Timestamp::from_datetime(Utc::now()).unwrap_or(Timestamp::EPOCH))
}
