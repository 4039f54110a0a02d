//! Writes a template again so that every operator and filter that makes something asks the budget first.
//!
//! MiniJinja has no hook for its operators. So `a ~ b` becomes `a|__concat(b)`, text between tags becomes a value that the
//! formatter counts, and so on; precedence is kept with as few brackets as there were.

use minijinja::Value as Inner;
use minijinja::machinery::ast::{self, BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use minijinja::machinery::parse_expr;
use serde_json::Value;

/// Filters that make nothing, or count what they make themselves.
const FREE: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "count",
    "d",
    "default",
    "first",
    "float",
    "format",
    "fromjson",
    "indent",
    "int",
    "items",
    "join",
    "length",
    "lines",
    "quote",
    "regex_replace",
    "replace",
    "round",
    "safe",
    "slice",
    "split",
    "tojson",
    "truncate",
];
/// Tests that look at no more than the kind of a value.
const QUICK: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "int",
    "integer",
    "iterable",
    "mapping",
    "none",
    "number",
    "odd",
    "safe",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
];

/// How tightly something binds, from a condition to a value with filters and what may have an attribute.
type Level = u8;
const ANY: Level = 0;
const OR: Level = 1;
const AND: Level = 2;
const NOT: Level = 3;
const COMPARE: Level = 4;
const SUM: Level = 5;
const PRODUCT: Level = 7;
const POWER: Level = 8;
const UNARY: Level = 9;
const VALUE: Level = 10;
const PRIMARY: Level = 11;

/// Tells whether a text does nothing but name values, compare them and choose between them.
pub(super) fn is_plain(source: &str) -> bool {
    !source.contains(['~', '+', '*', '%', '|', '[', '('])
}

/// Writes an expression again. None when it is not well formed.
pub(super) fn expression(source: &str) -> Option<String> {
    let parsed = parse_expr(source).ok()?;
    let mut out = Writer::default();
    out.expr(&parsed, ANY);
    Some(out.text)
}

/// Writes the texts.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) text: String,
}

impl Writer {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes an expression that stands where something must bind at least so tightly.
    pub(super) fn expr(&mut self, expr: &Expr<'_>, least: Level) {
        if level(expr) < least {
            self.push("(");
            self.bare(expr);
            self.push(")");
        } else {
            self.bare(expr);
        }
    }

    fn bare(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Var(var) => self.push(var.id),
            Expr::Const(value) => self.constant(&value.value),
            Expr::Slice(slice) => self.slice(slice),
            Expr::UnaryOp(op) => {
                let (sign, least) = match op.op {
                    UnaryOpKind::Not => ("not ", NOT),
                    UnaryOpKind::Neg => ("-", UNARY),
                };
                self.push(sign);
                self.expr(&op.expr, least);
            }
            Expr::BinOp(op) => self.binary(op),
            Expr::Compare(compare) => {
                self.seen(&compare.expr);
                for op in &compare.ops {
                    self.push(sign_of(op.op));
                    self.seen(&op.expr);
                }
            }
            Expr::IfExpr(choice) => {
                self.expr(&choice.true_expr, OR);
                self.push(" if ");
                self.expr(&choice.test_expr, OR);
                if let Some(other) = &choice.false_expr {
                    self.push(" else ");
                    self.expr(other, ANY);
                }
            }
            Expr::Filter(filter) => self.filter(filter),
            Expr::Test(test) => self.test(test),
            Expr::GetAttr(get) => {
                self.expr(&get.expr, PRIMARY);
                self.push(".");
                self.push(get.name);
            }
            Expr::GetItem(get) => {
                self.expr(&get.expr, PRIMARY);
                self.push("[");
                self.expr(&get.subscript_expr, ANY);
                self.push("]");
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.held(|out| {
                out.push("[");
                out.all(&list.items);
                out.push("]");
            }),
            Expr::Tuple(tuple) => self.held(|out| {
                out.push("(");
                out.all(&tuple.items);
                out.push(if tuple.items.len() == 1 { ",)" } else { ")" });
            }),
            Expr::Map(map) => self.held(|out| {
                out.push("{");
                for (at, (key, value)) in map.keys.iter().zip(&map.values).enumerate() {
                    out.push(if at == 0 { "" } else { ", " });
                    out.expr(key, ANY);
                    out.push(": ");
                    out.expr(value, ANY);
                }
                out.push("}");
            }),
        }
    }

    fn held(&mut self, write: impl FnOnce(&mut Self)) {
        self.push("(");
        write(self);
        self.push("|__held)");
    }

    fn seen(&mut self, expr: &Expr<'_>) {
        if matches!(expr, Expr::Const(_)) {
            return self.expr(expr, VALUE);
        }
        self.push("(");
        self.expr(expr, VALUE);
        self.push("|__seen)");
    }

    fn all(&mut self, items: &[Expr<'_>]) {
        for (at, item) in items.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.expr(item, ANY);
        }
    }

    fn constant(&mut self, value: &Inner) {
        let text = match value.as_str() {
            Some(text) => Value::from(text).to_string(),
            None if value.is_none() => "none".to_owned(),
            None => value.to_string(),
        };
        self.push(&text);
    }

