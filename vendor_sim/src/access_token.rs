//! Access tokens that tell when they end, and that nobody else can write.

use crate::clock::Timestamp;
use crate::dice::Dice;

/// How every token starts, as Google's do.
const START: &str = "ya29.sim-";

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rejection {
    /// The simulator has not issued it.
    Foreign,
    /// Its time is over.
    Expired,
}

/// Writes the token that answers request `number`; it is taken until
/// `expires`.
pub(crate) fn issue(seed: u64, number: u64, expires: Timestamp) -> String {
    let Timestamp(expires) = expires;
    format!("{START}{expires}-{number}-{}", proof(seed, number, expires))
}

/// Checks a token of the same seed.
///
/// # Errors
///
/// Why it is not taken.
pub(crate) fn check(token: &str, seed: u64, now: Timestamp) -> Result<(), Rejection> {
    let (expires, number, given) = parts(token).ok_or(Rejection::Foreign)?;
    if given != proof(seed, number, expires) {
        return Err(Rejection::Foreign);
    }
    if expires <= now.0 {
        return Err(Rejection::Expired);
    }
    Ok(())
}

fn parts(token: &str) -> Option<(u64, u64, &str)> {
    let (expires, rest) = token.strip_prefix(START)?.split_once('-')?;
    let (number, proof) = rest.split_once('-')?;
    Some((expires.parse().ok()?, number.parse().ok()?, proof))
}

fn proof(seed: u64, number: u64, expires: u64) -> String {
    Dice::new(seed, number, &format!("token until {expires}")).word(40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_until_it_expires() {
        let token = issue(1, 7, Timestamp(100));

        assert_eq!(check(&token, 1, Timestamp(99)), Ok(()));
        assert_eq!(check(&token, 1, Timestamp(100)), Err(Rejection::Expired));
        assert_eq!(check(&token, 2, Timestamp(99)), Err(Rejection::Foreign));
    }

    #[test]
    fn a_token_cannot_be_made_to_last() {
        let token = issue(1, 7, Timestamp(100));

        for other in [
            token.replacen("100", "900", 1),
            format!("{token}x"),
            "ya29.sim-100-7".to_owned(),
            String::new(),
        ] {
            assert_eq!(
                check(&other, 1, Timestamp(50)),
                Err(Rejection::Foreign),
                "{other}"
            );
        }
    }
}
