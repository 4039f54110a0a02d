//! Templates that would fill the memory or never end: each ends with a clear failure of class `limit`.

use serde_json::json;

use super::{Run, render};
use crate::graph::template::{Brief, Data, Found, References, Scope, Templates};
use crate::model::Class;

fn is_stopped(text: &str) {
    let failure = Templates::new().render(&json!(text), &Run::new()).unwrap_err();
    assert_eq!(failure.class, Class::LIMIT, "{text}: {failure}");
    assert!(failure.message.contains("too much") || failure.message.contains("steps"), "{failure}");
}

#[test]
fn texts_cannot_be_doubled_without_end() {
    let doubled = |step: &str| {
        format!(
            "{{% set ns = namespace(x='0123456789') %}}{{% for i in range(60) %}}{{% set ns.x = {step} %}}{{% endfor %}}!"
        )
    };
    for step in [
        "ns.x ~ ns.x",
        "ns.x + ns.x",
        "ns.x * 2",
        "[ns.x, ns.x] | join",
        "ns.x | replace('0', ns.x)",
        "ns.x | regex_replace('^', ns.x)",
        "'%s%s' | format(ns.x, ns.x)",
        "[ns.x, ns.x] | string",
        "[ns.x, ns.x] | tojson",
        "[ns.x, ns.x] | pprint",
        "ns.x | map('replace', '0', ns.x) | join",
    ] {
        is_stopped(&doubled(step));
    }
    is_stopped("{% set x = 'ab' * 40000000 %}{% set y = x ~ x ~ x %}");
    is_stopped("{{ 'x' * 99999999 ~ 'x' * 99999999 }}");
    is_stopped(&format!("{{% for i in range(99999) %}}{}{{% endfor %}}", "text ".repeat(2_000)));
    let capture = "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{% set ns = namespace(x='0123') %}\
                   {% for i in range(60) %}{% set ns.x = twice(ns.x) %}{% endfor %}";
    is_stopped(capture);
    let block = "{% set ns = namespace(x='0123') %}{% for i in range(60) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}\
                 {% set ns.x = y %}{% endfor %}";
    is_stopped(block);
}

#[test]
fn lists_cannot_be_doubled_without_end() {
    let doubled = |step: &str, end: &str| {
        format!(
            "{{% set ns = namespace(x=[1, 2]) %}}{{% for i in range(60) %}}{{% set ns.x = {step} %}}{{% endfor %}}{end}!"
        )
    };
    for (step, end) in [
        ("ns.x + ns.x", "{{ ns.x | length }}"),
        ("ns.x * 2", "{{ ns.x | join }}"),
        ("[ns.x, ns.x]", "{{ ns.x | tojson }}"),
        ("{'a': ns.x, 'b': ns.x}", "{{ ns.x == 1 }}"),
        ("ns.x | list + ns.x | list", ""),
        ("ns.x | chain(ns.x)", "{{ ns.x | list }}"),
    ] {
        is_stopped(&doubled(step, end));
    }
    is_stopped("{% set x = 'a' * 50000000 %}{{ x | list | length }}{{ x | split('') | length }}");
    for text in ["{{ 'a' | indent(9999999999) }}!", "{{ 'a\nb' | indent(width=9999999999) }}!"] {
        is_stopped(text);
    }
    for text in [
        "{{ [1] | batch(99999999999, 0) }}!",
        "{{ [1] | slice(99999999) }}!",
        "{{ '%99999999s' | format('a') }}!",
    ] {
        let failure = Templates::new().render(&json!(text), &Run::new()).unwrap_err();
        assert!(failure.message.contains("too large"), "{text}: {failure}");
    }
}

#[test]
fn walking_over_large_values_again_and_again_comes_to_an_end() {
    for step in ["x == y", "'c' in x", "x is eq(y)"] {
        is_stopped(&format!(
            "{{% set x = 'a' * 90000000 %}}{{% set y = 'a' * 90000000 %}}{{% for i in range(99999) %}}{{% if {step} %}}{{% endif %}}{{% endfor %}}"
        ));
    }
    is_stopped("{% for i in range(99999) %}{{ 'a' | regex_replace('a{9}' ~ i, '') }}{% endfor %}");
}

