//! Extensions as they are offered and accepted (RFC 6455, 9.1).

use super::grammar::is_token;

/// One element of `Sec-WebSocket-Extensions`: a name and parameters, in the order and case of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// Reads `name; parameter; parameter=value; parameter="value"`; none if that is not what it is. A quoted value has to be
    /// a token once it is unquoted.
    pub(super) fn parse(element: &str) -> Option<Self> {
        // Nothing that may stand in a token separates parameters, so no quoted value that is allowed holds a semicolon.
        let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
        let name = parts.next().filter(|name| is_token(name))?.to_owned();
        let parameters = parts.map(parameter).collect::<Option<_>>()?;
        Some(Extension { name, parameters })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

fn parameter(text: &str) -> Option<(String, Option<String>)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim_end_matches([' ', '\t']), Some(value.trim_start_matches([' ', '\t']))),
        None => (text, None),
    };
    let value = match value {
        Some(value) => Some(unquoted(value).filter(|value| is_token(value))?),
        None => None,
    };
    is_token(name).then(|| (name.to_owned(), value))
}

/// A value without its quotes, if it has any (RFC 9110, 5.6.4).
fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let mut text = String::new();
    let mut characters = inner.strip_suffix('"')?.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            '"' => return None,
            character => text.push(character),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &str, parameters: &[(&str, Option<&str>)]) -> Extension {
        let owned = |(name, value): &(&str, Option<&str>)| (String::from(*name), value.map(String::from));
        Extension { name: name.into(), parameters: parameters.iter().map(owned).collect() }
    }

    #[test]
    fn names_and_parameters() {
        for (element, expected) in [
            ("x", extension("x", &[])),
            ("x-y.z; a", extension("x-y.z", &[("a", None)])),
            ("x;a;B=c;a=\"10\"", extension("x", &[("a", None), ("B", Some("c")), ("a", Some("10"))])),
            ("x ;\ta = 1 ; b", extension("x", &[("a", Some("1")), ("b", None)])),
            ("x; a=\"\\1\\0\"", extension("x", &[("a", Some("10"))])),
        ] {
            assert_eq!(Extension::parse(element), Some(expected), "{element}");
        }
    }

    #[test]
    fn what_is_none() {
        for element in [
            "",
            ";",
            "x;",
            "x;;a",
            "x y",
            "x; a b",
            "x; a=",
            "x; =1",
            "x; a=\"\"",
            "x; a=\"b c\"",
            "x; a=\"b",
            "x; a=b\"",
            "x; a=\"b\"c",
            "x; a=\"b\\\"",
            "x; a=b=c",
            "x=1",
            "é",
            "x; a=\"b;c\"",
        ] {
            assert_eq!(Extension::parse(element), None, "{element}");
        }
    }
}
