//! The tree: one line per call, event and result.

use alloy_primitives::{Address, B256, Bytes, U256, utils::format_ether};
use serde_json::{Value, json};

use super::{abi::Abis, value};

/// A frame, decoded.
#[derive(Debug)]
pub(super) struct Tree {
    kind: String,
    vm: Option<String>,
    to: Option<Address>,
    name: Option<String>,
    call: String,
    value: U256,
    gas_used: u64,
    result: Result<String, String>,
    host_calls: Vec<String>,
    inside: Vec<Inside>,
}

/// What happens in a frame, in order.
#[derive(Debug)]
enum Inside {
    Call(Box<Tree>),
    Event(String),
}

/// Escape sequences, or nothing.
struct Colours {
    good: &'static str,
    bad: &'static str,
    faint: &'static str,
    end: &'static str,
}

const PLAIN: Colours = Colours {
    good: "",
    bad: "",
    faint: "",
    end: "",
};
const COLOURED: Colours = Colours {
    good: "\x1b[32m",
    bad: "\x1b[31m",
    faint: "\x1b[2m",
    end: "\x1b[0m",
};

impl Tree {
    /// Decodes a frame of `callTracer`, with the frame's steps of `stylusTracer`, if they are known.
    pub(super) fn new(abis: &Abis, frame: &Value, steps: Option<&Value>) -> Self {
        let (input, output) = (bytes(&frame["input"]), bytes(&frame["output"]));
        let kind = frame["type"].as_str().unwrap_or("CALL").to_owned();
        let to = frame["to"].as_str().and_then(|text| text.parse().ok());
        let is_create = kind.starts_with("CREATE");
        let abi = abis.function(&input).filter(|_| !is_create);
        let own = to.as_ref().and_then(|to| abis.name(to));
        let name = own.or(abi.map(|(abi, _)| abi.as_str()));
        let call = match (is_create, abis.input(&input)) {
            (true, _) => format!("{} bytes of init code", input.len()),
            (false, Some(decoded)) => value::call(abis, &decoded),
            (false, None) => value::bytes(&input),
        };
        Self {
            vm: frame["vm"].as_str().map(str::to_owned),
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            call,
            value: number(&frame["value"]),
            gas_used: number(&frame["gasUsed"]).saturating_to(),
            result: result(abis, frame, &input, &output, is_create),
            host_calls: host_calls(steps),
            inside: inside(abis, frame, steps),
            kind,
            to,
        }
    }

    /// The tree as JSON.
    pub(super) fn json(&self) -> Value {
        let inside = self.inside.iter().map(|inside| match inside {
            Inside::Call(tree) => tree.json(),
            Inside::Event(event) => json!({"event": event}),
        });
        json!({
            "type": self.kind,
            "vm": self.vm,
            "to": self.to,
            "name": self.name,
            "call": self.call,
            "value": self.value.to_string(),
            "gas_used": self.gas_used,
            "success": self.result.is_ok(),
            "result": match &self.result { Ok(text) | Err(text) => text },
            "host_calls": self.host_calls,
            "inside": inside.collect::<Vec<_>>(),
        })
    }

    /// The tree as lines.
    pub(super) fn text(&self, coloured: bool) -> String {
        let mut text = String::new();
        let colours = if coloured { &COLOURED } else { &PLAIN };
        self.write(&mut text, colours, "", "");
        text
    }

    fn write(&self, out: &mut String, colours: &Colours, first: &str, rest: &str) {
        let (colour, end) = match self.result {
            Ok(_) => (colours.good, colours.end),
            Err(_) => (colours.bad, colours.end),
        };
        let vm = self.vm.as_deref().unwrap_or("-");
        let name = self.name.as_ref().map(|name| format!("{name}::"));
        let to = self.to.map(|to| format!("{to} ")).unwrap_or_default();
        let value = match self.value.is_zero() {
            true => String::new(),
            false => format!(" {{{} ether}}", format_ether(self.value)),
        };
        out.push_str(&format!(
            "{first}[{}] {} {vm} {}{to}{end}{colour}{}{}{end}{value}\n",
            self.gas_used,
            self.kind,
            colours.faint,
            name.unwrap_or_default(),
            self.call,
        ));
        let faint = colours.faint;
        for call in &self.host_calls {
            out.push_str(&format!("{rest}├─ {faint}{call}{end}\n"));
        }
        for inside in &self.inside {
            match inside {
                Inside::Call(tree) => {
                    tree.write(out, colours, &format!("{rest}├─ "), &format!("{rest}│  "));
                }
                Inside::Event(event) => out.push_str(&format!("{rest}├─ emit {event}\n")),
            }
        }
        match &self.result {
            Ok(text) => out.push_str(&format!("{rest}└─ ← {text}\n")),
            Err(text) => out.push_str(&format!("{rest}└─ ← {colour}FAILED: {text}{end}\n")),
        }
    }
}

