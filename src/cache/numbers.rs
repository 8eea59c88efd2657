//! The numbers in a prompt, in digits or words.

use super::words::Word;

/// The numbers of a prompt, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// In digits somewhere in the text.
    digits: Vec<String>,
    /// In words: "three", "half", "dozen".
    words: Vec<String>,
    /// How often "one", "first", "once" or "single" is said; they may stand
    /// for a 1 but need not.
    ones: usize,
}

/// How numbers differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    /// A number in digits has no partner.
    pub(super) in_digits: bool,
    /// A number in words has no partner.
    pub(super) in_words: bool,
}

impl Numbers {
    /// Finds the numbers.
    pub(super) fn of(words: &[Word]) -> Self {
        let mut numbers = Self::default();
        for word in words {
            if word.text.bytes().any(|b| b.is_ascii_digit()) {
                numbers.add_digits(&word.text);
            } else if let Some(value) = value(&word.text) {
                numbers.words.push(value.to_owned());
            } else if matches!(word.text.as_str(), "one" | "first" | "once" | "single") {
                numbers.ones += 1;
            }
        }
        numbers.digits.sort_unstable();
        numbers.words.sort_unstable();
        numbers
    }

    /// Tells whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.digits.is_empty() && self.words.is_empty()
    }

    /// Compares; "three", "3" and "3rd" are one number.
    pub(super) fn differ(&self, other: &Self) -> Difference {
        let (digits, words) = self.without(other);
        let (other_digits, other_words) = other.without(self);
        Difference {
            in_digits: digits || other_digits,
            in_words: words || other_words,
        }
    }

    /// Tells whether a number, in digits or in words, is not among `other`'s.
    fn without(&self, other: &Self) -> (bool, bool) {
        let mut theirs: Vec<&String> = other.digits.iter().chain(&other.words).collect();
        let mut ones = other.ones;
        let mut lacks = |number: &String| {
            if let Some(at) = theirs.iter().position(|other| *other == number) {
                theirs.swap_remove(at);
                return false;
            }
            if number == "1" && ones > 0 {
                ones -= 1;
                return false;
            }
            true
        };
        let digits = self.digits.iter().filter(|number| lacks(number)).count();
        let words = self.words.iter().filter(|number| lacks(number)).count();
        (digits > 0, words > 0)
    }

    fn add_digits(&mut self, word: &str) {
        let mut number = String::new();
        for c in word.chars().chain([' ']) {
            match c {
                '0'..='9' | '.' => number.push(c),
                ',' => {}
                _ => {
                    if !number.is_empty() {
                        self.digits.push(std::mem::take(&mut number));
                    }
                }
            }
        }
    }
}

fn value(word: &str) -> Option<&'static str> {
    Some(match word {
        "zero" => "0",
        "two" | "twice" => "2",
        "three" | "third" | "thirds" | "thrice" => "3",
        "four" | "fourth" => "4",
        "five" | "fifth" => "5",
        "six" | "sixth" => "6",
        "seven" | "seventh" => "7",
        "eight" | "eighth" => "8",
        "nine" | "ninth" => "9",
        "ten" | "tenth" => "10",
        "eleven" | "eleventh" => "11",
        "twelve" | "twelfth" => "12",
        "thirteen" => "13",
        "fourteen" => "14",
        "fifteen" => "15",
        "sixteen" => "16",
        "seventeen" => "17",
        "eighteen" => "18",
        "nineteen" => "19",
        "twenty" | "twentieth" => "20",
        "thirty" => "30",
        "forty" => "40",
        "fifty" => "50",
        "sixty" => "60",
        "seventy" => "70",
        "eighty" => "80",
        "ninety" => "90",
        "hundred" | "hundreds" => "100",
        "thousand" | "thousands" => "1000",
        "million" | "millions" => "1000000",
        "billion" | "billions" => "1000000000",
        "trillion" => "1000000000000",
        "half" => "half",
        "quarter" => "quarter",
        "double" => "double",
        "triple" => "triple",
        "dozen" => "dozen",
        "couple" => "couple",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    fn differ(a: &str, b: &str) -> bool {
        let difference = Numbers::of(&split(a)).differ(&Numbers::of(&split(b)));
        difference.in_digits || difference.in_words
    }

    #[test]
    fn a_number_is_the_same_in_digits_and_words() {
        assert!(!differ("the third of three", "the 3rd of 3"));
        assert!(!differ("50,000 rupees", "50000 rupees"));
        assert!(!differ("one apple", "1 apple"));
        assert!(!differ("one apple", "an apple"));
        assert!(differ("1 apple", "an apple"));
        assert!(differ("3 apples", "4 apples"));
        assert!(differ("two apples", "apples"));
        assert!(differ("Python 3.1", "Python 3.11"));
        assert!(differ("10 and 10", "10"));
    }
}
