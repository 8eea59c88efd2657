use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{
    Draft, Effort, ImageSource, ModelId, ProviderName, Tool, WishedWeights, Wishes,
};

fn draft() -> Draft {
    Draft {
        messages: Some(vec![Message::text(Role::User, "How do birds fly?")]),
        ..Draft::default()
    }
}

fn read(draft: Draft) -> Option<Question> {
    read_by("alice", None, Share::Caller, draft)
}

fn read_by(caller: &str, group: Option<&str>, share: Share, draft: Draft) -> Option<Question> {
    let request = draft.check(Duration::from_secs(50)).unwrap();
    let asked = Asked {
        request: &request,
        caller: &Caller::new(caller),
        group,
        named: None,
        door: Door::Mcp,
    };
    Question::read(&asked, share, &[Door::Mcp])
}

/// A request as a handful of choices, each of which must keep answers apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shape {
    caller: u8,
    system: u8,
    history: u8,
    format: u8,
    max_tokens: u8,
    temperature: u8,
    seed: u8,
    top_p: u8,
    top_k: u8,
    may_think: u8,
    stop: u8,
    effort: u8,
    wishes: u8,
}

fn shape() -> impl Strategy<Value = Shape> {
    proptest::collection::vec(0_u8..3, 13).prop_map(|choices| {
        let mut choices = choices.into_iter();
        let mut next = || choices.next().unwrap_or_default();
        Shape {
            caller: next(),
            system: next(),
            history: next(),
            format: next(),
            max_tokens: next(),
            temperature: next(),
            seed: next(),
            top_p: next(),
            top_k: next(),
            may_think: next() % 2,
            stop: next(),
            effort: next(),
            wishes: next(),
        }
    })
}

fn question(shape: &Shape) -> Question {
    let mut messages = Vec::new();
    if shape.history > 0 {
        messages.push(Message::text(Role::User, "Hello there"));
        let said = if shape.history == 1 { "Hi" } else { "Yes?" };
        messages.push(Message::text(Role::Assistant, said));
    }
    messages.push(Message::text(
        Role::User,
        "How do large birds manage to fly?",
    ));
    let draft = Draft {
        system: [
            None,
            Some("Be brief".to_owned()),
            Some("Be long".to_owned()),
        ][usize::from(shape.system)]
        .clone(),
        messages: Some(messages),
        response_format: match shape.format {
            0 => None,
            1 => Some(ResponseFormat::JsonObject),
            _ => Some(ResponseFormat::JsonSchema {
                name: "a".to_owned(),
                schema: json!({"type": "object"}),
                strict: true,
            }),
        },
        max_tokens: [None, Some(10), Some(11)][usize::from(shape.max_tokens)],
        temperature: [None, Some(0.0), Some(0.5)][usize::from(shape.temperature)],
        seed: [None, Some(0), Some(-1)][usize::from(shape.seed)],
        top_p: [None, Some(0.5), Some(1.0)][usize::from(shape.top_p)],
        top_k: [None, Some(1), Some(2)][usize::from(shape.top_k)],
        may_think: shape.may_think > 0,
        stop: [
            vec![],
            vec!["ab".to_owned()],
            vec!["a".to_owned(), "b".to_owned()],
        ][usize::from(shape.stop)]
        .clone(),
        effort: [None, Some(Effort::None), Some(Effort::Low)][usize::from(shape.effort)],
        requirements: Wishes {
            low_cost: [None, Some(true), None][usize::from(shape.wishes)],
            providers: [None, None, Some(vec!["openai".to_owned()])][usize::from(shape.wishes)]
                .clone(),
            ..Wishes::default()
        },
        ..Draft::default()
    };
    let caller = ["alice", "bob", "alice2"][usize::from(shape.caller)];
    read_by(caller, Some("team"), Share::Caller, draft).unwrap()
}

proptest! {
    /// Two requests share a scope if, and only if, all that shapes the answer
    /// is the same and the same caller asks.
    #[test]
    fn scopes_part_all_that_differs(shapes in proptest::collection::vec(shape(), 2..24)) {
        let mut scopes: HashMap<CacheScope, Shape> = HashMap::new();
        for shape in shapes {
            let scope = question(&shape).scope;
            prop_assert_eq!(question(&shape).scope, scope);
            let first = scopes.entry(scope).or_insert_with(|| shape.clone());
            prop_assert_eq!(&*first, &shape);
        }
    }

    /// Whatever callers are called, none shares with another.
    #[test]
    fn two_callers_never_share(one in "[a-z0-9._@-]{1,12}", two in "[a-z0-9._@-]{1,12}") {
        prop_assume!(one != two);
        let scope = |caller: &str, share| {
            read_by(caller, Some("team"), share, draft()).unwrap().scope
        };

        prop_assert_ne!(scope(&one, Share::Caller), scope(&two, Share::Caller));
        prop_assert_eq!(scope(&one, Share::Group), scope(&two, Share::Group));
        prop_assert_eq!(scope(&one, Share::Everyone), scope(&two, Share::Everyone));
    }
}