#[test]
fn what_does_not_run_makes_nothing() {
    let found = References::of_text("{{ 'x' * 49999999 ~ 'x' * 49999999 ~ nodes.a }}").unwrap();
    assert!(found.nodes.contains("a"));
    assert!(References::of_text("{% include 'x' %}").is_err());
}

#[test]
fn what_is_written_again_means_the_same() {
    for (text, value) in [
        ("{{ (1 + 2 * 3 - 4) ~ (5 + 1 * 2) }}", json!("37")),
        ("{{ (1 + 2) * 3 ** 2 }}", json!(27)),
        ("{{ -2 ** 2 + 1 }}", json!(5)),
        ("{{ 7 // 2 + 7 % 4 }}", json!(6)),
        ("{{ 0.5 + 1 }}", json!(1.5)),
        ("{{ 9223372036854775807 + 1 }}", json!(9_223_372_036_854_775_808_u64)),
        ("{{ 'a' ~ 1 ~ none ~ true ~ [1, 'b'] }}", json!("a1NoneTrue[1, 'b']")),
        ("{{ ('a' ~ 'b') | upper ~ 'c' }}", json!("ABc")),
        ("{{ ([3, 1] + [2] * 2) | sort }}", json!([1, 2, 2, 3])),
        ("{{ [1, 2, 3][1:] + [nodes.log.lines[0]] }}", json!([2, 3, "a"])),
        ("{{ (nodes.log | tojson | fromjson).lines[-1] }}", json!("c")),
        ("{{ {'a': 1, 'b': [2]}.b[0] + 1 }}", json!(3)),
        ("{{ 'x' if 1 < 2 <= 2 and not 'q' in 'abc' else 'y' ~ 'z' }}", json!("x")),
        ("{{ (1 if false else 2) + 1 }}", json!(3)),
        ("{{ not (1 == 2) and (2 is even or 3 is odd) }}", json!(true)),
        ("{{ 4 is divisibleby 2 and 'ab' is not matching('^b') }}", json!(true)),
        ("{{ ['b', 'a'] | map('upper') | sort | join('-') ~ '\"\\n}}' }}", json!("A-B\"\n}}")),
        ("{{ (1, 2) + (3,) }}", json!([1, 2, 3])),
        ("{{ dict(a=1 + 1, **{'b': 2}).a }}", json!(2)),
        ("{{ nodes.log.lines | map('indent', 2, true) | list }}", json!(["  a", "  b", "  c"])),
        ("{{ 'a,b' | split(',') | last ~ ('x\ny' | lines | first) }}", json!("bx")),
        ("{{ '%03d|%s' | format(7, 'a') }}", json!("007|a")),
    ] {
        assert_eq!(render(json!(text)), value, "{text}");
    }
}

#[test]
fn statements_that_are_written_again_mean_the_same() {
    for (text, value) in [
        ("{% for a, (b, c) in [[1, [2, 3]]] %}{{ a + b + c }};{% else %}none{% endfor %}", "6;"),
        ("{% for x in [] %}{{ x + 1 }}{% else %}none{% endfor %}.", "none."),
        ("{% for x in range(5) if x % 2 %}{{ loop.index ~ x }} {% endfor %}", "11 23 "),
        (
            "{% for x in [1, [2]] recursive %}{% if x is number %}{{ x + 0 }}{% else %}({{ loop(x) }}){% endif %}{% endfor %}",
            "1(2)",
        ),
        ("{% if 1 + 1 == 3 %}a{% elif 1 + 1 == 2 %}b{% else %}c{% endif %}!", "b!"),
        ("{% set a, b = 1, 2 %}{% with c = a + b, d = 4 %}{{ c * d }}{% endwith %}!", "12!"),
        ("{% set x | upper | replace('A', 'é') %}ab{{ 1 + 1 }}{% endset %}{{ x }}!", "éB2!"),
        ("{% filter upper %}a{{ 'b' ~ 'c' }}{% endfilter %}!", "ABC!"),
        ("{% macro f(a, b=2 * 2) %}{{ a + b }}{% endmacro %}{{ f(1) }}{{ f(1, b=1) }}!", "52!"),
        (
            "{% macro f(a) %}<{{ caller(a + 1) }}>{% endmacro %}{% call(n) f(1) %}{{ n * 2 }}{% endcall %}!",
            "<4>!",
        ),
        (
            "a {%- if true %} b {% endif -%} c {{- 1 + 1 }} {# no #}{% raw %}{{ x }}{% endraw %}\n",
            "a b c2 {{ x }}\n",
        ),
        ("{% block x %}{{ 1 + 1 }}{% endblock %}!", "2!"),
        (
            "{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}!",
            "6!",
        ),
        ("\"{{ 'ä' * 2 }}\"\\ \t{{ '' }}", "\"ää\"\\ \t"),
    ] {
        assert_eq!(render(json!(text)), json!(value), "{text}");
    }
    let arm = |n: i32| format!("{{% elif inputs.limit + 1 == {n} %}}{n}");
    let chain = (0..400).map(arm).collect::<Vec<_>>().concat();
    let whole = format!("{{% if false %}}{chain}{{% endif %}}!");
    assert_eq!(render(json!(whole)), json!("4!"));
    let sum = vec!["1"; 1_000].join(" + ");
    assert_eq!(render(json!(format!("{{{{ {sum} }}}}"))), json!(1_000));
}

