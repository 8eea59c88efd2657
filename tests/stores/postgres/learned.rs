//! How long ago parts of what was learned were written.

use ai_gateway::domain::{PartName, RoutingStore as _};

use super::database::Database;
use super::rig::open;
use crate::book::hours;

#[tokio::test]
async fn a_part_tells_how_long_nobody_has_written_it() {
    let Some(database) = Database::create().await else {
        return;
    };
    let store = open(&database.settings()).await.unwrap();
    store.put_part(PartName(7), b"one").await.unwrap();
    let silent = async || store.load_parts(&[]).await.unwrap()[0].silent;

    database
        .run("update routing_part set updated_at = updated_at - interval '25 hours'")
        .await;
    let before = silent().await;
    store.replace_part(PartName(7), b"two").await.unwrap();
    let after = silent().await;

    assert!((hours(25)..hours(26)).contains(&before), "{before:?}");
    assert!(after < hours(1), "{after:?}");
    store.put_part(PartName(7), b"three").await.unwrap();
    database
        .run("update routing_part set updated_at = updated_at + interval '25 hours'")
        .await;
    assert!(
        silent().await.is_zero(),
        "no clock makes it younger than new"
    );
}