#[test]
fn who_is_in_no_group_shares_with_nobody() {
    let scope = |caller, group| read_by(caller, group, Share::Group, draft()).unwrap().scope;

    assert_ne!(scope("alice", None), scope("bob", None));
    assert_ne!(scope("alice", None), scope("alice", Some("alice")));
    assert_ne!(scope("team", None), scope("bob", Some("team")));
}

#[test]
fn the_prompt_is_no_part_of_the_scope() {
    let one = read(draft()).unwrap();
    let two = read(Draft {
        messages: Some(vec![Message::text(
            Role::User,
            "  HOW do birds fly, please?",
        )]),
        ..Draft::default()
    })
    .unwrap();
    let other = read(Draft {
        messages: Some(vec![Message::text(Role::User, "How do fish swim?")]),
        ..Draft::default()
    })
    .unwrap();

    assert_eq!(one.place(), two.place());
    assert_eq!(one.scope, other.scope);
    assert_ne!(one.key, other.key);
}

#[test]
fn equal_wishes_are_one_scope_however_they_are_written() {
    let scope = |quality, cost, providers: &[&str]| {
        let draft = Draft {
            requirements: Wishes {
                weights: Some(WishedWeights {
                    quality: Some(quality),
                    cost: Some(cost),
                    latency: None,
                    reliability: None,
                }),
                providers: Some(providers.iter().map(|name| (*name).to_owned()).collect()),
                ..Wishes::default()
            },
            ..draft()
        };
        read(draft).unwrap().scope
    };

    assert_eq!(
        scope(1.0, 3.0, &["openai", "google"]),
        scope(0.25, 0.75, &["google", "openai"])
    );
    assert_ne!(scope(1.0, 3.0, &["openai"]), scope(1.0, 2.0, &["openai"]));
}

#[test]
fn what_may_not_be_cached_is_not() {
    let last = |part| Draft {
        messages: Some(vec![Message {
            role: Role::User,
            content: vec![ContentPart::Text("What is this?".to_owned()), part],
        }]),
        ..Draft::default()
    };
    let image = ContentPart::Image(ImageSource::Url("https://example.com/a.png".to_owned()));
    let drafts = [
        Draft {
            cache: CacheMode::Bypass,
            ..draft()
        },
        Draft {
            temperature: Some(0.71),
            ..draft()
        },
        Draft {
            tools: vec![Tool {
                name: "t".to_owned(),
                description: None,
                parameters: json!({"type": "object"}),
                strict: false,
                kept: None,
            }],
            ..draft()
        },
        last(image),
        Draft {
            messages: Some(vec![Message::text(Role::User, "What time is it?")]),
            ..Draft::default()
        },
        Draft {
            messages: Some(vec![Message::text(Role::User, "word ".repeat(60_000))]),
            ..Draft::default()
        },
    ];
    for (at, draft) in drafts.into_iter().enumerate() {
        assert!(read(draft).is_none(), "{at}");
    }
    let exact = Draft {
        cache: CacheMode::Exact,
        temperature: Some(1.2),
        ..draft()
    };
    assert_eq!(read(exact).unwrap().tier, Tier::Exact);
}

#[test]
fn only_the_named_doors_lead_to_the_semantic_tier() {
    let request = draft().check(Duration::from_secs(50)).unwrap();
    let tier = |door| {
        let asked = Asked {
            request: &request,
            caller: &Caller::new("alice"),
            group: None,
            named: None,
            door,
        };
        Question::read(&asked, Share::Caller, &[Door::Mcp])
            .unwrap()
            .tier
    };

    assert_eq!(tier(Door::Mcp), Tier::Semantic);
    assert_eq!(tier(Door::V1), Tier::Exact);
}

#[test]
fn a_stand_in_is_no_answer_of_the_named_model() {
    let mut question = read(draft()).unwrap();
    question.named = Some("groq/openai/gpt-oss-20b".to_owned());
    let answered = |provider: &str, model: &str| {
        question.is_answered_by(&Answer {
            target: crate::domain::Target {
                provider: ProviderName::new(provider),
                model: ModelId::new(model),
                effort: None,
            },
            ..super::super::answer::tests::answer("x")
        })
    };

    assert!(answered("groq", "openai/gpt-oss-20b"));
    assert!(!answered("openai", "gpt-oss-20b"));
    assert!(!answered("groq", "gpt-oss-20b"));
}

#[test]
fn parts_of_a_text_are_not_one_word() {
    let key = |parts: &[&str]| {
        let content = parts.iter();
        let content = content.map(|part| ContentPart::Text((*part).to_owned()));
        let message = Message {
            role: Role::User,
            content: content.collect(),
        };
        let question = read(Draft {
            messages: Some(vec![message]),
            ..Draft::default()
        });
        question.expect("it may be cached").key
    };

    let apart = key(&["Is 1", "2 prime in maths?"]);

    assert_ne!(apart, key(&["Is 12 prime in maths?"]));
    assert_eq!(apart, key(&["Is 1", "2 prime in maths?"]));
    assert_ne!(apart, key(&["Is", "1 2 prime in maths?"]));
}
