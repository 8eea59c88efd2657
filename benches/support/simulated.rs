//! The simulated vendors as a process, and a gateway before them.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use vendor_sim::{Fault as VendorFault, Profile, Simulator, Vendor};

use crate::Fault;
use crate::process::{Program, Server, announce};
use crate::question::{End, Question};
use crate::vendors;

/// Plays the vendors until the process is killed.
pub(crate) fn serve(seed: u64) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let simulator = Simulator::starting_at(seed, unix_seconds());
        let server = vendor_sim::Server::start(simulator).await?;
        announce(server.address())?;
        std::future::pending::<()>().await;
        Ok(())
    })
}

/// The machine's time, which dates in answers shall agree with.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is no part of the gateway, whose time comes from the Clock port"
)]
fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A client that keeps its connections.
pub(crate) fn client() -> Result<reqwest::Client, Fault> {
    // Only the first call installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    Ok(client.build()?)
}

/// The vendors, and a gateway with the keys of all.
pub(crate) struct City {
    pub(crate) gateway: Server,
    pub(crate) client: reqwest::Client,
    vendors: Server,
    /// Where the gateway is: `http://127.0.0.1:4000`.
    base: String,
}

impl City {
    /// Starts both, the gateway with more in its environment.
    pub(crate) async fn start(seed: u64, extra: &[(&'static str, &str)]) -> Result<Self, Fault> {
        let vendors = Program {
            path: std::env::current_exe()?,
            arguments: ["--role", "vendors", &seed.to_string()]
                .map(str::to_owned)
                .into(),
            environment: Vec::new(),
            cpu: None,
        };
        let vendors = vendors.start().await?;
        let mut environment = vendors::environment(&vendors.address.to_string());
        environment.extend([
            ("PORT", "0".to_owned()),
            ("DATABASE_URL", "memory:".to_owned()),
            // Each call is to meet a vendor.
            ("GATEWAY__CACHE__ENABLED", "false".to_owned()),
            ("GATEWAY__ROUTING__EXPLORATION_SHARE", "0".to_owned()),
            // It must still say where it listens.
            ("RUST_LOG", "off,ai_gateway::app=info".to_owned()),
            // Without one nothing is ever set aside.
            (
                "GATEWAY__LIMITS__DEFAULT",
                "{budget_usd: 1000000, budget_window: total}".to_owned(),
            ),
        ]);
        environment.extend(extra.iter().map(|(name, value)| (*name, value.to_string())));
        let gateway = Program {
            path: PathBuf::from(env!("CARGO_BIN_EXE_ai-gateway-mcp")),
            arguments: Vec::new(),
            environment,
            cpu: None,
        };
        let gateway = gateway.start().await?;
        Ok(Self {
            base: format!("http://{}", gateway.address),
            gateway,
            client: client()?,
            vendors,
        })
    }

    /// Says how a vendor does from now on.
    pub(crate) async fn order(
        &self,
        vendor: Vendor,
        profile: &Profile,
        standing: Option<&VendorFault>,
    ) -> Result<(), Fault> {
        let order = json!({"vendor": vendor, "profile": profile, "standing": standing});
        let url = format!("http://{}/_sim/faults", self.vendors.address);
        let sent = self.client.post(url).body(order.to_string()).send().await?;
        sent.error_for_status()?;
        Ok(())
    }

    /// Returns what the vendors have counted, by their names.
    pub(crate) async fn counts(&self) -> Result<Value, Fault> {
        let url = format!("http://{}/_sim/stats", self.vendors.address);
        let text = self.client.get(url).send().await?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Puts a question and reads the answer.
    pub(crate) async fn ask(&self, question: &Question) -> End {
        match self.exchange(question).await {
            Ok(end) => end,
            Err(fault) => End::Wrong(fault.to_string()),
        }
    }

    async fn exchange(&self, question: &Question) -> Result<End, Fault> {
        let response = self.client.execute(self.request(question)?).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await?;
        Ok(question.read(status, &headers, &body))
    }

    /// Puts a question into HTTP.
    pub(crate) fn request(&self, question: &Question) -> Result<reqwest::Request, Fault> {
        let request = question.request(&self.base, reqwest::Body::from)?;
        Ok(reqwest::Request::try_from(request)?)
    }

    /// Calls a tool and returns its structured content.
    pub(crate) async fn tool(&self, name: &str, arguments: &Value) -> Result<Value, Fault> {
        let params = json!({"name": name, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let request = self
            .client
            .post(format!("{}/mcp", self.base))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(call.to_string());
        let text = request.send().await?.text().await?;
        let answer: Value = serde_json::from_str(&text)?;
        let content = answer.pointer("/result/structuredContent").cloned();
        content.ok_or_else(|| format!("{name}: {text}").into())
    }

    /// Returns the calls that the gateway has in flight.
    pub(crate) async fn in_flight(&self) -> Result<u64, Fault> {
        let url = format!("{}/metrics", self.base);
        let text = self.client.get(url).send().await?.text().await?;
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix("gateway_calls_in_flight "));
        Ok(count.ok_or("the metrics lack calls in flight")?.parse()?)
    }

    /// Compares the tokens in the gateway's ledger with what a vendor has
    /// counted.
    pub(crate) async fn bill(&self, vendors: &[Vendor]) -> Result<Result<String, String>, Fault> {
        let counts = self.counts().await?;
        let usage = self
            .tool("get_usage_metrics", &json!({"time_range": "1h"}))
            .await?;
        let mut total = 0;
        for vendor in vendors {
            let name = vendor.name();
            let billed = counts.pointer(&format!("/{name}/billed"));
            let models = billed.and_then(Value::as_object).into_iter().flatten();
            let billed = models.fold([0; 5], |sum, (_, tokens)| {
                let count = |class: &str| tokens.get(class).and_then(Value::as_u64).unwrap_or(0);
                let written = count("cache_write") + count("cache_write_1h");
                let more = [
                    count("input"),
                    count("cache_read"),
                    written,
                    count("output"),
                    count("reasoning"),
                ];
                add(sum, more)
            });
            let tokens = usage.pointer(&format!("/provider_breakdown/{name}/tokens"));
            let count = |class: &str| {
                let count = tokens.and_then(|tokens| tokens.get(class));
                count.and_then(Value::as_u64).unwrap_or(0)
            };
            let entered = [
                count("input"),
                count("cached_input"),
                count("cache_write"),
                count("output"),
                count("reasoning"),
            ];
            if billed != entered {
                let words = format!("{name} bills {billed:?}, the ledger has {entered:?}");
                return Ok(Err(words));
            }
            total += billed.iter().sum::<u64>();
        }
        Ok(Ok(format!("ledger = bill, {total} tokens")))
    }
}

fn add<const N: usize>(one: [u64; N], other: [u64; N]) -> [u64; N] {
    let mut sum = one;
    for (sum, more) in sum.iter_mut().zip(other) {
        *sum += more;
    }
    sum
}
