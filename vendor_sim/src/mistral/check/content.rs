//! Content that the model does not take.

use crate::mistral::error::ApiError;
use crate::mistral::models::{Model, Vision};
use crate::mistral::request::{Chunk, Either, Message};

pub(super) fn check(messages: &[Message], model: &Model) -> Result<(), ApiError> {
    for message in messages {
        let content = match message {
            Message::System(_) => None,
            Message::User(message) => message.content.as_ref(),
            Message::Assistant(message) => message.content.as_ref(),
            Message::Tool(message) => message.content.as_ref(),
        };
        for chunk in content.into_iter().flat_map(|content| content.parts()) {
            check_chunk(chunk, model)?;
        }
    }
    Ok(())
}

fn check_chunk(chunk: &Chunk, model: &Model) -> Result<(), ApiError> {
    match chunk {
        Chunk::ImageUrl(_) if model.vision == Vision::TextOnly => Err(ApiError::invalid_args(
            "Image input is not enabled for this model",
        )),
        Chunk::ImageUrl(image) => match &image.image_url {
            Either::Text(url) => check_image(url),
            Either::Object(image) => check_image(&image.url),
        },
        Chunk::InputAudio(_) => Err(ApiError::invalid_args(
            "Audio input is not enabled for this model",
        )),
        _ => Ok(()),
    }
}

fn check_image(url: &str) -> Result<(), ApiError> {
    let is_data = url
        .strip_prefix("data:image/")
        .and_then(|rest| rest.split_once(";base64,"))
        .is_some_and(|(_, data)| !data.is_empty());
    if is_data || url.starts_with("https://") || url.starts_with("http://") {
        Ok(())
    } else {
        Err(ApiError::unreadable_image(url))
    }
}
