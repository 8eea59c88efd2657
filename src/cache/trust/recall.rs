//! What an earlier process knew of its hits, and what is kept for a later one.

use super::{Book, LEAST_WRONG, Ordering, TRUSTED_WITHIN, Trust, TrustState, WINDOW};

impl Trust {
    /// Tells whether it is known what an earlier process left.
    pub(in crate::cache) fn has_recalled(&self) -> bool {
        self.has_recalled.load(Ordering::Acquire)
    }

    /// Takes over what an earlier process knew, once, as far as the present
    /// settings go along: of the two states the stricter holds, unless what
    /// was judged says otherwise. What is damaged is nothing. Returns true if
    /// that has changed the state.
    pub(in crate::cache) fn recall(&self, bytes: Option<&[u8]>) -> bool {
        let mut book = self.book();
        if self.has_recalled.swap(true, Ordering::AcqRel) {
            return false;
        }
        let Some(known) = bytes.and_then(read) else {
            return false;
        };
        self.kept.store(known.total, Ordering::Relaxed);
        let before = book.state;
        book.add_older(known, self.limit);
        book.state != before
    }

    /// Tells whether more was judged than the store knows.
    pub(in crate::cache) fn is_to_keep(&self) -> bool {
        self.book().total != self.kept.load(Ordering::Relaxed)
    }

    /// Says that the store knows of so many, or shall not.
    pub(in crate::cache) fn is_kept(&self, total: usize) {
        self.kept.store(total, Ordering::Relaxed);
    }

    /// Returns how many were judged, and what is to be stored in place of
    /// `stored`: nothing, where another process closed the tier and this one
    /// has seen no more than that one.
    pub(in crate::cache) fn to_keep(&self, stored: Option<&[u8]>) -> (usize, Option<Vec<u8>>) {
        let book = self.book();
        let knows_less = stored.and_then(read).is_some_and(|stored| {
            let closes = stored.state == TrustState::Closed && book.state != TrustState::Closed;
            closes && book.total <= stored.total
        });
        let body = (!knows_less).then(|| serde_json::to_vec(&*book).ok());
        (book.total, body.flatten())
    }
}

fn read(bytes: &[u8]) -> Option<Book> {
    let book = serde_json::from_slice::<Book>(bytes).ok();
    book.filter(|book| book.judged.len() <= WINDOW)
}

impl Book {
    /// Puts what an older one knew before what is in this one.
    fn add_older(&mut self, mut older: Book, limit: f64) {
        self.total = self.total.saturating_add(older.total);
        self.draw = self.draw.max(older.draw);
        if self.state == TrustState::Closed {
            // It was closed on evidence of this process.
            return;
        }
        older.judged.append(&mut self.judged);
        let beyond = older.judged.len().saturating_sub(WINDOW);
        older.judged.drain(..beyond);
        self.judged = older.judged;
        self.grounds = older.grounds;
        let is_closed_still = self.grounds.is_none_or(|share| share.low > limit);
        let left = match older.state {
            // The limit is higher now than what closed it.
            TrustState::Closed if !is_closed_still => TrustState::Probation,
            state => state,
        };
        let chosen = self.state;
        self.state = stricter(chosen, left);
        let share = self.wrong_share();
        let is_fresh = !self.judged.is_empty();
        if is_fresh && share.wrong >= LEAST_WRONG && share.low > limit {
            self.state = TrustState::Closed;
            self.judged.clear();
            self.grounds = Some(share);
        } else if is_fresh && left == TrustState::Trusted && share.high <= TRUSTED_WITHIN * limit {
            // It has passed the probation that it would begin with.
            self.state = TrustState::Trusted;
        }
    }
}

const fn stricter(a: TrustState, b: TrustState) -> TrustState {
    match (a, b) {
        (TrustState::Closed, _) | (_, TrustState::Closed) => TrustState::Closed,
        (TrustState::Probation, _) | (_, TrustState::Probation) => TrustState::Probation,
        (TrustState::Trusted, TrustState::Trusted) => TrustState::Trusted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::settings::{SemanticSettings, Start};

    fn trust(start: Start, max_wrong_share: f64) -> Trust {
        Trust::new(&SemanticSettings {
            start,
            max_wrong_share,
            ..SemanticSettings::default()
        })
    }

    /// Returns what a process with verdicts leaves; `true` is a wrong hit.
    fn left_by(wrong: impl IntoIterator<Item = bool>) -> Vec<u8> {
        let before = trust(Start::Trusted, 0.01);
        for is_wrong in wrong {
            let _ = before.judged(is_wrong);
        }
        before.to_keep(None).1.unwrap()
    }

    fn state_after(start: Start, limit: f64, left: &[u8]) -> TrustState {
        let after = trust(start, limit);
        let _ = after.recall(Some(left));
        after.state()
    }

    #[test]
    fn what_was_learnt_outlives_the_process() {
        let left = left_by([true, true, false]);
        let after = trust(Start::Trusted, 0.01);

        assert!(after.recall(Some(&left)));

        assert_eq!(after.state(), TrustState::Closed);
        assert_eq!(after.wrong_share().judged, 1);
        assert!(!after.is_to_keep());
        assert!(!after.recall(Some(&left_by([false]))));
        assert_eq!(after.state(), TrustState::Closed);
        assert_eq!(
            state_after(Start::Trusted, 0.01, b"{}"),
            TrustState::Trusted
        );
    }

    #[test]
    fn of_what_is_chosen_and_what_was_left_the_stricter_holds() {
        let (few, many) = (left_by([false]), left_by([false; 200]));
        let closed = left_by([true, true]);

        assert_eq!(
            state_after(Start::Probation, 0.01, &few),
            TrustState::Probation
        );
        assert_eq!(
            state_after(Start::Probation, 0.01, &many),
            TrustState::Trusted
        );
        assert_eq!(state_after(Start::Trusted, 0.01, &few), TrustState::Trusted);
        for start in [Start::Trusted, Start::Probation] {
            assert_eq!(state_after(start, 0.01, &closed), TrustState::Closed);
        }
    }

    #[test]
    fn the_limit_of_today_decides_about_what_was_left() {
        let closed = left_by([true, true]);
        // 1 of 150: low bound .2 %.
        let one_wrong = left_by((0..150).map(|at| at == 0));
        let two_wrong = left_by((0..200).map(|at| at == 100 || at == 199));

        assert_eq!(
            state_after(Start::Trusted, 0.9, &closed),
            TrustState::Probation
        );
        assert_eq!(
            state_after(Start::Trusted, 0.001, &one_wrong),
            TrustState::Trusted
        );
        assert_eq!(
            state_after(Start::Trusted, 0.001, &two_wrong),
            TrustState::Closed
        );
    }

    #[test]
    fn what_is_read_late_adds_to_what_was_judged_since() {
        let late = trust(Start::Trusted, 0.01);
        let _ = late.judged(true);

        assert!(late.recall(Some(&left_by([false, true]))));

        assert_eq!(late.state(), TrustState::Closed);
        assert_eq!(late.wrong_share().judged, 3);
        assert!(late.is_to_keep());
    }

    #[test]
    fn a_closed_book_is_replaced_by_a_thicker_one_alone() {
        let closed = left_by([true, true]);
        let other = trust(Start::Trusted, 0.01);
        let _ = other.recall(None);
        for judged in 1..=2 {
            let _ = other.judged(false);
            assert_eq!(other.to_keep(Some(&closed)), (judged, None));
        }

        let _ = other.judged(false);

        assert!(other.to_keep(Some(&closed)).1.is_some());
    }
}
