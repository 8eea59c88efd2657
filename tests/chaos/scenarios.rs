//! The scenarios that run in virtual time and over real sockets alike.

use vendor_sim::Fault;

use crate::scenario::{
    ALWAYS, Check, Door, Load, Pace, Scenario, Sky, Spell, Who, between, from, millis, secs, spell,
    throttled,
};

/// All ways to ask.
const DOORS: &[Door] = &[Door::Mcp, Door::V1, Door::V1Stream];

/// Those whose answers come at once, so that any failure leaves time for
/// another vendor.
const WHOLE: &[Door] = &[Door::Mcp, Door::V1];

/// Calls that come at their own pace and leave the choice to the gateway.
const fn steady(per_second: u32, calls: usize) -> Load {
    Load {
        calls,
        pace: Pace::PerSecond(per_second),
        doors: DOORS,
        model: "auto",
        timeout: secs(50),
    }
}

/// The same, of a model whose vendor is asked first whenever it can be.
const fn faithful(per_second: u32, calls: usize) -> Load {
    Load {
        model: "openai/gpt-6-luna",
        ..steady(per_second, calls)
    }
}

/// All are well: what the next one is compared with.
pub(crate) fn well() -> Scenario {
    Scenario {
        name: "all are well",
        weather: Vec::new(),
        checks: vec![
            Check::Answered(ALWAYS, 1.0),
            Check::AttemptsPerCall(1.0),
            Check::Bill,
        ],
        ..black_hole()
    }
}

/// One vendor accepts and never answers, the others fail now and then.
pub(crate) fn black_hole() -> Scenario {
    Scenario {
        name: "black hole, others failing 5 %",
        seed: 4711,
        load: Load {
            pace: Pace::Clients(20),
            doors: WHOLE,
            ..steady(0, 2_000)
        },
        weather: hole_among_failing(),
        checks: vec![Check::Answered(ALWAYS, 0.999), Check::AttemptsPerCall(1.2)],
    }
}

/// The same for streams. What fails when text is out cannot be answered by
/// another: one in 27 of 5 % does in this mixture.
pub(crate) fn black_hole_streamed() -> Scenario {
    Scenario {
        name: "black hole, others failing 5 %, streamed",
        load: Load {
            pace: Pace::Clients(20),
            doors: &[Door::V1Stream],
            ..steady(0, 1_000)
        },
        checks: vec![Check::Answered(ALWAYS, 0.993), Check::AttemptsPerCall(1.2)],
        ..black_hole()
    }
}

fn hole_among_failing() -> Vec<Spell> {
    vec![
        spell(secs(0), Who::Favourite, Sky::Always(Fault::Hang)),
        spell(secs(0), Who::Others, Sky::Mixed(0.05)),
    ]
}

/// One vendor refuses connections, the others fail now and then.
pub(crate) fn refusing() -> Scenario {
    Scenario {
        name: "one refuses connections, others failing 5 %",
        seed: 4712,
        load: Load {
            doors: WHOLE,
            ..faithful(50, 1_000)
        },
        weather: vec![
            spell(secs(0), Who::Favourite, Sky::Always(Fault::Down)),
            spell(secs(0), Who::Others, Sky::Mixed(0.05)),
        ],
        checks: vec![
            Check::Answered(ALWAYS, 0.999),
            Check::Attempts(from(5), 0.01),
        ],
    }
}

/// One vendor accepts and never answers, the others are well.
pub(crate) fn hanging() -> Scenario {
    Scenario {
        name: "one hangs",
        seed: 4713,
        load: faithful(30, 1_800),
        // Within the time between two free questions.
        weather: vec![spell(secs(20), Who::Favourite, Sky::Always(Fault::Hang))],
        checks: vec![
            Check::Answered(ALWAYS, 1.0),
            // The wait for first content, and a second.
            Check::Took(between(20, 32), 0.99, secs(11)),
            // A fifth more than the slowest answer of a vendor that is well.
            Check::Took(from(32), 1.0, millis(180)),
            Check::Attempts(from(32), 0.0),
        ],
    }
}

/// One vendor becomes ten times slower, which is no failure.
pub(crate) fn slow() -> Scenario {
    Scenario {
        name: "one is ten times slower",
        seed: 4714,
        load: faithful(30, 600),
        weather: vec![spell(secs(5), Who::Favourite, Sky::Slow(10))],
        checks: vec![
            Check::Answered(ALWAYS, 1.0),
            Check::Trips(0),
            Check::AttemptsPerCall(1.0),
            Check::Bill,
        ],
    }
}