fn result(
    abis: &Abis,
    frame: &Value,
    input: &[u8],
    output: &[u8],
    is_create: bool,
) -> Result<String, String> {
    let Some(error) = frame["error"].as_str() else {
        return Ok(match (is_create, abis.output(input, output)) {
            (true, _) => format!("{} bytes of code", output.len()),
            (false, Some(values)) => match values.is_empty() {
                true => "()".into(),
                false => value::list(abis, &values),
            },
            (false, None) if output.is_empty() => "()".into(),
            (false, None) => value::bytes(output),
        });
    };
    let decoded = abis.error(output).map(|error| value::call(abis, &error));
    let told = frame["revertReason"].as_str().map(str::to_owned);
    let raw = || (!output.is_empty()).then(|| value::bytes(output));
    Err(match decoded.or(told).or_else(raw) {
        Some(reason) => format!("{error}: {reason}"),
        None => error.into(),
    })
}

/// Calls and events in the order in which they happened.
fn inside(abis: &Abis, frame: &Value, steps: Option<&Value>) -> Vec<Inside> {
    let mut logs = list(&frame["logs"]).peekable();
    let mut nested = list(steps.unwrap_or(&Value::Null)).filter(|step| step["steps"].is_array());
    let mut inside = Vec::new();
    for (index, call) in list(&frame["calls"]).enumerate() {
        while let Some(log) = logs.next_if(|log| position(log) <= index as u64) {
            inside.push(Inside::Event(event(abis, log)));
        }
        // A call that was refused has steps, but no frame.
        let step = nested.find(|step| is_same(&step["address"], &call["to"]));
        let steps = step.map(|step| &step["steps"]);
        inside.push(Inside::Call(Box::new(Tree::new(abis, call, steps))));
    }
    inside.extend(logs.map(|log| Inside::Event(event(abis, log))));
    inside
}

fn is_same(one: &Value, other: &Value) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    one.zip(other)
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn host_calls(steps: Option<&Value>) -> Vec<String> {
    let name = |step: &Value| step["name"].as_str().unwrap_or_default().to_owned();
    list(steps.unwrap_or(&Value::Null))
        .filter(|step| !name(step).starts_with("evm_") || step["startInk"] != json!(0))
        .map(|step| {
            let ink = |field: &str| step[field].as_u64().unwrap_or_default();
            let spent = ink("startInk").saturating_sub(ink("endInk"));
            let (args, outs) = (bytes(&step["args"]), bytes(&step["outs"]));
            format!(
                "{}({}) -> {} [{spent} ink]",
                name(step),
                value::bytes(&args),
                value::bytes(&outs)
            )
        })
        .collect()
}

fn event(abis: &Abis, log: &Value) -> String {
    let topics: Vec<B256> = list(&log["topics"])
        .filter_map(|topic| topic.as_str()?.parse().ok())
        .collect();
    let data = bytes(&log["data"]);
    match abis.event(&topics, &data) {
        Some(decoded) => value::call(abis, &decoded),
        None => {
            let topics: Vec<_> = topics.iter().map(B256::to_string).collect();
            format!("[{}] {}", topics.join(", "), value::bytes(&data))
        }
    }
}

/// How many calls were made before the event. Nodes that do not tell have it last.
fn position(log: &Value) -> u64 {
    match log["position"].as_str() {
        Some(_) => number(&log["position"]).saturating_to(),
        None => u64::MAX,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn bytes(value: &Value) -> Bytes {
    let text = value.as_str().unwrap_or_default();
    text.parse().unwrap_or_default()
}

fn number(value: &Value) -> U256 {
    let text = value.as_str().unwrap_or_default();
    text.parse().unwrap_or_default()
}