    fn slice(&mut self, slice: &ast::Slice<'_>) {
        self.held(|out| {
            out.expr(&slice.expr, PRIMARY);
            out.push("[");
            for (at, part) in [&slice.start, &slice.stop, &slice.step].into_iter().enumerate() {
                out.push(if at == 0 { "" } else { ":" });
                if let Some(part) = part {
                    out.expr(part, ANY);
                }
            }
            out.push("]");
        });
    }

    fn binary(&mut self, op: &ast::BinOp<'_>) {
        if let Some(name) = counted(op.op) {
            self.expr(&op.left, VALUE);
            self.push("|");
            self.push(name);
            self.push("(");
            self.expr(&op.right, ANY);
            return self.push(")");
        }
        let (sign, level) = operator(op.op);
        if level == COMPARE {
            self.seen(&op.left);
            self.push(sign);
            return self.seen(&op.right);
        }
        self.expr(&op.left, level);
        self.push(sign);
        self.expr(&op.right, level + 1);
    }

    /// Writes a filter; in a chain that is applied to a block the innermost one has nothing before it.
    fn filter(&mut self, filter: &ast::Filter<'_>) {
        if let Some(expr) = &filter.expr {
            self.expr(expr, VALUE);
            self.push("|");
        }
        let name: String = filter.name.split_whitespace().collect();
        if FREE.contains(&name.as_str()) {
            self.push(&name);
            return self.args(None, &filter.args);
        }
        self.push("__guard");
        self.args(Some(&name), &filter.args);
    }

    fn test(&mut self, test: &ast::Test<'_>) {
        let name: String = test.name.split_whitespace().collect();
        let is_quick = QUICK.contains(&name.as_str());
        if is_quick {
            self.expr(&test.expr, VALUE);
        } else {
            self.seen(&test.expr);
        }
        self.push(" is ");
        self.push(&name);
        if !test.args.is_empty() {
            self.args(None, &test.args);
        }
    }

    pub(super) fn call(&mut self, call: &ast::Call<'_>) {
        self.expr(&call.expr, PRIMARY);
        self.args(None, &call.args);
    }

    fn args(&mut self, first: Option<&str>, args: &[CallArg<'_>]) {
        self.push("(");
        if let Some(first) = first {
            self.push(&Value::from(first).to_string());
        }
        for (at, arg) in args.iter().enumerate() {
            self.push(if at == 0 && first.is_none() { "" } else { ", " });
            match arg {
                CallArg::Pos(value) => self.expr(value, ANY),
                CallArg::Kwarg(name, value) => {
                    self.push(name);
                    self.push("=");
                    self.expr(value, ANY);
                }
                CallArg::PosSplat(value) => {
                    self.push("*");
                    self.expr(value, VALUE);
                }
                CallArg::KwargSplat(value) => {
                    self.push("**");
                    self.expr(value, VALUE);
                }
            }
        }
        self.push(")");
    }
}

/// Gives the filter that stands for an operator that makes something.
fn counted(op: BinOpKind) -> Option<&'static str> {
    match op {
        BinOpKind::Concat => Some("__concat"),
        BinOpKind::Add => Some("__add"),
        BinOpKind::Mul => Some("__mul"),
        _ => None,
    }
}

fn operator(op: BinOpKind) -> (&'static str, Level) {
    match op {
        BinOpKind::ScOr => (" or ", OR),
        BinOpKind::ScAnd => (" and ", AND),
        BinOpKind::Eq => (" == ", COMPARE),
        BinOpKind::Ne => (" != ", COMPARE),
        BinOpKind::Lt => (" < ", COMPARE),
        BinOpKind::Lte => (" <= ", COMPARE),
        BinOpKind::Gt => (" > ", COMPARE),
        BinOpKind::Gte => (" >= ", COMPARE),
        BinOpKind::In => (" in ", COMPARE),
        BinOpKind::Sub => (" - ", SUM),
        BinOpKind::Div => (" / ", PRODUCT),
        BinOpKind::FloorDiv => (" // ", PRODUCT),
        BinOpKind::Rem => (" % ", PRODUCT),
        BinOpKind::Pow => (" ** ", POWER),
        // These are written as filters.
        BinOpKind::Add | BinOpKind::Mul | BinOpKind::Concat => ("", VALUE),
    }
}

fn sign_of(op: CompareOpKind) -> &'static str {
    match op {
        CompareOpKind::Eq => " == ",
        CompareOpKind::Ne => " != ",
        CompareOpKind::Lt => " < ",
        CompareOpKind::Lte => " <= ",
        CompareOpKind::Gt => " > ",
        CompareOpKind::Gte => " >= ",
        CompareOpKind::In => " in ",
        CompareOpKind::NotIn => " not in ",
    }
}

fn level(expr: &Expr<'_>) -> Level {
    match expr {
        Expr::IfExpr(_) => ANY,
        Expr::UnaryOp(op) => match op.op {
            UnaryOpKind::Not => NOT,
            UnaryOpKind::Neg => UNARY,
        },
        Expr::Compare(_) => COMPARE,
        Expr::BinOp(op) => operator(op.op).1,
        // `a is b` takes a value that follows for an argument.
        Expr::Test(_) => UNARY,
        Expr::Filter(_) => VALUE,
        _ => PRIMARY,
    }
}
