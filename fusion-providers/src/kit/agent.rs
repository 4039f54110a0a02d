//! An agent of its description.

use fusion_core::agent::{Limits, LlmAgent, Tool};
use fusion_core::model::Failure;
use fusion_core::model::chat::{Fault, FaultKind};

use super::described::{AgentForm, LimitsForm, ToolForm};
use super::make::Kit;
use crate::tools::make_here;

/// Makes an agent, with those that it may hand over to.
///
/// # Errors
/// `invalid_request` when it names a provider that is not there, or tools that cannot be made.
pub(super) fn make(kit: &Kit, spec: AgentForm) -> Result<LlmAgent, Fault> {
    let mut agent = LlmAgent::new(spec.name, kit.provider(spec.provider)?)
        .model(spec.model)
        .sampling(spec.sampling)
        .limits(limits(spec.limits));
    if let Some(text) = spec.system {
        agent = agent.system(text);
    }
    let mut built_in = Vec::new();
    for tool in spec.tools {
        match tool {
            ToolForm::Own { about, code } => {
                agent = agent.tool(Tool::of_step(about, kit.code(&code)));
            }
            ToolForm::BuiltIn(set) => built_in.push(*set),
        }
    }
    let refused = |why: Failure| Fault::new(FaultKind::InvalidRequest, why.message);
    agent = agent.tools(make_here(&built_in, kit.models().env()).map_err(refused)?);
    for other in spec.others {
        agent = agent.hand_off(make(kit, other)?);
    }
    if let Some(result) = spec.result {
        agent = agent.result(result.schema);
        if let Some(check) = result.check {
            agent = agent.checked_by(kit.code(&check));
        }
    }
    if let Some(price) = spec.price {
        agent = agent.price(price);
    }
    if let Some(tokens) = spec.window {
        agent = agent.window(tokens);
    }
    Ok(if spec.keep_messages { agent.keep_messages() } else { agent })
}

fn limits(spec: LimitsForm) -> Limits {
    let usual = Limits::default();
    Limits {
        turns: spec.turns.unwrap_or(usual.turns),
        cost: spec.cost.unwrap_or(usual.cost),
        total_ms: spec.total_ms.unwrap_or(usual.total_ms),
        tools_at_once: spec.tools_at_once.unwrap_or(usual.tools_at_once),
        tool_ms: spec.tool_ms.unwrap_or(usual.tool_ms),
        result_bytes: spec.result_bytes.unwrap_or(usual.result_bytes),
    }
}
