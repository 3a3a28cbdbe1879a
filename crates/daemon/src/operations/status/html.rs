//! HTML that is written piece by piece: markup is fixed text of the program, everything else is escaped.

/// HTML in the making.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup: only what stands in the program.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, from anywhere; also right within a quoted attribute.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        for c in text.as_ref().chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// A number, its thousands apart.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        let digits = number.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                // A narrow space that does not break.
                self.0.push('\u{202f}');
            }
            self.0.push(digit);
        }
        self
    }

    /// A row of a table, each cell text with its class.
    pub(super) fn row(&mut self, cells: &[(&'static str, &str)]) -> &mut Self {
        self.markup("<tr>");
        for (class, text) in cells {
            self.markup("<td class=\"").markup(class).markup("\">").text(text).markup("</td>");
        }
        self.markup("</tr>\n")
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        let mut html = Html::default();
        html.text("<script>'\"&amp;");
        assert_eq!(html.finish(), "&lt;script&gt;&#39;&quot;&amp;amp;");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, written) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            let mut html = Html::default();
            html.number(number);
            assert_eq!(html.finish().replace('\u{202f}', " "), written);
        }
    }
}
