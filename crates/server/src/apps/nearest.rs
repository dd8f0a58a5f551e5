//! What was probably meant by a word that nobody knows.

use strsim::damerau_levenshtein;

/// The candidate nearest to what was typed, when one is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_few(typed, candidates, 1).into_iter().next()
}

/// The candidates near enough to be what was meant, the nearest first, at most `most`.
pub fn nearest_few<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    // Comparing costs the product of both lengths.
    let typed: String = typed.to_lowercase().chars().take(256).collect();
    let allowed = (typed.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|word| word.len() <= 4 * 256)
        .map(|word| (damerau_levenshtein(&typed, &word.to_lowercase()), word))
        .filter(|(distance, word)| {
            *distance <= allowed || (typed.len() >= 4 && word.ends_with(typed.as_str()))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(most).map(|(_, word)| word).collect()
}

/// The advice that names it; empty when no candidate is near.
pub fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, candidates).map_or_else(String::new, |word| format!("did you mean {word}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_named_only_when_near() {
        let words = ["clock_skew_seconds", "encryption", "sign"];
        assert_eq!(
            nearest("clock_skew_second", words),
            Some("clock_skew_seconds")
        );
        assert_eq!(nearest("Encrypton", words), Some("encryption"));
        assert_eq!(nearest("colour", words), None);
    }
}
