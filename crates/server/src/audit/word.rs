//! A word of an event that a later version may have written.

/// A fixed set of words.
pub trait Vocabulary: Copy + PartialEq {
    /// The word stored and shown.
    fn as_str(self) -> &'static str;

    /// Reads the word.
    fn parse(word: &str) -> Option<Self>;
}

/// A word of the vocabulary `T`, or one that this version does not know: that is shown as it is, and
/// equals nothing known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word<T> {
    /// One of the vocabulary.
    Known(T),
    /// A later version's.
    Other(Box<str>),
}

impl<T: Vocabulary> Word<T> {
    /// Reads a stored word.
    pub fn read(word: String) -> Self {
        match T::parse(&word) {
            Some(known) => Self::Known(known),
            None => Self::Other(word.into()),
        }
    }

    /// The word stored and shown.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => (*known).as_str(),
            Self::Other(word) => word,
        }
    }

    /// The word, if this version knows it.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Other(_) => None,
        }
    }
}

impl<T> From<T> for Word<T> {
    fn from(known: T) -> Self {
        Self::Known(known)
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(known) if known == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ResultCode;

    #[test]
    fn an_unknown_word_is_kept_and_is_nothing_known() {
        let word = Word::<ResultCode>::read("OfTomorrow".to_owned());
        assert_eq!(word.as_str(), "OfTomorrow");
        assert_eq!(word.known(), None);
        assert!(ResultCode::ALL.iter().all(|code| word != *code));
        let known = Word::<ResultCode>::read("Success".to_owned());
        assert_eq!(known, ResultCode::Success);
    }
}
