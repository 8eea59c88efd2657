//! Pictures that callers send or point to.

use crate::domain::ImageSource;

/// The picture types that every vendor with eyes takes.
const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Takes an address that the vendor may fetch; the gateway fetches nothing.
///
/// # Errors
/// What is wrong with it.
pub(super) fn address(url: String) -> Result<ImageSource, &'static str> {
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(ImageSource::Url(url))
    } else {
        Err("must begin with https:// or http://")
    }
}

/// Takes the picture itself.
///
/// # Errors
/// What is wrong with it.
pub(super) fn data(media_type: String, base64: String) -> Result<ImageSource, &'static str> {
    if !TYPES.contains(&media_type.as_str()) {
        return Err("must be image/png, image/jpeg, image/gif or image/webp");
    }
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if base64.is_empty() || !base64.bytes().all(is_sign) {
        return Err("is not base64");
    }
    Ok(ImageSource::Data { media_type, base64 })
}