/// One vendor sends a byte a second.
pub(crate) fn dripping() -> Scenario {
    Scenario {
        name: "one drips",
        seed: 4715,
        load: faithful(10, 400),
        weather: vec![spell(
            secs(0),
            Who::Favourite,
            Sky::Always(Fault::Drip { gap_ms: 1_000 }),
        )],
        checks: vec![
            Check::Answered(ALWAYS, 0.999),
            // An attempt lasts 25 s at most while another vendor is left.
            Check::Attempts(from(30), 0.05),
        ],
    }
}

/// One vendor is up for five seconds and down for five.
pub(crate) fn flapping() -> Scenario {
    let turns = (0..12).flat_map(|turn| {
        [
            spell(secs(10 * turn), Who::Favourite, Sky::Clear),
            spell(
                secs(10 * turn + 5),
                Who::Favourite,
                Sky::Always(Fault::Status { status: 500 }),
            ),
        ]
    });
    Scenario {
        name: "one flaps, 5 s up and 5 s down",
        seed: 4716,
        load: faithful(10, 1_200),
        weather: turns.collect(),
        checks: vec![Check::Answered(ALWAYS, 0.995), Check::Trips(6), Check::Bill],
    }
}

/// Every vendor throttles for ten seconds and says for how long.
pub(crate) fn storm() -> Scenario {
    Scenario {
        name: "429 from all for 10 s, retry-after 2 s",
        seed: 4717,
        load: Load {
            doors: WHOLE,
            ..steady(20, 400)
        },
        weather: vec![
            spell(secs(0), Who::All, Sky::Always(throttled("2"))),
            spell(secs(10), Who::All, Sky::Clear),
        ],
        checks: vec![
            Check::Refused(&["provider_rate_limited"]),
            Check::SaysWhen(between(0, 12)),
            // The last 2 s and a tenth of them, and a second.
            Check::Recovered(secs(10)..millis(13_200)),
            Check::Answered(from(14), 1.0),
            Check::Bill,
        ],
    }
}

/// One vendor's key is refused for a while.
pub(crate) fn revoked() -> Scenario {
    let mut scenario = key(
        "a key is revoked and comes back",
        4718,
        Fault::Status { status: 401 },
    );
    // Asking for the list of models tells that a key is good again.
    scenario.checks.push(Check::Back(between(15, 75)));
    scenario
}

/// One vendor's account has no money for a while. Nothing but a call would
/// tell that it has again, so that is not tried within a minute.
pub(crate) fn penniless() -> Scenario {
    key("a quota is used up and filled", 4719, Fault::QuotaExhausted)
}

fn key(name: &'static str, seed: u64, fault: Fault) -> Scenario {
    Scenario {
        name,
        seed,
        load: faithful(5, 400),
        weather: vec![
            spell(secs(5), Who::Favourite, Sky::Always(fault)),
            spell(secs(15), Who::Favourite, Sky::Clear),
        ],
        checks: vec![
            Check::Answered(ALWAYS, 1.0),
            // One call meets it; others may be under way.
            Check::Attempts(between(6, 15), 0.0),
            Check::Bill,
        ],
    }
}

/// Nobody can be reached for a minute.
pub(crate) fn all_down() -> Scenario {
    Scenario {
        name: "all are down, and up again",
        seed: 4720,
        load: steady(15, 750),
        weather: vec![
            spell(secs(0), Who::All, Sky::Always(Fault::Down)),
            spell(secs(40), Who::All, Sky::Clear),
        ],
        checks: vec![
            Check::Refused(&["provider_unavailable"]),
            Check::SaysWhen(between(1, 40)),
            Check::Took(between(0, 40), 1.0, millis(50)),
            Check::Recovered(between(40, 46)),
            Check::Answered(from(47), 1.0),
            Check::Bill,
        ],
    }
}

/// Everybody accepts and nobody answers.
pub(crate) fn all_hanging() -> Scenario {
    Scenario {
        name: "all hang, and answer again",
        seed: 4721,
        load: Load {
            timeout: secs(12),
            ..steady(10, 500)
        },
        weather: vec![
            spell(secs(0), Who::All, Sky::Always(Fault::Hang)),
            spell(secs(35), Who::All, Sky::Clear),
        ],
        checks: vec![
            Check::Refused(&[
                "gateway_timeout",
                "provider_timeout",
                "provider_unavailable",
            ]),
            Check::Recovered(between(35, 41)),
            Check::Answered(from(47), 1.0),
        ],
    }
}
