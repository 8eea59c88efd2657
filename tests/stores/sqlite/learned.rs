//! How long ago parts of what was learned were written.

use std::time::Duration;

use ai_gateway::domain::{PartName, RoutingStore as _};
use ai_gateway::stores::SqliteOptions;

use crate::book::{hours, now};
use crate::place::{FilePlace, HandClock};

#[tokio::test]
async fn a_part_tells_how_long_nobody_has_written_it() {
    let place = FilePlace::make();
    let clock = HandClock::at(now());
    let store = place
        .open_with(SqliteOptions::default(), clock.clone())
        .await;
    store.put_part(PartName(7), b"one").await.unwrap();
    let silent = async || store.load_parts(&[]).await.unwrap()[0].silent;

    clock.advance(hours(25));
    let before = silent().await;
    store.replace_part(PartName(7), b"two").await.unwrap();
    let after = silent().await;
    // A clock that is set back makes nothing old.
    clock.set(now());

    assert_eq!((before, after), (hours(25), Duration::ZERO));
    assert_eq!(silent().await, Duration::ZERO);
}
