//! A few sessions of the model, and whose turn it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::domain::EmbedderError;

/// How long a caller waits for its turn. Chosen: a few short texts (10 tokens
/// take 2.5 ms, 128 take 34, measured 2026-11-26 without AVX-512); whoever
/// waits longer is better off without a vector.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// One instance of a model, used by one caller at a time.
pub(super) trait Session: Send + 'static {
    /// Returns the vector of a text. Takes milliseconds of a processor.
    ///
    /// # Errors
    /// [`EmbedderError::Blank`] or [`EmbedderError::Failed`].
    fn embed(&mut self, text: &str) -> Result<Arc<[f32]>, EmbedderError>;
}

/// The sessions of a model.
pub(super) struct Pool<S>(Arc<Inner<S>>);

struct Inner<S> {
    /// As many permits as sessions; closed when none is left.
    turns: Arc<Semaphore>,
    idle: Mutex<Sessions<S>>,
    make: Box<dyn Fn() -> Result<S, String> + Send + Sync>,
}

struct Sessions<S> {
    idle: Vec<S>,
    /// Those in use included.
    count: u32,
}

impl<S: Session> Pool<S> {
    /// Makes a pool of `count` sessions. Takes about 0.1 seconds for each.
    ///
    /// # Errors
    /// What `make` says.
    pub(super) fn try_new(
        count: u32,
        make: impl Fn() -> Result<S, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let idle: Result<Vec<S>, String> = (0..count).map(|_| make()).collect();
        let idle = idle?;
        Ok(Self(Arc::new(Inner {
            turns: Arc::new(Semaphore::new(idle.len())),
            idle: Mutex::new(Sessions { idle, count }),
            make: Box::new(make),
        })))
    }

    /// Tells whether every session is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.0.turns.is_closed()
    }

    /// Returns the vector of a text.
    ///
    /// A caller that gives up does not stop a session that works for it; its
    /// turn ends when that is done.
    ///
    /// # Errors
    /// [`EmbedderError::Busy`] if all sessions stay busy, or what the session
    /// says.
    pub(super) async fn embed(&self, text: String) -> Result<Arc<[f32]>, EmbedderError> {
        let turn = Arc::clone(&self.0.turns).acquire_owned();
        let turn = timeout(LONGEST_WAIT, turn).await;
        let turn = turn.map_err(|_| EmbedderError::Busy)?;
        let turn = turn.map_err(|_| EmbedderError::NotReady)?;
        let inner = Arc::clone(&self.0);
        let work = spawn_blocking(move || inner.run(turn, &text));
        work.await.map_err(|_| EmbedderError::NotReady)?
    }
}

impl<S: Session> Inner<S> {
    /// Embeds with a session that is free, for the turn says that there is
    /// one.
    fn run(&self, turn: OwnedSemaphorePermit, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
        let Some(mut session) = self.sessions().idle.pop() else {
            debug_assert!(false, "more turns than sessions");
            return Err(EmbedderError::Busy);
        };
        // A session that panicked is thrown away and never used again.
        let vector = catch_unwind(AssertUnwindSafe(|| session.embed(text)));
        if let Ok(vector) = vector {
            self.sessions().idle.push(session);
            drop(turn);
            return vector;
        }
        let fresh = catch_unwind(AssertUnwindSafe(move || {
            drop(session);
            (self.make)()
        }));
        match fresh {
            Ok(Ok(fresh)) => self.sessions().idle.push(fresh),
            fault => self.lose(turn, fault.ok().and_then(Result::err)),
        }
        Err(EmbedderError::Failed("it panicked".to_owned()))
    }

