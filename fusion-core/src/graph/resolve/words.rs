//! A conflict in plain words.

use std::fmt;

use super::{Conflict, Reason, Remedy, Who};

/// How many versions a sentence lists before it only counts the rest.
const LISTED_VERSIONS: usize = 8;

impl Conflict {
    /// The explanation, a sentence each: what is asked, what clashes, what can be done.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = self.needs();
        sentences.extend(self.reasons.iter().filter_map(provision));
        sentences.extend(self.contested.iter().map(|name| self.clash(name)));
        sentences.extend(self.reasons.iter().filter_map(obstacle));
        sentences.extend(remedy(&self.remedies));
        sentences
    }

    /// The needs that are met or lead on, those of one party in one sentence.
    fn needs(&self) -> Vec<String> {
        let mut parties: Vec<(&Who, Vec<String>)> = Vec::new();
        for reason in &self.reasons {
            let Reason::Needs { who, name, range } = reason else { continue };
            if self.contested.contains(name) || is_about_itself(who, name) {
                continue;
            }
            match parties.last_mut() {
                Some((last, names)) if *last == who => names.push(named(name, range)),
                _ => parties.push((who, vec![named(name, range)])),
            }
        }
        let sentence = |(who, names): &(&Who, Vec<String>)| {
            capital(&format!("{} {}.", needs(who), list(names)))
        };
        parties.iter().map(sentence).collect()
    }

    fn clash(&self, contested: &str) -> String {
        let parties: Vec<(&Who, String)> = self
            .reasons
            .iter()
            .filter_map(|reason| match reason {
                Reason::Needs { who, name, range } if name == contested => {
                    Some((who, named(name, range)))
                }
                _ => None,
            })
            .collect();
        let mut clauses = Vec::new();
        let mut last = None;
        for (who, what) in &parties {
            let subject = match who {
                Who::You if last == Some(*who) => "you also ask for".to_owned(),
                Who::Package { .. } if last == Some(*who) => "it also needs".to_owned(),
                _ => needs(who),
            };
            clauses.push(format!("{subject} {what}"));
            last = Some(*who);
        }
        let Some((first, others)) = clauses.split_first() else { return String::new() };
        capital(&format!("{first}, but {}.", others.join(", and ")))
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences().join(" "))
    }
}

fn provision(reason: &Reason) -> Option<String> {
    let Reason::Provides { who, name, version } = reason else { return None };
    let stands = version.as_ref().map_or_else(String::new, |version| format!(" as {version}"));
    Some(capital(&format!("{} `{name}`{stands}.", does(who, "provides", "provide"))))
}

fn obstacle(reason: &Reason) -> Option<String> {
    let text = match reason {
        Reason::Needs { who, name, range } if is_about_itself(who, name) => {
            format!("{} {}, which is another version of itself", needs(who), named(name, range))
        }
        Reason::Needs { .. } | Reason::Provides { .. } => return None,
        Reason::Unknown { who, name, hint } => {
            let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
            format!("{} `{name}`, but there is no package of that name{hint}", needs(who))
        }
        Reason::Absent { who, name, range, exist } if exist.is_empty() => format!(
            "{} {}, but `{name}` is only provided without a version, which satisfies only `*`",
            needs(who),
            named(name, range)
        ),
        Reason::Absent { who, name, range, exist } => {
            let mut listed: Vec<String> =
                exist.iter().take(LISTED_VERSIONS).map(ToString::to_string).collect();
            if exist.len() > listed.len() {
                listed.push(format!("{} older versions", exist.len() - listed.len()));
            }
            let listed = list(&listed);
            let early = if exist.iter().all(|version| !version.pre.is_empty()) {
                " (a pre-release has to be asked for by its version)"
            } else {
                ""
            };
            let (needs, named) = (needs(who), named(name, range));
            format!("{needs} {named}, but `{name}` exists only as {listed}{early}")
        }
        Reason::Excludes { who, name, range } => {
            let named = named(name, range);
            match who {
                Who::Package { name, versions, every: true } if versions.len() > 1 => {
                    format!("no version of `{name}` allows {named} beside it")
                }
                _ => format!("{} {named} beside it", does(who, "does not allow", "do not allow")),
            }
        }
    };
    Some(capital(&format!("{text}.")))
}

fn remedy(remedies: &[Remedy]) -> Option<String> {
    let asked: Vec<String> = remedies
        .iter()
        .filter_map(|remedy| match remedy {
            Remedy::Ask { name, instead_of, version } => {
                let version = if version == "*" { "in any version" } else { version };
                Some(format!("for `{name}` {version} instead of {instead_of}"))
            }
            Remedy::Drop { .. } => None,
        })
        .collect();
    let dropped: Vec<String> = remedies
        .iter()
        .filter_map(|remedy| match remedy {
            Remedy::Drop { name } => Some(format!("without `{name}`")),
            Remedy::Ask { .. } => None,
        })
        .collect();
    match (asked.is_empty(), dropped.is_empty()) {
        (false, _) => Some(format!("Try asking {}.", asked.join(", or "))),
        (true, false) => Some(format!("The rest fits together {}.", dropped.join(", or "))),
        (true, true) => None,
    }
}

/// A name with its range, unless that is "any".
fn named(name: &str, range: &str) -> String {
    if range == "*" { format!("`{name}`") } else { format!("`{name}` {range}") }
}

fn is_about_itself(who: &Who, about: &str) -> bool {
    matches!(who, Who::Package { name, .. } if name == about)
}

fn needs(who: &Who) -> String {
    match who {
        Who::You => "you ask for".to_owned(),
        Who::Package { .. } => does(who, "needs", "need"),
    }
}

/// The party and its verb in the right number: `web` 1.0.0 needs, `web` 1.0.0 and 2.0.0 need.
fn does(who: &Who, one: &str, many: &str) -> String {
    match who {
        Who::You => format!("you {many}"),
        Who::Package { name, versions, every } => match versions.as_slice() {
            [version] => format!("`{name}` {version} {one}"),
            _ if *every => format!("every version of `{name}` {one}"),
            versions => {
                let mut listed: Vec<String> =
                    versions.iter().take(LISTED_VERSIONS).map(ToString::to_string).collect();
                if versions.len() > listed.len() {
                    listed.push(format!("{} more", versions.len() - listed.len()));
                }
                format!("`{name}` {} {many}", list(&listed))
            }
        },
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