#[test]
fn what_is_missing_is_still_named() {
    for text in [
        "{{ nodes.log.stdou ~ 'a' }}",
        "{{ nodes.log.stdou + 'a' }}",
        "{{ 'a' * nodes.log.stdou }}",
        "{{ nodes.log.stdou | lower ~ 1 }}",
        "{% for x in nodes.log.stdou %}{{ x + 1 }}{% endfor %}",
    ] {
        let failure = Templates::new().render(&json!(text), &Run::new()).unwrap_err();
        assert!(failure.message.contains("stdou"), "{text}: {failure}");
    }
}

/// A run whose evaluations may take a moment only.
pub(super) struct Hasty(Run, Brief);

impl Hasty {
    pub(super) fn new(is_over: bool) -> Self {
        Self(Run::new(), Brief::new(move || is_over))
    }

    pub(super) fn was_cut(&self) -> bool {
        self.1.was_cut()
    }
}

impl Scope for Hasty {
    fn node(&self, name: &str) -> Found {
        self.0.node(name)
    }

    fn inputs(&self) -> Data {
        self.0.inputs()
    }

    fn brief(&self) -> Option<&Brief> {
        Some(&self.1)
    }

    fn extra(&self) -> &[(&'static str, Data)] {
        self.0.extra()
    }
}

#[test]
fn what_takes_more_than_a_moment_is_cut_short_where_others_wait() {
    for text in [
        "{{ nodes.log.lines | sort | join('-') }}",
        "{{ 'a' | regex_replace('a', 'b') }}",
        "{% for i in range(1000) %}{{ i + 1 }}{% endfor %}",
        "{{ nodes.log.stdou }}",
        "nothing to fill in",
    ] {
        let (scope, all) = (Hasty::new(false), Run::new());
        let brief = Templates::new().render(&json!(text), &scope);
        assert!(!scope.was_cut(), "{text}: {brief:?}");
        assert_eq!(brief, Templates::new().render(&json!(text), &all), "{text}");
        let scope = Hasty::new(true);
        let _cut = Templates::new().render(&json!([text, text]), &scope);
        assert!(scope.was_cut(), "{text}: the time was over before");
    }
    for text in [
        "{% for i in range(300) %}{% for j in range(300) %}{% endfor %}{% endfor %}!",
        "{{ 'ab' * 1000000 }}",
        "{{ range(99999) | map('string') | list | length }}",
        "{% for i in range(9) %}{{ 'a' | regex_replace('a{9}' ~ i, '') }}{% endfor %}",
    ] {
        let scope = Hasty::new(false);
        Templates::new().render(&json!(text), &scope).unwrap_err();
        assert!(scope.was_cut(), "{text}");
        Templates::new().render(&json!(text), &Run::new()).unwrap();
    }
    let large = Data::from(json!("x".repeat(2 << 20)));
    let mut scope = Hasty::new(false);
    scope.0.extra = vec![("item", large)];
    Templates::new().condition("item", &scope).unwrap_err();
    assert!(scope.was_cut());
}