    /// Goes on without a session that could not be replaced.
    fn lose(&self, turn: OwnedSemaphorePermit, reason: Option<String>) {
        turn.forget();
        let left = {
            let mut sessions = self.sessions();
            sessions.count = sessions.count.saturating_sub(1);
            sessions.count
        };
        if left == 0 {
            self.turns.close();
        }
        let reason = reason.unwrap_or_else(|| "it panicked".to_owned());
        tracing::warn!(reason, left, "a session of the embedding model is lost");
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions<S>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Panics at `panic`, waits for a word at `wait`, and returns its number
    /// otherwise.
    struct Fake {
        number: u32,
        go_on: Arc<Mutex<Receiver<()>>>,
    }

    impl Session for Fake {
        fn embed(&mut self, text: &str) -> Result<Arc<[f32]>, EmbedderError> {
            match text {
                "panic" => panic!("the text wanted it"),
                "wait" => self.go_on.lock().unwrap().recv().unwrap(),
                _ => {}
            }
            Ok([self.number as f32].into())
        }
    }

    /// Returns a pool whose sessions can be made `most` times, and what lets
    /// waiting ones go on.
    fn pool(sessions: u32, most: u32) -> (Arc<Pool<Fake>>, Sender<()>) {
        let (sender, receiver) = channel();
        let go_on = Arc::new(Mutex::new(receiver));
        let made = AtomicU32::new(0);
        let pool = Pool::try_new(sessions, move || {
            let number = made.fetch_add(1, Ordering::Relaxed);
            let go_on = Arc::clone(&go_on);
            let session = (number < most).then_some(Fake { number, go_on });
            session.ok_or_else(|| "there are no more".to_owned())
        });
        (Arc::new(pool.unwrap()), sender)
    }

    async fn number(pool: &Pool<Fake>, text: &str) -> Result<f32, EmbedderError> {
        let vector = pool.embed(text.to_owned()).await?;
        Ok(vector[0])
    }

    /// Asks for a vector that comes when it is let go on, and waits until a
    /// session is at it.
    async fn occupy(pool: &Arc<Pool<Fake>>) -> tokio::task::JoinSet<Result<f32, EmbedderError>> {
        let left = pool.0.turns.available_permits() - 1;
        let mut tasks = tokio::task::JoinSet::new();
        let own = Arc::clone(pool);
        tasks.spawn(async move { number(&own, "wait").await });
        while pool.0.turns.available_permits() > left {
            tokio::task::yield_now().await;
        }
        tasks
    }

    #[test]
    fn a_session_that_cannot_be_made_makes_no_pool() {
        let pool = Pool::<Fake>::try_new(2, || Err("no".to_owned()));

        assert_eq!(pool.err(), Some("no".to_owned()));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_that_it_is_busy() {
        let (pool, go_on) = pool(1, 1);
        let mut first = occupy(&pool).await;

        let busy = number(&pool, "x").await;
        go_on.send(()).unwrap();

        assert_eq!(busy, Err(EmbedderError::Busy));
        assert_eq!(first.join_next().await.unwrap().unwrap(), Ok(0.0));
        assert_eq!(number(&pool, "x").await, Ok(0.0));
    }

    #[tokio::test]
    async fn a_caller_that_leaves_does_not_give_its_turn_away() {
        let (pool, go_on) = pool(1, 1);
        let mut first = occupy(&pool).await;
        first.shutdown().await;

        let busy = number(&pool, "x").await;
        go_on.send(()).unwrap();
        while pool.0.turns.available_permits() == 0 {
            tokio::task::yield_now().await;
        }

        assert_eq!(busy, Err(EmbedderError::Busy));
        assert_eq!(number(&pool, "x").await, Ok(0.0));
    }

    #[tokio::test]
    async fn a_session_that_panics_is_replaced() {
        let (pool, _go_on) = pool(1, 2);

        let failed = number(&pool, "panic").await;

        assert!(
            matches!(failed, Err(EmbedderError::Failed(_))),
            "{failed:?}"
        );
        assert_eq!(number(&pool, "x").await, Ok(1.0));
        assert!(!pool.is_lost());
    }

    #[tokio::test]
    async fn the_last_session_that_cannot_be_replaced_ends_the_pool() {
        let (pool, _go_on) = pool(2, 2);

        for (lost, is_lost) in [(1, false), (2, true)] {
            let failed = number(&pool, "panic").await;

            assert!(
                matches!(failed, Err(EmbedderError::Failed(_))),
                "{failed:?}"
            );
            assert_eq!(pool.is_lost(), is_lost, "after {lost}");
            assert_eq!(number(&pool, "x").await.is_err(), is_lost, "after {lost}");
        }
        assert_eq!(number(&pool, "x").await, Err(EmbedderError::NotReady));
    }
}
