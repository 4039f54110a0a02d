//! The statements of a template, written again: see [`rewrite`](super::rewrite).

use minijinja::machinery::ast::{self, Expr, Stmt};
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Error, ErrorKind};
use serde_json::Value;

use super::rewrite::Writer;

/// Writes a template again. None when it is not well formed.
pub(super) fn template(source: &str, syntax: SyntaxConfig) -> Option<Result<String, Error>> {
    let parsed = parse(source, "template", syntax).ok()?;
    let mut out = Writer::default();
    Some(out.stmt(&parsed).map(|()| out.text))
}

impl Writer {
    fn body(&mut self, body: &[Stmt<'_>]) -> Result<(), Error> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) -> Result<(), Error> {
        match stmt {
            Stmt::Template(template) => self.body(&template.children),
            Stmt::EmitExpr(emit) => {
                self.push("{{ ");
                self.expr(&emit.expr, 0);
                self.push(" }}");
                Ok(())
            }
            Stmt::EmitRaw(raw) => {
                self.push("{{ ");
                self.push(&Value::from(raw.raw).to_string());
                self.push(" }}");
                Ok(())
            }
            Stmt::ForLoop(each) => self.each(each),
            Stmt::IfCond(choice) => {
                self.choice("if", choice)?;
                self.push("{% endif %}");
                Ok(())
            }
            Stmt::WithBlock(with) => self.with(with),
            Stmt::Set(set) => {
                self.push("{% set ");
                self.target(&set.target);
                self.push(" = ");
                self.expr(&set.expr, 0);
                self.push(" %}");
                Ok(())
            }
            Stmt::Do(one) => {
                self.push("{% do ");
                self.call(&one.call);
                self.push(" %}");
                Ok(())
            }
            block => self.block(block),
        }
    }

    /// Writes a statement that has others between its two tags.
    fn block(&mut self, stmt: &Stmt<'_>) -> Result<(), Error> {
        match stmt {
            Stmt::SetBlock(set) => {
                self.push("{% set ");
                self.target(&set.target);
                if let Some(filter) = &set.filter {
                    self.push(" | ");
                    self.expr(filter, 0);
                }
                self.around(&set.body, "endset")
            }
            Stmt::AutoEscape(block) => {
                self.push("{% autoescape ");
                self.expr(&block.enabled, 0);
                self.around(&block.body, "endautoescape")
            }
            Stmt::FilterBlock(block) => {
                self.push("{% filter ");
                self.expr(&block.filter, 0);
                self.around(&block.body, "endfilter")
            }
            Stmt::Block(block) => {
                self.push("{% block ");
                self.push(block.name);
                self.around(&block.body, "endblock")
            }
            Stmt::Macro(one) => {
                self.push("{% macro ");
                self.push(one.name);
                self.parameters(one);
                self.around(&one.body, "endmacro")
            }
            Stmt::CallBlock(block) => {
                self.push("{% call");
                self.parameters(&block.macro_decl);
                self.push(" ");
                self.call(&block.call);
                self.around(&block.macro_decl.body, "endcall")
            }
            // Import, FromImport, Extends, Include.
            _ => {
                let why =
                    "a template stands alone: it cannot include, import or extend another one";
                Err(Error::new(ErrorKind::InvalidOperation, why))
            }
        }
    }

    /// Ends the tag that was begun, and writes what is between it and its end.
    fn around(&mut self, body: &[Stmt<'_>], end: &str) -> Result<(), Error> {
        self.push(" %}");
        self.body(body)?;
        self.push("{% ");
        self.push(end);
        self.push(" %}");
        Ok(())
    }

    fn each(&mut self, each: &ast::ForLoop<'_>) -> Result<(), Error> {
        self.push("{% for ");
        self.target(&each.target);
        self.push(" in ");
        self.expr(&each.iter, 1);
        if let Some(filter) = &each.filter_expr {
            self.push(" if ");
            self.expr(filter, 0);
        }
        self.push(if each.recursive { " recursive %}" } else { " %}" });
        self.body(&each.body)?;
        if !each.else_body.is_empty() {
            self.push("{% else %}");
            self.body(&each.else_body)?;
        }
        self.push("{% endfor %}");
        Ok(())
    }

    fn choice(&mut self, word: &str, choice: &ast::IfCond<'_>) -> Result<(), Error> {
        self.push("{% ");
        self.push(word);
        self.push(" ");
        self.expr(&choice.expr, 0);
        self.push(" %}");
        self.body(&choice.true_body)?;
        match choice.false_body.as_slice() {
            [] => Ok(()),
            // A long chain is not written as a deep nest, which MiniJinja would refuse.
            [Stmt::IfCond(next)] => self.choice("elif", next),
            other => {
                self.push("{% else %}");
                self.body(other)
            }
        }
    }

    fn with(&mut self, with: &ast::WithBlock<'_>) -> Result<(), Error> {
        self.push("{% with ");
        for (at, (target, value)) in with.assignments.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.nested(target);
            self.push(" = ");
            self.expr(value, 0);
        }
        self.around(&with.body, "endwith")
    }

    /// Writes what is assigned to: a name, an attribute, or several of them.
    fn target(&mut self, target: &Expr<'_>) {
        let Expr::List(list) = target else { return self.expr(target, 0) };
        for (at, item) in list.items.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.nested(item);
        }
        if list.items.len() == 1 {
            self.push(",");
        }
    }

    fn nested(&mut self, target: &Expr<'_>) {
        if !matches!(target, Expr::List(_)) {
            return self.target(target);
        }
        self.push("(");
        self.target(target);
        self.push(")");
    }

    fn parameters(&mut self, one: &ast::Macro<'_>) {
        self.push("(");
        let plain = one.args.len().saturating_sub(one.defaults.len());
        for (at, arg) in one.args.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.expr(arg, 0);
            if let Some(value) = at.checked_sub(plain).and_then(|at| one.defaults.get(at)) {
                self.push("=");
                self.expr(value, 0);
            }
        }
        self.push(")");
    }
}
