//! The words of a page: people wrote them for a browser, and they stand between tags, styles and comments.

/// Elements whose content is not shown.
const HIDDEN: [&str; 4] = ["script", "style", "template", "noscript"];
/// Elements that a browser puts into the line of what stands before them.
const INLINE: [&str; 15] =
    ["a", "abbr", "b", "code", "em", "font", "i", "kbd", "small", "span", "strong", "sub", "sup", "tt", "u"];
/// The basic entities; `&amp;` is the last one, so that nothing is decoded twice.
const ENTITIES: [(&str, &str); 7] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];

/// Whether a body is a page, by its media type or how it begins.
pub(super) fn is_html(media_type: Option<&[u8]>, body: &str) -> bool {
    let begins = |start: &str| starts_with(body.trim_start(), start);
    let is_named = media_type.is_some_and(|value| {
        let name = value.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"text/html") || name.eq_ignore_ascii_case(b"application/xhtml+xml")
    });
    is_named || begins("<!doctype html") || begins("<html")
}

/// The text of a page, a line for each block, white space folded. The title comes first, and once. A page that is cut off
/// anywhere gives what there is; what hides everything (a comment without an end) gives none.
pub(super) fn text_of(page: &str) -> Vec<String> {
    let (mut text, mut title) = (String::new(), String::new());
    let (mut rest, mut in_title) = (page, false);
    while let Some(at) = rest.find('<') {
        let out = if in_title { &mut title } else { &mut text };
        out.push_str(&rest[..at].replace(['\n', '\r'], " "));
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = behind(comment, "-->");
            continue;
        }
        let name = element(&rest[1..]);
        if name.is_empty() && !rest[1..].starts_with(['/', '!', '?']) {
            out.push('<'); // It begins no tag.
            rest = &rest[1..];
            continue;
        }
        let is_end = rest.starts_with("</");
        rest = behind_tag(rest);
        if name.eq_ignore_ascii_case("title") {
            in_title = !is_end;
        } else if !is_end && HIDDEN.iter().any(|hidden| name.eq_ignore_ascii_case(hidden)) {
            rest = behind_element(rest, name);
        }
        if !INLINE.iter().any(|inline| name.eq_ignore_ascii_case(inline)) {
            text.push('\n');
        }
    }
    let out = if in_title { &mut title } else { &mut text };
    out.push_str(&rest.replace(['\n', '\r'], " "));
    let title = line(&title);
    let mut lines: Vec<String> = text.split('\n').map(line).filter(|line| *line != title).collect();
    lines.insert(0, title);
    lines.retain(|line| !line.is_empty());
    lines
}

/// White space folded, entities decoded.
fn line(text: &str) -> String {
    let decoded = ENTITIES.into_iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign));
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of the element that a tag, without its `<`, begins or ends.
fn element(tag: &str) -> &str {
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    if tag.starts_with(|c: char| c.is_ascii_alphabetic()) { &tag[..end] } else { "" }
}

/// What follows a tag: a `>` in the quotes of an attribute does not end it.
fn behind_tag(tag: &str) -> &str {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return &tag[at + 1..],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    ""
}

/// What follows the end tag of an element whose content is no markup.
fn behind_element<'a>(content: &'a str, name: &str) -> &'a str {
    let end = content.match_indices("</").find(|(at, _)| element(&content[at + 1..]).eq_ignore_ascii_case(name));
    end.map_or("", |(at, _)| behind_tag(&content[at..]))
}

fn behind<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_type_or_beginning() {
        for (media_type, body, is_page) in [
            (Some("text/html"), "x", true),
            (Some("Text/HTML; charset=utf-8"), "x", true),
            (Some("text/plain"), "  <!DOCTYPE HTML PUBLIC", true),
            (None, "<HTML>", true),
            (Some("application/json"), "{}", false),
            (None, "", false),
            (None, "<htm", false),
        ] {
            assert_eq!(is_html(media_type.map(str::as_bytes), body), is_page, "{media_type:?} {body}");
        }
    }

    #[test]
    fn a_page_of_nginx() {
        let page = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n\
                    <hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n";
        assert_eq!(text_of(page), ["403 Forbidden", "nginx/1.24.0"]);
    }

    #[test]
    fn the_licence_and_style_of_squid_hide_nothing() {
        let page = "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\n<html><head>\n\
                    <meta type=\"copyright\" content=\"Copyright (C) > The Squid Software Foundation\">\n\
                    <style type=\"text/css\"><!--\n /*\n * Copyright */ body :lang(fa) { direction: rtl }\n--></style>\n\
                    <title>ERROR: Access &amp; Denied</title>\n</head><body id=ERR>\n\
                    <!-- a > b\n -->\n<p>The  following\n error was <b>encountered</b>:</p>\n\
                    <blockquote id=\"error\">Access Denied &lt;here&gt;.</blockquote><script>if (a < b) x();</script>\n";
        assert_eq!(
            text_of(page),
            ["ERROR: Access & Denied", "The following error was encountered:", "Access Denied <here>."]
        );
    }

    #[test]
    fn what_is_no_markup_stays() {
        assert_eq!(text_of("a < b <3 &amp;lt; <"), ["a < b <3 &lt; <"]);
        assert_eq!(text_of("<p>one<br/>two<P CLASS='>'>three"), ["one", "two", "three"]);
        assert_eq!(text_of(""), [""; 0]);
        assert_eq!(text_of("<div><img src=x></div>"), [""; 0]);
    }

    #[test]
    fn a_page_may_be_cut_off_anywhere() {
        let page = "<html><title>T\u{fc}</title><style>a</style><!-- c --><p title=\"\u{20ac}\">x &amp; \u{fc}</p>";
        for (at, _) in page.char_indices() {
            let lines = text_of(&page[..at]);
            assert!(lines.len() <= 2, "{at}: {lines:?}");
        }
    }
}
