//! The gateway as an MCP server: tools and a prompt over rmcp.

mod error;
mod progress;
mod prompt;
mod report;
mod schema;
mod tools;

use std::sync::Arc;
use std::time::Duration;

use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
    CustomRequest, CustomResult, ErrorCode, ErrorData, GetPromptRequestParams, GetPromptResponse,
    Implementation, InitializeRequestParams, ListPromptsResult, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

pub use prompt::Prompts;

use self::progress::Progress;
use crate::domain::Caller;
use crate::gateway::Gateway;

/// The version that the server tells its clients.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long clients may keep the lists of tools and prompts.
const LIST_TTL_MS: u64 = 300_000;

/// Answers MCP requests. Cheap to clone: rmcp clones it for every request.
#[derive(Clone)]
pub struct McpHandler {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: Arc<Gateway>,
    prompts: Prompts,
    tools: Vec<Tool>,
    config: ServerConfig,
    server_info: Value,
    started: Instant,
}

impl McpHandler {
    /// Makes a handler; tools and schemas are built here, once.
    pub fn new(gateway: Arc<Gateway>, prompts: Prompts) -> Self {
        let server = Implementation::new("ai-gateway-mcp", VERSION).with_title("AI gateway");
        let server_info = serde_json::to_value(&server).unwrap_or_default();
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .build();
        let config = ServerConfig::new(capabilities)
            .with_server_info(server)
            .with_instructions(prompts.instructions.clone());
        let tools = tools::definitions();
        let started = Instant::now();
        Self {
            inner: Arc::new(Inner {
                gateway,
                prompts,
                tools,
                config,
                server_info,
                started,
            }),
        }
    }

    fn gateway(&self) -> &Gateway {
        &self.inner.gateway
    }

    fn uptime(&self) -> Duration {
        self.inner.started.elapsed()
    }
}

impl ServerHandler for McpHandler {
    fn get_info(&self) -> ServerConfig {
        self.inner.config.clone()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.inner
            .tools
            .iter()
            .find(|tool| tool.name == name)
            .cloned()
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut list = ListToolsResult::with_all_items(self.inner.tools.clone());
        if is_modern(&context) {
            (list.ttl_ms, list.cache_scope) = (Some(LIST_TTL_MS), Some(CacheScope::Public));
        }
        Ok(list)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let progress = Progress::of(&context);
        let call = tools::call(self, &request.name, &caller, arguments, progress);
        // rmcp does not drop a handler whose client has left; dropping the
        // call here cancels the vendor's work and settles what it used.
        let result = tokio::select! {
            result = call => result,
            () = context.ct.cancelled() => {
                return Err(ErrorData::internal_error("the client left", None));
            }
        };
        let mut result = result.ok_or_else(|| {
            let message = format!("unknown tool: {}", shortened(&request.name));
            ErrorData::invalid_params(message, None)
        })?;
        if is_modern(&context) {
            let meta = result.meta.get_or_insert_default();
            meta.insert(
                "io.modelcontextprotocol/serverInfo".to_owned(),
                self.inner.server_info.clone(),
            );
        }
        Ok(CallToolResponse::Complete(result))
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut list = ListPromptsResult::with_all_items(vec![prompt::definition()]);
        if is_modern(&context) {
            (list.ttl_ms, list.cache_scope) = (Some(LIST_TTL_MS), Some(CacheScope::Public));
        }
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompt::get(&self.inner.prompts, &request).map(Into::into)
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(unreadable(&request))
    }
}

/// Refuses a request that rmcp could not read: of a method that exists, its
/// parameters are at fault.
fn unreadable(request: &CustomRequest) -> ErrorData {
    let method = request.method.as_str();
    let params = request.params.clone().unwrap_or_default();
    let fault = match method {
        "tools/call" => serde_json::from_value::<CallToolRequestParams>(params).err(),
        "initialize" => serde_json::from_value::<InitializeRequestParams>(params).err(),
        "prompts/get" => serde_json::from_value::<GetPromptRequestParams>(params).err(),
        "tools/list" | "prompts/list" => {
            serde_json::from_value::<PaginatedRequestParams>(params).err()
        }
        _ => {
            let code = ErrorCode::METHOD_NOT_FOUND;
            return ErrorData::new(code, shortened(method), None);
        }
    };
    let reason = fault.map_or_else(String::new, |fault| format!(": {fault}"));
    let message = format!("the params of {method} cannot be read{reason}");
    ErrorData::invalid_params(message.chars().take(300).collect::<String>(), None)
}

/// Makes a tool result of an answer whose text is the same JSON.
fn structured(answer: &impl Serialize) -> CallToolResult {
    match serde_json::to_value(answer) {
        Ok(value) => {
            let text = ContentBlock::text(value.to_string());
            let mut result = CallToolResult::success(vec![text]);
            result.structured_content = Some(value);
            result
        }
        Err(fault) => CallToolResult::error(vec![ContentBlock::text(fault.to_string())]),
    }
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// Returns who calls, as the identity layer found out.
fn caller(context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
    let parts = context.extensions.get::<http::request::Parts>();
    let caller = parts
        .and_then(|parts| parts.extensions.get::<Caller>())
        .cloned();
    caller.ok_or_else(|| ErrorData::invalid_request("unauthenticated", None))
}

fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}
