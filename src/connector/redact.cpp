#include "connector/redact.hpp"

#include <algorithm>
#include <vector>

#include "connector/limits.hpp"
#include "wire/http.hpp"

namespace lockstep::connector {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::size_t kPhoneDigits = 7;    // fewer digits are a status code, a year, a count
constexpr std::size_t kOwnDigits = 10;     // in our own texts: fewer may be one of our limits
constexpr std::size_t kTokenBytes = 37;    // a UUID has 36 characters
constexpr std::size_t kShortestValue = 3;  // shorter values of a document hide too much and say too little
constexpr std::size_t kDepth = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Characters that words, addresses and tokens are made of. Bytes above ASCII belong to words.
bool is_word(char c) {
  return is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("@._+-/~").find(c) != std::string_view::npos;
}

bool starts_with_any(std::string_view word, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return word.starts_with(prefix); });
}

bool is_secret(std::string_view word) {
  if (word.find('@') != std::string_view::npos) return true;
  if (starts_with_any(word, {"pit-", "eyJ", "sk-", "sk_", "whsec_"})) return true;
  const bool has_digit = std::ranges::any_of(word, is_digit);
  return word.size() >= kTokenBytes && has_digit;
}

// The length of the phone number that starts at `at`, or 0. Digits with the usual separators between them.
std::size_t phone_at(std::string_view text, std::size_t at, std::size_t digits_least) {
  if (text[at] != '+' && text[at] != '(' && !is_digit(text[at])) return 0;
  if (at > 0 && (is_alpha(text[at - 1]) || is_digit(text[at - 1]))) return 0;
  std::size_t digits = 0;
  std::size_t end = at;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      ++digits;
      end = i + 1;
    } else if (std::string_view("+-. ()/").find(text[i]) == std::string_view::npos) {
      break;
    }
  }
  const bool inside_word = end < text.size() && is_alpha(text[end]);
  return digits >= digits_least && !inside_word ? end - at : 0;
}

// The end of the quoted part that begins at `at`, or npos when there is none: an apostrophe inside a word is no quote.
std::size_t quote_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  if (quote != '"' && quote != '\'' && quote != '`') return std::string_view::npos;
  if (quote == '\'' && at > 0 && is_word(text[at - 1])) return std::string_view::npos;
  return text.find(quote, at + 1);
}

std::string cut(std::string text) {
  if (text.size() <= limits::kRedactedTextBytes) return text;
  std::size_t end = limits::kRedactedTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

enum class Origin {
  outside,  // somebody else's words: what stands in quotes may be a value
  own,      // our words, with names in quotes that a caller has given
};

std::string mask(std::string_view text, Origin origin) {
  const std::size_t phone_digits = origin == Origin::own ? kOwnDigits : kPhoneDigits;
  std::string out;
  bool query = false;  // inside the query of a URL
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end_of_quote = origin == Origin::own ? std::string_view::npos : quote_end(text, i);
    if (end_of_quote != std::string_view::npos) {
      out += text[i];
      out += kHidden;
      out += text[i];
      i = end_of_quote + 1;
      continue;
    }
    if (const std::size_t length = phone_at(text, i, phone_digits); length > 0) {
      out += kHidden;
      i += length;
      continue;
    }
    if (!is_word(text[i])) {
      if (text[i] == '?' && i + 1 < text.size() && is_alpha(text[i + 1])) query = true;
      if (text[i] == ' ') query = false;
      out += text[i];
      if (query && text[i] == '=') {
        std::size_t end = i + 1;
        while (end < text.size() && text[end] != '&' && text[end] != ' ') ++end;
        out += kHidden;
        i = end;
        continue;
      }
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    out += is_secret(word) ? kHidden : word;
    i = end;
    if (wire::equal_without_case(word, "bearer") || wire::equal_without_case(word, "basic")) {
      std::size_t token = i;
      while (token < text.size() && (text[token] == ' ' || text[token] == ':')) ++token;
      std::size_t token_end = token;
      while (token_end < text.size() && text[token_end] != ' ' && text[token_end] != ',') ++token_end;
      if (token > i && token_end - token >= 8) {
        out += ' ';
        out += kHidden;
        i = token_end;
      }
    }
  }
  return out;
}

void collect(const Json& value, std::size_t depth, std::vector<std::string>& out) {
  if (depth > kDepth) return;
  if (const auto* text = value.if_string()) {
    if (text->size() >= kShortestValue) out.emplace_back(text->begin(), text->end());
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) collect(member.value(), depth + 1, out);
  } else if (const auto* array = value.if_array()) {
    for (const Json& item : *array) collect(item, depth + 1, out);
  } else if (value.is_number()) {
    std::string text_form = to_text(value);
    if (text_form.size() >= kShortestValue) out.push_back(std::move(text_form));
  }
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string without_values(std::string text, std::vector<std::string> values) {
  // The longest first, so that a value that contains another goes as a whole.
  std::ranges::sort(values, [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& value : values) {
    const std::string wanted = folded(value);
    std::string low = folded(text);
    for (std::size_t at = low.find(wanted); at != std::string::npos; at = low.find(wanted, at + kHidden.size())) {
      text.replace(at, wanted.size(), kHidden);
      low.replace(at, wanted.size(), kHidden);
    }
  }
  return text;
}

// Text beyond this is cut away before it is looked at, so that the work is bounded.
std::string_view bounded(std::string_view text) { return text.substr(0, 8 * limits::kRedactedTextBytes); }

}  // namespace

std::string redact(std::string_view text) { return cut(mask(bounded(text), Origin::outside)); }

std::string redact_own(std::string_view text) { return mask(bounded(text), Origin::own); }

std::string redact(std::string_view text, const Json& document) {
  std::vector<std::string> values;
  collect(document, 0, values);
  return cut(mask(without_values(std::string(bounded(text)), std::move(values)), Origin::outside));
}

std::string redact_target(std::string_view target) {
  const auto mark = target.find('?');
  std::string out = redact(target.substr(0, mark));
  if (mark == std::string_view::npos) return out;
  char separator = '?';
  for (const auto& [name, value] : wire::parse_target(bounded(target)).query) {
    const bool plain = std::ranges::all_of(
        name, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '[' || c == ']'; });
    out += separator;
    out += plain ? name : std::string(kHidden);
    out += "=" + std::string(kHidden);
    separator = '&';
  }
  return cut(std::move(out));
}

}  // namespace lockstep::connector
