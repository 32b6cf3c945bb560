//! Media that terminals send of themselves (0x0801) into the store. Blocks.

use fleet::{EventTime, ReceiveTime};
use jt808::{MediaData, MediaPlace, Message};
use media::{Announced, Begun, Finished, Media, Origin, PackageKey, StoreError};
use session::MediaPackage;

use crate::events;

/// Keeps a package; gives the id of its media where that is durable now. What is not kept is not answered, so its
/// terminal sends it again.
pub(crate) fn keep(media: &Media, package: &MediaPackage, now: ReceiveTime) -> Option<u32> {
    let MediaPackage { terminal, number, total, index, .. } = *package;
    let key = PackageKey { terminal, total, number };
    let edition = package.header.edition;
    let joined =
        media.package(key, index, &package.body, |body| match Message::decode(0x0801, edition, body) {
            Ok(Message::MediaData(data)) => store(media, package, &data, now),
            // Without a head there is no id to answer.
            Ok(_) | Err(_) => Ok(None),
        });
    match joined {
        Ok(joined) => joined.transpose().map_or_else(failed, Option::flatten),
        Err(error) => failed(error),
    }
}

fn store(
    media: &Media,
    package: &MediaPackage,
    data: &MediaData<'_>,
    now: ReceiveTime,
) -> Result<Option<u32>, StoreError> {
    let taken = match data.place {
        MediaPlace::Location(location) => location.time.unix_ms().map(EventTime::from_ms),
        MediaPlace::None | MediaPlace::Part { .. } => None,
    };
    let Ok(bytes) = u32::try_from(data.data.len()) else { return Ok(None) };
    // It has a number and no name.
    let name = data.id.to_string();
    let announced = Announced {
        origin: Origin::Event { id: data.id, taken: taken.unwrap_or(now.as_event()) },
        terminal: package.terminal,
        name: name.as_bytes(),
        kind: data.kind,
        channel: Some(data.channel),
        bytes,
    };
    let file = match media.begin(&announced, now)? {
        Begun::Complete(_) => return Ok(Some(data.id)),
        Begun::Open(file) => file,
    };
    media.write(file, 0, data.data)?;
    match media.finish(file, 0, now)? {
        Finished::Complete => Ok(Some(data.id)),
        Finished::Missing(_) => Ok(None),
    }
}

fn failed(error: StoreError) -> Option<u32> {
    match error {
        // Counted and logged by the store.
        StoreError::Refused(_) => {}
        error @ (StoreError::Database(_) | StoreError::Disk(_) | StoreError::Unknown(_)) => {
            events::media_failed(&error);
        }
    }
    None
}
