//! Every order in which three processes may read, fold and write.

use super::*;

/// What a process is about to do with what it has read.
#[derive(Clone, Default)]
enum Next {
    #[default]
    Read,
    Fold(Fold),
    Save,
}

#[derive(Clone)]
struct Process {
    state: RouterState,
    next: Next,
    rounds: u32,
}

impl Process {
    fn new(name: u128) -> Self {
        Self {
            state: RouterState::new(name),
            next: Next::default(),
            rounds: 0,
        }
    }

    fn step(&mut self, table: &mut Table, now: Timestamp) {
        self.next = match std::mem::take(&mut self.next) {
            Next::Read => match table.read(&mut self.state, now) {
                Some(fold) => Next::Fold(fold),
                None => Next::Save,
            },
            Next::Fold(fold) => {
                table.fold(&fold, now);
                Next::Save
            }
            Next::Save => {
                table.save(&mut self.state, now);
                self.rounds += 1;
                Next::Read
            }
        };
    }
}

/// Goes every way from here, and returns how many there are.
fn walk(table: &Table, processes: &[Process], now: Timestamp, wanted: f64) -> usize {
    let mut ways = 0;
    for (place, process) in processes.iter().enumerate() {
        if process.rounds == 1 {
            continue;
        }
        let (mut table, mut processes) = (table.clone(), processes.to_vec());
        processes[place].step(&mut table, now);
        ways += walk(&table, &processes, now, wanted);
    }
    if ways > 0 {
        return ways;
    }
    let mut last = RouterState::new(9 << 64);
    table.read(&mut last, now);
    assert_answers(&last, now, wanted);
    assert_eq!(last.feedback().len(), 6);
    // Each sees the same when it reads again, and has nothing left to say.
    for process in processes {
        let mut state = process.state.clone();
        assert_eq!(state.unsaved_since(), None);
        table.read(&mut state, now);
        assert_answers(&state, now, wanted);
    }
    1
}

/// All three were silent for two days; two have learned something since.
#[test]
fn in_every_order_of_reading_folding_and_writing_nothing_is_lost() {
    let mut table = Table::default();
    let mut processes = [1 << 64, 2 << 64, 3 << 64].map(Process::new);
    for (call, process) in (0..).zip(&mut processes) {
        learn(&mut process.state, day(0));
        process.state.take(feedback(call, 0.5, day(0)), day(0));
        table.save(&mut process.state, day(0));
    }
    // Somebody who is gone.
    let mut gone = RouterState::new(4 << 64);
    learn(&mut gone, day(0));
    gone.take(feedback(10, 0.5, day(0)), day(0));
    table.save(&mut gone, day(0));
    for (call, process) in (20..).zip(&mut processes[..2]) {
        learn(&mut process.state, day(2));
        process.state.take(feedback(call, 0.5, day(2)), day(2));
    }

    let ways = walk(
        &table,
        &processes,
        day(2),
        2.0 + 4.0 * (-2.0_f64 / 7.0).exp2(),
    );

    // Three processes of three steps, some of which have nothing to fold.
    assert!(ways > 1_000, "{ways}");
}
